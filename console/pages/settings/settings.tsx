/** The person: profile, password, personal access tokens, what was done in their name. */
import { useState } from 'preact/hooks';
import { api, data } from '../../lib/api.ts';
import { useAct, useResource } from '../../lib/use.ts';
import { TextField } from '../../ui/fields.tsx';
import { Loading, Notice, PageHead, Problem } from '../../ui/parts.tsx';
import { PASSWORD_HINT } from '../account/register.tsx';
import { AuditCard } from './audit.tsx';
import { Tokens } from './tokens.tsx';

const NAMES = [
  ['firstName', 'First name'],
  ['lastName', 'Last name'],
  ['institution', 'Institution'],
  ['title', 'Title'],
] as const;

export function SettingsPage() {
  return (
    <>
      <PageHead title="Settings" />
      <div class="stack">
        <div class="halves">
          <ProfileCard />
          <PasswordCard />
        </div>
        <Tokens />
        <AuditCard />
      </div>
    </>
  );
}

function ProfileCard() {
  const profile = useResource(() => data(api.GET('/api/profile')), []);
  const [changed, setChanged] = useState<Partial<Record<(typeof NAMES)[number][0], string>>>({});
  const save = useAct(async () => {
    await data(api.PATCH('/api/profile', { body: changed }));
    setChanged({});
    await profile.reload();
  });
  if (!profile.data)
    return profile.error ? <Problem error={profile.error} /> : <Loading what="your profile" />;
  const now = profile.data;
  return (
    <section class="card" aria-labelledby="profile">
      <h2 id="profile">Profile</h2>
      <p class="soft">
        {now.email} · {now.level}
      </p>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void save.run();
        }}
      >
        <div class="field-row">
          {NAMES.map(([name, label]) => (
            <TextField
              key={name}
              label={label}
              maxLength={100}
              value={changed[name] ?? now[name] ?? ''}
              onValue={(value) => setChanged({ ...changed, [name]: value })}
            />
          ))}
        </div>
        <Problem error={save.error} />
        <button type="submit" disabled={save.busy || Object.keys(changed).length === 0}>
          Save
        </button>
      </form>
    </section>
  );
}

function PasswordCard() {
  const [oldPassword, setOld] = useState('');
  const [newPassword, setNew] = useState('');
  const [done, setDone] = useState(false);
  const change = useAct(async () => {
    await data(api.POST('/api/auth/change-password', { body: { oldPassword, newPassword } }));
    setDone(true);
  });
  return (
    <section class="card" aria-labelledby="password">
      <h2 id="password">Password</h2>
      {done ? (
        <Notice tone="good">
          <p>Changed. All sessions end now, also this one: sign in with the new password.</p>
        </Notice>
      ) : (
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void change.run();
          }}
        >
          <TextField
            label="Password now"
            type="password"
            autocomplete="current-password"
            required
            value={oldPassword}
            onValue={setOld}
          />
          <TextField
            label="New password"
            type="password"
            autocomplete="new-password"
            required
            hint={PASSWORD_HINT}
            value={newPassword}
            onValue={setNew}
          />
          <Problem error={change.error} />
          <button type="submit" disabled={change.busy}>
            Change the password
          </button>
        </form>
      )}
    </section>
  );
}
