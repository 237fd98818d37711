/** Sign in. */
import { useState } from 'preact/hooks';
import { Link } from '../../lib/router.tsx';
import { signIn } from '../../lib/session.ts';
import { useAct } from '../../lib/use.ts';
import { TextField } from '../../ui/fields.tsx';
import { Problem } from '../../ui/parts.tsx';
import { Outside } from './outside.tsx';

export function SignIn({ onSignedIn }: { onSignedIn: () => void }) {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const open = useAct(async () => {
    await signIn(email.trim(), password);
    onSignedIn();
  });
  return (
    <Outside
      title="Sign in"
      lead="Measure the signal-to-noise ratio of raw MR data, on the platform or in your own account."
    >
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void open.run();
        }}
      >
        <TextField
          label="E-mail address"
          type="email"
          autocomplete="username"
          required
          value={email}
          onValue={setEmail}
        />
        <TextField
          label="Password"
          type="password"
          autocomplete="current-password"
          required
          value={password}
          onValue={setPassword}
        />
        <Problem error={open.error} />
        <button type="submit" class="primary" disabled={open.busy}>
          {open.busy ? 'Signing in …' : 'Sign in'}
        </button>
        <div class="row row-between">
          <Link to="/register">Ask for an account</Link>
          <Link to="/forgotten">Forgotten password</Link>
        </div>
      </form>
    </Outside>
  );
}
