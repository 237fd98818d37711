/** Personal access tokens: for scripts and pipelines, with exactly the scopes they need. */
import { useState } from 'preact/hooks';
import { api, data } from '../../lib/api.ts';
import { when } from '../../lib/format.ts';
import { useAct, useResource } from '../../lib/use.ts';
import { CheckField, NumberField, TextField } from '../../ui/fields.tsx';
import { ConfirmButton, Copyable, Notice, Problem } from '../../ui/parts.tsx';

const SCOPES = [
  ['jobs:read', 'See jobs and results'],
  ['jobs:write', 'Submit, cancel and delete jobs'],
  ['data:read', 'See and download files'],
  ['data:write', 'Upload and delete files'],
  ['units:read', 'See computing units'],
  ['units:write', 'Register and change computing units'],
  ['webhooks:write', 'Manage webhooks'],
  ['audit:read', 'Read the audit trail'],
  ['profile:read', 'See the profile'],
] as const;
type Scope = (typeof SCOPES)[number][0];

export function Tokens() {
  const tokens = useResource(
    () => data(api.GET('/api/profile/tokens', { params: { query: { limit: 50 } } })),
    [],
  );
  const [name, setName] = useState('');
  const [days, setDays] = useState<number | undefined>(90);
  const [scopes, setScopes] = useState<readonly Scope[]>(['jobs:read', 'jobs:write', 'data:write']);
  const [made, setMade] = useState<string>();
  const make = useAct(async () => {
    const body = { name: name.trim(), scopes: [...scopes], expiresInDays: days ?? 90 };
    const { token } = await data(api.POST('/api/profile/tokens', { body }));
    setMade(token);
    setName('');
    await tokens.reload();
  });
  const revoke = useAct(async (tokenId: string) => {
    await data(api.DELETE('/api/profile/tokens/{tokenId}', { params: { path: { tokenId } } }));
    await tokens.reload();
  });
  return (
    <section class="card" aria-labelledby="tokens">
      <h2 id="tokens">Personal access tokens</h2>
      <p class="soft">
        For scripts, the command line and pipelines. Each may do what you tick, and nothing else.
      </p>
      {made && (
        <Notice tone="good">
          <p>
            <strong>This is the token. It is shown this once.</strong>
          </p>
          <Copyable label="token" text={made} />
        </Notice>
      )}
      {(tokens.data?.tokens ?? []).map((token) => (
        <div key={token.tokenId} class="row row-between">
          <span class="wrap">
            <strong>{token.name}</strong>{' '}
            <span class="soft small">
              …{token.hint} · {token.scopes.join(', ')} · until {when(token.expiresAt)}
              {token.lastUsedAt ? ` · last used ${when(token.lastUsedAt)}` : ' · never used'}
            </span>
          </span>
          <ConfirmButton
            class="tight danger"
            question={`Revoke “${token.name}”?`}
            consequence="Whatever uses it is refused at once."
            confirm="Revoke the token"
            onConfirm={() => void revoke.run(token.tokenId)}
          >
            Revoke
          </ConfirmButton>
        </div>
      ))}
      <h3>A new token</h3>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void make.run();
        }}
      >
        <div class="field-row">
          <TextField label="What it is for" required maxLength={100} value={name} onValue={setName} />
          <NumberField label="Good for (days)" min={1} max={366} step={1} value={days} onValue={setDays} />
        </div>
        <fieldset>
          <legend>It may</legend>
          <div class="choices">
            {SCOPES.map(([scope, label]) => (
              <CheckField
                key={scope}
                label={label}
                checked={scopes.includes(scope)}
                onValue={(on) => setScopes(on ? [...scopes, scope] : scopes.filter((one) => one !== scope))}
              />
            ))}
          </div>
        </fieldset>
        <Problem error={tokens.error ?? make.error ?? revoke.error} />
        <div class="row">
          <button type="submit" disabled={make.busy || scopes.length === 0}>
            Make a token
          </button>
        </div>
      </form>
    </section>
  );
}
