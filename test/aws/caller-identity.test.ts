/** T8, T9: only a signature over exactly the broker's own request shows who somebody is. */
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { signRequest } from '../../infra/local/sigv4/sign.ts';
import { ProofError, type SignedIdentity } from '../../services/units/ports.ts';
import { readCallerAnswer } from '../../src/aws/accounts/caller-answer.ts';
import { createCallerIdentities } from '../../src/aws/accounts/caller-identity.ts';
import { stsUrl } from '../../src/aws/accounts/sts-hosts.ts';
import { HUB, REGION, RESEARCHER, startTestCloud } from '../helpers/cloud.ts';
import { fc } from '../helpers/fast-check.ts';

const cloud = await startTestCloud(t);
const { endpoint, clock } = cloud;
const callers = createCallerIdentities({ endpoint, partition: 'aws', region: REGION, clock });
const CHALLENGE = `arn:aws:iam::${HUB}:role/CloudMRBrainRole;${'a'.repeat(64)}`;
type Overrides = {
  headers?: Record<string, string>;
  body?: string;
  region?: string;
  service?: string;
  url?: string;
  method?: string;
  clock?: () => number;
};

function sign(over: Overrides = {}, accountId = RESEARCHER, sessionToken?: string): SignedIdentity {
  const request = callers.requestFor(CHALLENGE);
  const url = new URL(over.url ?? request.url);
  const headers = signRequest(
    {
      method: over.method ?? request.method,
      url,
      headers: over.headers ?? request.headers,
      body: over.body ?? request.body,
    },
    {
      credentials: { ...cloud.cloud.rootCredentials(accountId), sessionToken },
      service: over.service ?? 'sts',
      region: over.region ?? REGION,
      clock: over.clock ?? clock,
    },
  );
  return {
    authorization: headers['authorization'],
    amzDate: headers['x-amz-date'],
    securityToken: headers['x-amz-security-token'],
    challenge: headers['x-cloudmr-challenge'] ?? CHALLENGE,
  };
}

t.test('a signature over the request of the challenge names its account', async (t) => {
  t.same(await callers.callerOf(sign()), { accountId: RESEARCHER, arn: `arn:aws:iam::${RESEARCHER}:root` });
  t.same(await callers.callerOf(sign({}, HUB)), { accountId: HUB, arn: `arn:aws:iam::${HUB}:root` });
  t.match(callers.requestFor(CHALLENGE), {
    method: 'POST',
    body: 'Action=GetCallerIdentity&Version=2011-06-15',
    headers: { 'x-cloudmr-challenge': CHALLENGE },
  });
});

t.test('whatever else was signed is refused', async (t) => {
  const { headers } = callers.requestFor(CHALLENGE);
  const without = ({ 'x-cloudmr-challenge': _, ...rest }: Record<string, string>): Record<string, string> =>
    rest;
  const cases: Record<string, SignedIdentity> = {
    'another action': sign({ body: 'Action=AssumeRole&Version=2011-06-15' }),
    'another action besides': sign({ body: 'Action=GetCallerIdentity&Version=2011-06-15&Action=AssumeRole' }),
    'a GET': sign({ method: 'GET' }),
    'a query': sign({ url: `${endpoint}/?Action=GetSessionToken` }),
    'another path': sign({ url: `${endpoint}/role` }),
    'another host': sign({ url: 'https://attacker.example/' }),
    'another service': sign({ service: 's3' }),
    'a region that STS does not have': sign({ region: 'mars-east-1' }),
    'a region of another partition': sign({ region: 'cn-north-1' }),
    'no challenge': sign({ headers: without(headers) }),
    'another challenge': { ...sign(), challenge: `${CHALLENGE}0` },
    'a header more': sign({ headers: { ...headers, 'x-evil': '1' } }),
    'another content type': sign({ headers: { ...headers, 'content-type': 'application/json' } }),
    'a content type that asks for JSON': sign({ headers: { ...headers, accept: 'application/json' } }),
    'six minutes ago': sign({ clock: () => clock() - 6 * 60_000 }),
    'in six minutes': sign({ clock: () => clock() + 6 * 60_000 }),
    'another date than in the scope': { ...sign(), amzDate: '20200101T000000Z' },
    'a session token that was not signed': { ...sign(), securityToken: 'abc' },
    'a session token of nobody': sign({}, RESEARCHER, 'bm9ib2R5'),
    'a line break in the token': sign({}, RESEARCHER, 'a\r\nhost: evil'),
    'a date with a line break': { ...sign(), amzDate: `${sign().amzDate}\r\nx: y` },
    nothing: { ...sign(), authorization: '' },
    'two signatures': { ...sign(), authorization: `${sign().authorization}, ${sign().authorization}` },
    'headers signed twice': {
      ...sign(),
      authorization: sign().authorization.replace('host;', 'host;host;'),
    },
  };
  for (const [name, signed] of Object.entries(cases)) {
    await t.rejects(callers.callerOf(signed), { name: 'ProofError' }, name);
  }
});

t.test('every single changed character of a signature is refused', async (t) => {
  const good = sign();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('authorization', 'amzDate', 'challenge') as fc.Arbitrary<keyof SignedIdentity>,
      fc.nat(),
      fc.constantFrom(...'0aZ;=/ ,\n%'),
      async (field, at, character) => {
        const text = String(good[field]);
        const i = at % text.length;
        const mutated = text.slice(0, i) + character + text.slice(i + 1);
        // The blank after a comma may be left out.
        if (mutated === text || mutated.replaceAll(' ', '') === text.replaceAll(' ', '')) return;
        try {
          await callers.callerOf({ ...good, [field]: mutated });
        } catch (error) {
          if (error instanceof ProofError) return;
          throw error;
        }
        throw new Error(`accepted: ${field} ${mutated}`);
      },
    ),
    { numRuns: 150 },
  );
  t.pass('150 of them');
});

const GOOD =
  '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>' +
  '<Arn>arn:aws:sts::222222222222:assumed-role/deploy/x</Arn><UserId>AROA:x</UserId><Account>222222222222</Account>' +
  '</GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>';

t.test('T8: an answer that is not exactly that of GetCallerIdentity names nobody', async (t) => {
  t.same(readCallerAnswer(GOOD, 'text/xml', 'aws'), {
    accountId: '222222222222',
    arn: 'arn:aws:sts::222222222222:assumed-role/deploy/x',
  });
  const inside = (text: string): string => GOOD.replace('</GetCallerIdentityResult>', `${text}$&`);
  const cases: Record<string, [xml: string, type?: string | undefined, partition?: string]> = {
    JSON: ['{"Account":"222222222222"}', 'application/json'],
    'XML that is called JSON': [GOOD, 'application/json'],
    'no type': [GOOD, undefined],
    'another answer around it': [`<AssumeRoleWithSAMLResponse>${GOOD}</AssumeRoleWithSAMLResponse>`],
    'another answer with it inside': [
      `<GetSessionTokenResponse><X>${GOOD.replace(/[<>]/g, '')}</X></GetSessionTokenResponse>`,
    ],
    'two of them': [GOOD + GOOD],
    'two results': [
      GOOD.replace(/<GetCallerIdentityResult>.*<\/GetCallerIdentityResult>/, (part) => part + part),
    ],
    'two accounts': [inside('<Account>333333333333</Account>')],
    'two ARNs': [inside('<Arn>arn:aws:iam::333333333333:root</Arn>')],
    'something more': [inside('<Extra>1</Extra>')],
    'an account that is not the one of the ARN': [GOOD.replace('<Account>2', '<Account>3')],
    'eleven digits': [GOOD.replaceAll('222222222222', '22222222222')],
    'another partition': [GOOD, 'text/xml', 'aws-cn'],
    'an ARN of something else': [GOOD.replace('arn:aws:sts', 'arn:aws:s3')],
    'an entity': [GOOD.replace('<UserId>', '<UserId>&x;').replace(/^/, '<!DOCTYPE a [<!ENTITY x "y">]>')],
    'a comment': [inside('<!-- 333333333333 -->')],
    CDATA: [GOOD.replace('<Account>222222222222', '<Account><![CDATA[222222222222]]>')],
    'not closed': [GOOD.slice(0, -5)],
    nothing: [''],
  };
  for (const [name, [xml, ...rest]] of Object.entries(cases)) {
    const [type, partition = 'aws'] = rest.length > 0 ? rest : ['text/xml'];
    t.throws(() => readCallerAnswer(xml, type, partition), { name: 'ProofError' }, name);
  }
});

t.test('T8: an STS that redirects, talks without end or does not talk', async (t) => {
  let asked: { method?: string; url?: string; body: string; headers: Record<string, unknown> }[] = [];
  const mood = { now: 'redirect' };
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      asked.push({ method: request.method, url: request.url, body, headers: request.headers });
      if (mood.now === 'redirect') response.writeHead(302, { location: '/elsewhere' }).end();
      else if (mood.now === 'flood')
        response.writeHead(200, { 'content-type': 'text/xml' }).end(randomBytes(200_000));
      else if (mood.now === 'broken') response.writeHead(503).end();
      else if (mood.now === 'spoof') response.writeHead(400, { 'content-type': 'text/xml' }).end(GOOD);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const there = createCallerIdentities({
    endpoint: url,
    partition: 'aws',
    region: REGION,
    clock,
    timeoutMs: 300,
  });
  await t.rejects(there.callerOf(sign()), { name: 'ProofError' }, 'no redirect is followed');
  t.equal(asked.length, 1);
  t.match(asked[0], {
    method: 'POST',
    url: '/',
    body: 'Action=GetCallerIdentity&Version=2011-06-15',
    headers: { 'x-cloudmr-challenge': CHALLENGE, 'content-length': '43' },
  });
  t.equal(
    asked[0].headers['x-amz-content-sha256'],
    createHash('sha256').update(asked[0].body).digest('hex'),
    'its own hash of its own body',
  );
  asked = [];
  mood.now = 'flood';
  await t.rejects(there.callerOf(sign()), { name: 'ProofError', message: /too long/ });
  mood.now = 'spoof';
  await t.rejects(there.callerOf(sign()), { name: 'ProofError' }, 'a refusal that looks like an answer');
  for (const state of ['broken', 'silent']) {
    mood.now = state;
    await t.rejects(there.callerOf(sign()), { name: 'CloudError', problem: 'unavailable' }, state);
  }
});

t.test('T7: only regional hosts of STS are ever asked', async (t) => {
  t.equal(stsUrl('aws', 'eu-central-1'), 'https://sts.eu-central-1.amazonaws.com/');
  t.equal(stsUrl('aws-cn', 'cn-north-1'), 'https://sts.cn-north-1.amazonaws.com.cn/');
  t.equal(stsUrl('aws-us-gov', 'us-gov-west-1'), 'https://sts.us-gov-west-1.amazonaws.com/');
  for (const region of ['evil.com/', 'us-east-1.evil.com', '', '__proto__', 'us-east-9']) {
    t.equal(stsUrl('aws', region), undefined, region);
  }
  t.equal(stsUrl('__proto__', 'us-east-1'), undefined);
});
