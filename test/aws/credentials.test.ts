/** The broker's own credentials: from the named address only, renewed in time, shared by all clients. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { createRenewing } from '../../src/aws/accounts/renewing.ts';
import { createBaseCredentials } from '../../src/aws/credentials.ts';

const HOUR = 3_600_000;

/** An ECS-style credentials endpoint that counts and remembers what it was asked. */
async function startEndpoint(t: { teardown(fn: () => void): unknown }, clock: () => number) {
  const asked: { authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    asked.push({ authorization: request.headers.authorization });
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        AccessKeyId: `ASIA${asked.length}`,
        SecretAccessKey: 'secret',
        Token: `token-${asked.length}`,
        Expiration: new Date(clock() + HOUR).toISOString(),
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { asked, uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/role` };
}

t.test('one request per renewal, with the token, by the injected clock', async (t) => {
  let now = Date.now();
  const { asked, uri } = await startEndpoint(t, () => now);
  const provider = createBaseCredentials({ kind: 'container', uri, token: 'container token' }, () => now);
  const together = await Promise.all(Array.from({ length: 20 }, () => provider()));
  t.equal(new Set(together).size, 1);
  t.match(together[0], { accessKeyId: 'ASIA1', sessionToken: 'token-1' });
  t.same(asked, [{ authorization: 'container token' }]);
  now += 54 * 60_000;
  t.equal((await provider()).accessKeyId, 'ASIA1');
  now += 2 * 60_000;
  t.equal((await provider()).accessKeyId, 'ASIA2', 'five minutes before the end');
  t.equal((await provider({ forceRefresh: true })).accessKeyId, 'ASIA3', 'and when AWS has refused them');
});

t.test('variables of the machine do not lead elsewhere', async (t) => {
  const { asked, uri } = await startEndpoint(t, Date.now);
  const elsewhere = await startEndpoint(t, Date.now);
  t.intercept(process, 'env', {
    value: {
      ...process.env,
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/elsewhere',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: elsewhere.uri,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'elsewhere',
      AWS_ACCESS_KEY_ID: 'AKIAREAL',
      AWS_SECRET_ACCESS_KEY: 'real',
    },
  });
  const provider = createBaseCredentials({ kind: 'container', uri }, Date.now);
  t.equal((await provider()).accessKeyId, 'ASIA1');
  t.equal(asked.length, 1);
  t.same(asked[0], { authorization: undefined });
  t.equal(elsewhere.asked.length, 0);
});

t.test('an address that is neither loopback nor a container host nor https is refused', async (t) => {
  const provider = createBaseCredentials({ kind: 'container', uri: 'http://example.org/role' }, Date.now);
  await t.rejects(provider(), { name: 'CredentialsProviderError' });
});

t.test('a failure reaches everybody who waits, and the next one tries again', async (t) => {
  let runs = 0;
  const renewing = createRenewing({
    obtain: async () => {
      await new Promise(setImmediate);
      if (++runs === 1) throw new Error('no answer');
      return { expiresAt: Number.POSITIVE_INFINITY };
    },
    clock: () => 0,
    marginMs: 1,
  });
  const settled = await Promise.allSettled([renewing.get(), renewing.get()]);
  t.same(
    settled.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  t.ok(await renewing.get());
  t.equal(runs, 2);
});

t.test('dropping an old value keeps the new one', async (t) => {
  let made = 0;
  const refusals: boolean[] = [];
  const renewing = createRenewing({
    obtain: async (refused) => {
      refusals.push(refused);
      return { made: ++made, expiresAt: Number.POSITIVE_INFINITY };
    },
    clock: () => 0,
    marginMs: 1,
  });
  const first = await renewing.get();
  renewing.drop(first);
  const second = await renewing.get();
  renewing.drop(first);
  t.equal(await renewing.get(), second);
  t.same(refusals, [false, true], 'the source is told that its value was refused');
});
