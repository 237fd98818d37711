/** The signed tokens: what clients can decode, and what nobody can forge. */
import { createHmac } from 'node:crypto';
import { CompactSign, SignJWT, UnsecuredJWT } from 'jose';
import t from 'tap';
import { createTokenSigner } from '../../src/security/token-signer.ts';
import { fc } from '../helpers/fast-check.ts';
import { broker, SECRET } from '../helpers/http.ts';

const HOUR_MS = 3_600_000;

t.test(
  'the payload segment never holds - or _, and atob() reads it, whatever a person is called',
  async () => {
    const signer = createTokenSigner(SECRET);
    const now = Date.UTC(2026, 10, 22);
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          userId: fc.string({ minLength: 1 }),
          email: fc.string({ unit: 'binary' }),
          username: fc.oneof(
            fc.string({ unit: 'grapheme' }),
            fc.string({ unit: fc.constantFrom(...'>?~\u007f-_\u00ff\ud83d\ude00') }),
          ),
        }),
        async (person) => {
          const token = await signer.sign({ ...person, use: 'id' }, now, now + HOUR_MS);
          const segment = token.split('.')[1];
          if (/[-_]/.test(segment)) return false;
          const decoded = JSON.parse(atob(segment));
          if (typeof decoded.exp !== 'number') return false;
          const verified = await signer.verify(token, now);
          const { userId, email, username } = person;
          return (
            JSON.stringify(verified) ===
            JSON.stringify({ userId, use: 'id', email, username, expiresAt: now + HOUR_MS })
          );
        },
      ),
      { numRuns: 1_000 },
    );
  },
);

t.test('T25: tokens that are forged, altered, foreign or ended open nothing', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const [header, body, signature] = ada.tokens.id_token.split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString());
  const key = createHmac('sha256', SECRET).update('cloudmr/access-token/1').digest();
  const sign = (changes: object, alg = 'HS256', by = key): Promise<string> =>
    new SignJWT({ ...claims, ...changes }).setProtectedHeader({ alg, typ: 'JWT' }).sign(by);
  const tamper = (changes: object): string =>
    Buffer.from(JSON.stringify({ ...claims, ...changes })).toString('base64url');

  t.equal(
    (await ada.get('/profile', { authorization: `Bearer ${await sign({})}` })).statusCode,
    200,
    'control',
  );
  const vectors: Record<string, string> = {
    'alg none': new UnsecuredJWT(claims).encode(),
    'alg none, signature kept': `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.${signature}`,
    'another secret': await sign({}, 'HS256', createHmac('sha256', 'x').update('y').digest()),
    'the secret itself as key': await sign({}, 'HS256', Buffer.from(SECRET)),
    'HS512 with the right key': await sign({}, 'HS512', Buffer.concat([key, key])),
    'another audience': await sign({ aud: 'somebody-else' }),
    'another issuer': await sign({ iss: 'https://evil.example' }),
    'no audience': await sign({ aud: undefined }),
    ended: await sign({ exp: Math.floor(b.clock() / 1000) - 1 }),
    'no end': await sign({ exp: undefined }),
    'not yet valid': await sign({ nbf: Math.floor(b.clock() / 1000) + 600 }),
    nobody: await sign({ sub: undefined }),
    'an unknown person': await sign({ sub: '01M80D0N0000000000000000ZZ' }),
    'another use': await sign({ token_use: 'refresh' }),
    'altered payload': `${header}.${tamper({ sub: 'someone' })}.${signature}`,
    'payload that is no JSON': await new CompactSign(Buffer.from('hello'))
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .sign(key),
    'another type': await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' }).sign(key),
    'no signature': `${header}.${body}.`,
    'two segments': `${header}.${body}`,
    'refresh token': ada.tokens.refresh_token,
    empty: '',
  };
  for (const [name, token] of Object.entries(vectors)) {
    const answer = await ada.get('/profile', { authorization: `Bearer ${token}` });
    t.equal(answer.statusCode, 401, name);
    t.equal(answer.json().code, 'not_signed_in', name);
  }
  for (const authorization of ['', 'Basic YTpi', ada.tokens.id_token, `Token ${ada.tokens.id_token}`]) {
    t.equal((await ada.get('/profile', { authorization })).statusCode, 401, authorization.slice(0, 10));
  }
  b.pass(HOUR_MS + 1_000);
  t.equal((await ada.get('/profile')).statusCode, 401, 'an hour later');
});
