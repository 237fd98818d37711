/** Ask for an account. */
import { useState } from 'preact/hooks';
import { data, openApi } from '../../lib/api.ts';
import { Link } from '../../lib/router.tsx';
import { useAct } from '../../lib/use.ts';
import { TextField } from '../../ui/fields.tsx';
import { Notice, Problem } from '../../ui/parts.tsx';
import { Outside } from './outside.tsx';

export const PASSWORD_HINT =
  'At least 8 characters, with a digit, an upper-case, a lower-case and a special character.';

export function Register() {
  const [form, setForm] = useState({ firstName: '', lastName: '', institution: '', email: '', password: '' });
  const [done, setDone] = useState(false);
  const put = (name: keyof typeof form) => (value: string) => setForm({ ...form, [name]: value });
  const ask = useAct(async () => {
    await data(openApi.POST('/api/auth/register', { body: { ...form, username: form.email.split('@')[0] } }));
    setDone(true);
  });
  if (done) {
    return (
      <Outside title="Your account waits">
        <Notice tone="good">
          <p>An administrator of the platform has to approve it. Then you can sign in with {form.email}.</p>
        </Notice>
        <Link to="/">Back to sign in</Link>
      </Outside>
    );
  }
  return (
    <Outside title="Ask for an account">
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void ask.run();
        }}
      >
        <div class="field-row">
          <TextField
            label="First name"
            autocomplete="given-name"
            value={form.firstName}
            onValue={put('firstName')}
          />
          <TextField
            label="Last name"
            autocomplete="family-name"
            value={form.lastName}
            onValue={put('lastName')}
          />
        </div>
        <TextField
          label="Institution"
          autocomplete="organization"
          value={form.institution}
          onValue={put('institution')}
        />
        <TextField
          label="E-mail address"
          type="email"
          autocomplete="username"
          required
          value={form.email}
          onValue={put('email')}
        />
        <TextField
          label="Password"
          type="password"
          autocomplete="new-password"
          required
          minLength={8}
          hint={PASSWORD_HINT}
          value={form.password}
          onValue={put('password')}
        />
        <Problem error={ask.error} />
        <button type="submit" class="primary" disabled={ask.busy}>
          Ask for an account
        </button>
        <Link to="/">Back to sign in</Link>
      </form>
    </Outside>
  );
}
