/** A broker as it is started: foreign sign-in by configuration, a password reset, a pipeline's token, a deletion. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { startBroker } from '../../infra/local/demo/broker-process.ts';
import { startIssuer } from '../helpers/issuer.ts';

const AUDIENCE = 'cloudmr-client';

/** What this test reads of answers. */
interface Body {
  id_token: string;
  token: string;
  code: string;
  users: { userId: string }[];
}

t.test('people of the configured issuer, from the first visit to the last', async (t) => {
  const issuer = await startIssuer(t);
  const dataDir = mkdtempSync(join(tmpdir(), 'cloudmr-identity-'));
  const environment = { OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: AUDIENCE };
  const broker = await startBroker({ dataDir, environment });
  t.teardown(async () => {
    await broker.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const ask = async (method: string, path: string, token?: string, body?: object) => {
    const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
    if (body) headers['content-type'] = 'application/json';
    const answer = await fetch(`${broker.url}/api${path}`, {
      method,
      headers,
      body: body && JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as Body };
  };
  const signIn = (email: string, password: string) =>
    ask('POST', '/auth/login', undefined, { email, password });
  const admin = (await signIn('admin@localhost', broker.adminPassword ?? '')).body.id_token;

  const seconds = Math.floor(Date.now() / 1000);
  const grace = await issuer.sign({
    iss: issuer.url,
    aud: AUDIENCE,
    sub: 'grace',
    iat: seconds,
    exp: seconds + 600,
    email: 'grace@example.org',
    email_verified: true,
  });
  t.equal((await ask('GET', '/profile', grace)).body.code, 'not_approved');
  const [{ userId }] = (await ask('GET', '/admin/users?status=waiting', admin)).body.users;
  t.equal((await ask('POST', `/admin/users/${userId}/approve`, admin)).status, 200);
  t.match((await ask('GET', '/profile', grace)).body, { userId, email: 'grace@example.org' });
  t.equal((await ask('GET', '/profile', `${grace}x`)).status, 401);

  const { code } = (await ask('POST', `/admin/users/${userId}/reset-code`, admin)).body;
  const reset = { email: 'grace@example.org', code, newPassword: 'Correct-horse.7' };
  t.equal((await ask('POST', '/auth/reset-password', undefined, reset)).status, 200);
  const byPassword = (await signIn('grace@example.org', 'Correct-horse.7')).body.id_token;
  const wish = { name: 'pipeline', scopes: ['jobs:read'] };
  const { token } = (await ask('POST', '/profile/tokens', byPassword, wish)).body;
  t.equal((await ask('GET', '/job', token)).status, 200);
  t.equal((await ask('GET', '/profile', token)).status, 403);

  t.equal((await ask('DELETE', `/admin/users/${userId}`, admin)).status, 200);
  for (const dead of [grace, byPassword, token]) t.equal((await ask('GET', '/job', dead)).status, 401);
  t.equal((await ask('GET', '/admin/health', admin)).status, 200);
  t.equal((await fetch(`${broker.url}/ready`)).status, 200, 'all loops run');
});
