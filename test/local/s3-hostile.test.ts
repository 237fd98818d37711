/** Requests that try to break in or break something. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { send } from '../contract/s3-env.ts';
import { createTestRegistry, startTestServer } from '../contract/s3-server.ts';

const dir = t.testdir({ secret: 'not for you' });
const registry = createTestRegistry([{ name: 'bucket', accountId: '111111111111', region: 'us-east-1' }]);
const server = await startTestServer({ dir, registry });
t.teardown(() => server.close());

const authorization = `AWS4-HMAC-SHA256 Credential=AKIAHUB/20261122/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`;
/** Makes a request count as presigned. */
const PRESIGNED = `X-Amz-Credential=AKIAHUB%2F20261122%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=${'0'.repeat(64)}`;

async function ask(method: string, path: string, body = '', headers: Record<string, string> = {}) {
  const signed: Record<string, string> = path.includes('X-Amz-Signature') ? {} : { authorization };
  const answer = await send(`${server.endpoint}${path}`, {
    method,
    body,
    headers: {
      ...signed,
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      'content-length': String(Buffer.byteLength(body)),
      'content-md5': createHash('md5').update(body).digest('base64'),
      ...headers,
    },
  });
  const code = /<Code>(.*)<\/Code>/.exec(answer.body.toString())?.[1] ?? '';
  return { ...answer, code };
}

t.test('keys never become paths', async (t) => {
  const outside = readdirSync(dir).sort();
  const keys = [
    '../secret',
    '../../secret',
    'a/..%2f..%2f..%2fsecret',
    '%2e%2e/%2e%2e/%2e%2e/secret',
    '/../../secret',
    'a%00b',
  ];
  for (const key of keys) {
    t.equal((await ask('GET', `/bucket/${key}`)).status, 404, `GET ${key}`);
    t.equal((await ask('PUT', `/bucket/${key}`, 'mine')).status, 200, `PUT ${key}`);
    t.equal((await ask('GET', `/bucket/${key}`)).body.toString(), 'mine');
  }
  t.same(readdirSync(dir).sort(), outside);
  t.equal(readFileSync(join(dir, 'secret'), 'utf8'), 'not for you');
  t.equal((await ask('GET', '/../secret')).code, 'InvalidBucketName');
  t.equal((await ask('GET', '/%2e%2e/secret')).code, 'InvalidBucketName');
  t.equal((await ask('GET', '/..%2fsecret')).code, 'InvalidBucketName');
});

t.test('an escape is decoded once', async (t) => {
  await ask('PUT', '/bucket/a%2525', 'percent');
  t.equal((await ask('GET', '/bucket/a%2525')).body.toString(), 'percent');
  t.equal((await ask('GET', '/bucket/a%25')).status, 404);
  await ask('PUT', '/bucket/plus+plus', 'plus');
  t.equal((await ask('GET', '/bucket/plus%2Bplus')).body.toString(), 'plus');
  t.equal((await ask('GET', '/bucket/plus%20plus')).status, 404);
});

t.test('targets that cannot be read are refused', async (t) => {
  const cases: [string, string][] = [
    ['/bucket/%zz', 'InvalidURI'],
    ['/bucket/%ff', 'InvalidURI'],
    ['/bucket/%ed%a0%80', 'InvalidURI'],
    ['/bucket?prefix=%ff&list-type=2', 'InvalidURI'],
    ['/bucket/k?uploadId=a&uploadId=b', 'InvalidArgument'],
    [`/bucket/${'k'.repeat(1025)}`, 'KeyTooLongError'],
    ['/__proto__/k', 'InvalidBucketName'],
    ['/constructor/k', 'NoSuchBucket'],
    ['//bucket/k', 'InvalidBucketName'],
    ['/bucket/k?X-Amz-Algorithm=x&surprise=1', 'NotImplemented'],
  ];
  for (const [path, code] of cases) t.equal((await ask('GET', path)).code, code, path);
  t.equal((await ask('PATCH', '/bucket/k')).code, 'MethodNotAllowed');
});

t.test('XML that is more than data is refused', async (t) => {
  const bomb = `<!DOCTYPE d [<!ENTITY a "aaaa">${'<!ENTITY b "&a;&a;">'.repeat(10)}]><Delete><Object><Key>&b;</Key></Object></Delete>`;
  const one = '<Object><Key>a</Key></Object>';
  const cases: [string, string][] = [
    ['a document type', bomb],
    [
      'an external entity',
      '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Delete><Object><Key>&x;</Key></Object></Delete>',
    ],
    ['an unknown entity', '<Delete><Object><Key>&nbsp;</Key></Object></Delete>'],
    ['a bare ampersand', '<Delete><Object><Key>a & b</Key></Object></Delete>'],
    ['a reference to a surrogate', '<Delete><Object><Key>&#xD800;</Key></Object></Delete>'],
    ['a reference beyond Unicode', '<Delete><Object><Key>&#x110000;</Key></Object></Delete>'],
    ['deep nesting', '<a>'.repeat(100_000)],
    ['balanced nesting', `${'<Delete>'.repeat(500)}${'</Delete>'.repeat(500)}`],
    ['another root', `<Remove>${one}</Remove>`],
    ['two roots', `<Delete>${one}</Delete><Delete>${one}</Delete>`],
    ['an open element', `<Delete>${one}`],
    ['crossed elements', '<Delete><Object><Key>a</Object></Key></Delete>'],
    ['no XML', 'hello'],
    ['nothing', ''],
    ['an element for a key', '<Delete><Object><Key><b>a</b></Key></Object></Delete>'],
    ['two keys in one', '<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>'],
    ['no key', '<Delete><Object></Object></Delete>'],
    ['more than 1000', `<Delete>${one.repeat(1001)}</Delete>`],
    ['a name of JavaScript', '<Delete><__proto__><Key>a</Key></__proto__></Delete>'],
  ];
  await ask('PUT', '/bucket/a', 'stays');
  for (const [name, body] of cases) {
    const answer = await ask('POST', '/bucket?delete', body);
    t.same([answer.status, answer.code], [400, 'MalformedXML'], name);
    t.notMatch(answer.body.toString(), /root:|aaaa/);
  }
  t.equal((await ask('GET', '/bucket/a')).body.toString(), 'stays');
  const version = '<Delete><Object><Key>a</Key><VersionId>1</VersionId></Object></Delete>';
  t.equal((await ask('POST', '/bucket?delete', version)).code, 'NotImplemented');
});

t.test('documents are limited before they are read', async (t) => {
  const big = 'x'.repeat(9 * 1024 * 1024);
  t.equal((await ask('POST', '/bucket?delete', big)).code, 'MaxMessageLengthExceeded');
  t.equal((await ask('PUT', '/bucket?cors', big.slice(0, 70_000))).code, 'MaxMessageLengthExceeded');
});

t.test('a deletion of many must be protected by a digest', async (t) => {
  const body = '<Delete><Object><Key>a</Key></Object></Delete>';
  t.equal((await ask('POST', '/bucket?delete', body, { 'content-md5': '' })).code, 'InvalidRequest');
});

t.test('cross-origin rules that make no sense are refused', async (t) => {
  const rule = (inner: string) => `<CORSConfiguration><CORSRule>${inner}</CORSRule></CORSConfiguration>`;
  const method = '<AllowedMethod>GET</AllowedMethod>';
  const origin = '<AllowedOrigin>*</AllowedOrigin>';
  const cases: [string, string][] = [
    [rule(method), 'MalformedXML'],
    [rule(origin), 'MalformedXML'],
    [rule(`${method}<AllowedOrigin>http://*.*</AllowedOrigin>`), 'InvalidRequest'],
    [rule(`${method}<AllowedOrigin>a&#13;&#10;Set-Cookie: x</AllowedOrigin>`), 'InvalidRequest'],
    [rule(`${method}${origin}<ExposeHeader>a b</ExposeHeader>`), 'InvalidRequest'],
    [rule(`${method}${origin}<MaxAgeSeconds>soon</MaxAgeSeconds>`), 'MalformedXML'],
    ['<CORSConfiguration></CORSConfiguration>', 'MalformedXML'],
    [
      `<CORSConfiguration>${`<CORSRule>${method}${origin}</CORSRule>`.repeat(101)}</CORSConfiguration>`,
      'MalformedXML',
    ],
  ];
  for (const [body, code] of cases)
    t.equal((await ask('PUT', '/bucket?cors', body)).code, code, body.slice(0, 120));
});

t.test('no answer takes headers or markup from a request', async (t) => {
  await ask('PUT', '/bucket/k', 'x');
  const query = 'response-content-type=a%0d%0aSet-Cookie:%20x';
  t.equal((await ask('GET', `/bucket/k?${query}`)).code, 'InvalidArgument');
  t.equal((await ask('GET', '/bucket/k?response-content-type=%E2%82%AC')).code, 'InvalidArgument');
  const hoisted = await ask('PUT', `/bucket/h?${PRESIGNED}&x-amz-meta-a=b%0d%0ac:d`, 'x');
  t.equal(hoisted.code, 'InvalidArgument');
  const unicode = await ask('PUT', `/bucket/h?${PRESIGNED}&x-amz-meta-a=%E2%82%AC`, 'x');
  t.equal(unicode.status, 200);
  const got = await ask('GET', '/bucket/h');
  t.equal(Buffer.from(String(got.headers['x-amz-meta-a']), 'latin1').toString(), '€');
  const markup = await ask('GET', '/bucket/%3C/Resource%3E%3Cb%3E');
  t.match(markup.body.toString(), '<Key>&lt;/Resource&gt;&lt;b&gt;</Key>');
  const signed = await ask('GET', `/bucket/none?${PRESIGNED}&X-Amz-Security-Token=tooth`);
  t.notMatch(signed.body.toString(), /tooth|Signature/, 'errors repeat no credentials');
});

t.test('huge headers and many parameters do no harm', async (t) => {
  const metadata = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`x-amz-meta-${i}`, 'value']));
  t.equal((await ask('PUT', '/bucket/m', 'x', metadata)).status, 200);
  const proto = await ask('PUT', '/bucket/p', 'x', { 'x-amz-meta-__proto__': 'kept' });
  t.equal(proto.status, 200);
  t.equal((await ask('HEAD', '/bucket/p')).headers['x-amz-meta-__proto__'], 'kept');
  t.equal(
    (await ask('PUT', '/bucket/m', 'x', { 'x-amz-meta-a': 'x'.repeat(3000) })).code,
    'MetadataTooLarge',
  );
  t.equal((await ask('PUT', '/bucket/m', 'x', { 'x-amz-meta-a': 'x'.repeat(40_000) })).status, 431);
  const ranges = `bytes=${Array.from({ length: 1000 }, (_, i) => `${i}-${i}`).join(',')}`;
  t.equal((await ask('GET', '/bucket/m', '', { range: ranges })).status, 200);
  t.equal((await ask('GET', '/bucket/m', '', { range: `bytes=${'9'.repeat(400)}-` })).status, 416);
  t.equal((await ask('GET', '/bucket/m', '', { range: `bytes=0-${'9'.repeat(400)}` })).status, 206);
});

t.test('a body on a request that takes none does not disturb the next one', async (t) => {
  t.equal((await ask('GET', '/bucket/k', 'unexpected body')).status, 200);
  t.equal((await ask('DELETE', '/bucket/none', 'x'.repeat(100_000))).status, 204);
});

t.same(server.faults, [], 'nothing failed inside');
