/** People: who waits for approval, who has forgotten a password, who may do what. */
import { useState } from 'preact/hooks';
import { api, data } from '../../lib/api.ts';
import { when } from '../../lib/format.ts';
import { useMe } from '../../lib/me.ts';
import { useAct, useResource } from '../../lib/use.ts';
import { SelectField } from '../../ui/fields.tsx';
import { Badge, ConfirmButton, Copyable, Loading, Notice, Problem } from '../../ui/parts.tsx';
import { Pager } from '../jobs/list.tsx';
import { Admin } from './admin.tsx';

const PAGE = 25;
const FILTERS = [
  ['', 'Everybody'],
  ['waiting', 'Waiting for approval'],
  ['active', 'Active'],
  ['disabled', 'Disabled'],
  ['reset', 'Waiting for a reset code'],
] as const;
type Filter = (typeof FILTERS)[number][0];
const TONES = { waiting: 'warn', active: 'good', disabled: 'bad', deleted: 'bad' } as const;

export function People() {
  const [filter, setFilter] = useState<Filter>('');
  const [cursors, setCursors] = useState<(string | undefined)[]>([undefined]);
  const cursor = cursors.at(-1);
  const people = useResource(() => {
    const status = filter === '' || filter === 'reset' ? undefined : filter;
    const resetRequested = filter === 'reset' ? ('true' as const) : undefined;
    return data(
      api.GET('/api/admin/users', { params: { query: { limit: PAGE, cursor, status, resetRequested } } }),
    );
  }, [filter, cursor]);
  return (
    <Admin>
      <div class="filter">
        <SelectField
          label="Show"
          value={filter}
          options={FILTERS}
          onValue={(next) => {
            setFilter(next);
            setCursors([undefined]);
          }}
        />
      </div>
      <Problem error={people.error} />
      {!people.data && !people.error && <Loading what="people" />}
      {people.data?.users.map((user) => (
        <Person key={user.userId} user={user} onChange={() => void people.reload()} />
      ))}
      {people.data?.users.length === 0 && <div class="card empty">Nobody.</div>}
      <Pager
        first={cursors.length === 1}
        last={!people.data?.cursor}
        onBack={() => setCursors(cursors.slice(0, -1))}
        onNext={() => setCursors([...cursors, people.data?.cursor ?? undefined])}
      />
    </Admin>
  );
}

interface User {
  userId: string;
  name: string;
  email: string;
  institution?: string;
  level: 'user' | 'developer' | 'admin';
  status: keyof typeof TONES;
  createdAt: string;
  resetRequestedAt?: string;
}

function Person({ user, onChange }: { user: User; onChange: () => void }) {
  const me = useMe();
  const path = { params: { path: { userId: user.userId } } };
  const [code, setCode] = useState<string>();
  const approve = useAct(async () => {
    await data(api.POST('/api/admin/users/{userId}/approve', path));
    onChange();
  });
  const disable = useAct(async () => {
    await data(api.POST('/api/admin/users/{userId}/disable', path));
    onChange();
  });
  const remove = useAct(async () => {
    await data(api.DELETE('/api/admin/users/{userId}', path));
    onChange();
  });
  const reset = useAct(async () => {
    setCode((await data(api.POST('/api/admin/users/{userId}/reset-code', path))).code);
  });
  const role = useAct(async (next: User['level']) => {
    await data(api.PUT('/api/admin/users/{userId}/role', { ...path, body: { role: next } }));
    onChange();
  });
  const isMe = user.userId === me.userId;
  return (
    <section class="card card-plain" aria-label={user.email}>
      <div class="row row-between">
        <span class="wrap">
          <strong>{user.name}</strong>{' '}
          <span class="soft">
            {user.email}
            {user.institution && ` · ${user.institution}`} · {when(user.createdAt)}
          </span>
        </span>
        <Badge tone={TONES[user.status]}>{user.status}</Badge>
      </div>
      {user.resetRequestedAt && (
        <Notice tone="warn">Waits for a reset code since {when(user.resetRequestedAt)}.</Notice>
      )}
      {code && (
        <Notice tone="good">
          <p>Tell this code to the person on a way you trust; it is shown this once.</p>
          <Copyable label="reset code" text={code} />
        </Notice>
      )}
      <Problem error={approve.error ?? disable.error ?? remove.error ?? reset.error ?? role.error} />
      {!isMe && user.status !== 'deleted' && (
        <div class="row">
          {user.status !== 'active' && (
            <button
              type="button"
              class="primary tight"
              disabled={approve.busy}
              onClick={() => void approve.run()}
            >
              Approve
            </button>
          )}
          <label class="row small">
            Role
            <select
              class="inline"
              value={user.level}
              onChange={(event) => void role.run(event.currentTarget.value as User['level'])}
            >
              <option value="user">user</option>
              <option value="developer">developer</option>
              <option value="admin">admin</option>
            </select>
          </label>
          <button type="button" class="tight" disabled={reset.busy} onClick={() => void reset.run()}>
            Reset code
          </button>
          {user.status === 'active' && (
            <ConfirmButton
              class="tight danger"
              question={`Shut ${user.email} out?`}
              consequence="All tokens of this person are dead at once. Jobs under way come to their end."
              confirm="Disable the account"
              onConfirm={() => void disable.run()}
            >
              Disable
            </ConfirmButton>
          )}
          <ConfirmButton
            class="tight danger"
            question={`Delete ${user.email}?`}
            consequence="Personal data, tokens, webhooks and computing units go, for good."
            confirm="Delete the account"
            onConfirm={() => void remove.run()}
          >
            Delete
          </ConfirmButton>
        </div>
      )}
    </section>
  );
}
