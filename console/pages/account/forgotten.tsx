/** A forgotten password: ask for help, then set a new one with the code. */
import { useState } from 'preact/hooks';
import { data, openApi } from '../../lib/api.ts';
import { Link, usePlace } from '../../lib/router.tsx';
import { useAct } from '../../lib/use.ts';
import { TextField } from '../../ui/fields.tsx';
import { Notice, Problem } from '../../ui/parts.tsx';
import { Outside } from './outside.tsx';
import { PASSWORD_HINT } from './register.tsx';

export function Forgotten() {
  const { query } = usePlace();
  const [email, setEmail] = useState(query.get('email') ?? '');
  const [code, setCode] = useState('');
  const [password, setPassword] = useState('');
  const [step, setStep] = useState<'ask' | 'set' | 'done'>(query.has('email') ? 'set' : 'ask');
  const ask = useAct(async () => {
    await data(openApi.POST('/api/auth/forgot-password', { body: { email } }));
    setStep('set');
  });
  const set = useAct(async () => {
    await data(
      openApi.POST('/api/auth/reset-password', { body: { email, code: code.trim(), newPassword: password } }),
    );
    setStep('done');
  });

  if (step === 'done') {
    return (
      <Outside title="New password set">
        <Notice tone="good">
          <p>All sessions of the account have ended. Sign in with the new password.</p>
        </Notice>
        <Link to="/">Sign in</Link>
      </Outside>
    );
  }
  return (
    <Outside title="Forgotten password">
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void (step === 'ask' ? ask : set).run();
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
        {step === 'set' && (
          <>
            <Notice>
              <p>
                If there is such an account, its reset code is on the way: by e-mail, or from an
                administrator. It is good once.
              </p>
            </Notice>
            <TextField
              label="Reset code"
              autocomplete="one-time-code"
              required
              value={code}
              onValue={setCode}
            />
            <TextField
              label="New password"
              type="password"
              autocomplete="new-password"
              required
              hint={PASSWORD_HINT}
              value={password}
              onValue={setPassword}
            />
          </>
        )}
        <Problem error={ask.error ?? set.error} />
        <button type="submit" class="primary" disabled={ask.busy || set.busy}>
          {step === 'ask' ? 'Ask for a reset code' : 'Set the new password'}
        </button>
        <div class="row row-between">
          <Link to="/">Back to sign in</Link>
          {step === 'ask' && (
            <button type="button" class="link" onClick={() => setStep('set')}>
              I have a code
            </button>
          )}
        </div>
      </form>
    </Outside>
  );
}
