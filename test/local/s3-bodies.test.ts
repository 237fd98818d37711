/** Bodies that are not what their headers say: refused, and nothing of them is kept. */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import t from 'tap';
import { send } from '../contract/s3-env.ts';
import { createTestRegistry, startTestServer } from '../contract/s3-server.ts';

const dir = t.testdir();
const registry = createTestRegistry([{ name: 'bucket', accountId: '111111111111', region: 'us-east-1' }]);
const server = await startTestServer({ dir, registry });
t.teardown(() => server.close());

const AUTHORIZATION = [
  'AWS4-HMAC-SHA256 Credential=AKIAHUB/20261122/us-east-1/s3/aws4_request',
  'SignedHeaders=host',
  `Signature=${'0'.repeat(64)}`,
].join(', ');
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const crc = (text: string) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(text));
  return bytes.toString('base64');
};

/** Files of contents, finished or not. */
function files(): string[] {
  return ['tmp', 'blobs'].flatMap((folder) =>
    readdirSync(join(dir, 's3', folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name),
  );
}

async function put(body: string, headers: Record<string, string>, key = 'k') {
  const answer = await send(`${server.endpoint}/bucket/${key}`, {
    method: 'PUT',
    body,
    headers: {
      authorization: AUTHORIZATION,
      'x-amz-date': '20261122T000000Z',
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      'content-length': String(Buffer.byteLength(body)),
      ...headers,
    },
  });
  const code = /<Code>(.*)<\/Code>/.exec(answer.body.toString())?.[1] ?? '';
  return { ...answer, code };
}

const chunked = (text: string, trailer = '') =>
  `${text.length.toString(16)}\r\n${text}\r\n0\r\n${trailer ? `${trailer}\r\n` : ''}\r\n`;
const streaming = (length: number, more: Record<string, string> = {}) => ({
  'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'x-amz-decoded-content-length': String(length),
  ...more,
});

t.test('what a header states of the body must hold', async (t) => {
  const cases: [string, Record<string, string>, number, string][] = [
    [
      'the hash of another body',
      { 'x-amz-content-sha256': sha256('other') },
      400,
      'XAmzContentSHA256Mismatch',
    ],
    ['no hash at all', { 'x-amz-content-sha256': 'hello' }, 400, 'InvalidArgument'],
    ['another MD5', { 'content-md5': createHash('md5').update('x').digest('base64') }, 400, 'BadDigest'],
    ['half an MD5', { 'content-md5': 'AAAA' }, 400, 'InvalidDigest'],
    ['another CRC', { 'x-amz-checksum-crc32': crc('other') }, 400, 'BadDigest'],
    ['a CRC that is none', { 'x-amz-checksum-crc32': 'AAAAAAA=' }, 400, 'InvalidRequest'],
    [
      'two checksums',
      { 'x-amz-checksum-crc32': crc('body'), 'x-amz-checksum-sha1': 'x' },
      400,
      'InvalidRequest',
    ],
    ['an algorithm without a value', { 'x-amz-sdk-checksum-algorithm': 'SHA256' }, 400, 'InvalidRequest'],
    ['an unknown algorithm', { 'x-amz-checksum-crc64nvme': 'AAAAAAAAAAA=' }, 501, 'NotImplemented'],
    [
      'another payload signature',
      { 'x-amz-content-sha256': 'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD' },
      501,
      'NotImplemented',
    ],
  ];
  for (const [name, headers, status, code] of cases) {
    const answer = await put('body', headers);
    t.same([answer.status, answer.code], [status, code], name);
    t.equal(answer.headers['content-type'], 'application/xml');
  }
  t.same(files(), [], 'no refused body is kept');
  t.equal((await put('body', { 'x-amz-content-sha256': sha256('body') })).status, 200);
  t.equal(files().length, 1);
});

t.test('chunked bodies must be as long as announced and bring the trailer announced', async (t) => {
  const trailer = { 'x-amz-trailer': 'x-amz-checksum-crc32' };
  const cases: [string, string, Record<string, string>, string][] = [
    ['longer', chunked('hello'), streaming(4), 'IncompleteBody'],
    ['shorter', chunked('hello'), streaming(6), 'IncompleteBody'],
    ['malformed', 'hello', streaming(5), 'IncompleteBody'],
    ['no trailer', chunked('hello'), streaming(5, trailer), 'MalformedTrailerError'],
    ['a wrong one', chunked('hello', `x-amz-checksum-crc32:${crc('x')}`), streaming(5, trailer), 'BadDigest'],
    [
      'another one',
      chunked('hello', 'x-amz-checksum-sha1:x'),
      streaming(5, trailer),
      'MalformedTrailerError',
    ],
    ['not a checksum', chunked('hello'), streaming(5, { 'x-amz-trailer': 'content-md5' }), 'InvalidRequest'],
    [
      'no length',
      chunked('hello'),
      { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' },
      'MissingContentLength',
    ],
    [
      'a wrong signature',
      `5;chunk-signature=${'0'.repeat(64)}\r\nhello\r\n0;chunk-signature=${'0'.repeat(64)}\r\n\r\n`,
      { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 'x-amz-decoded-content-length': '5' },
      'SignatureDoesNotMatch',
    ],
  ];
  const before = files();
  for (const [name, body, headers, code] of cases) t.equal((await put(body, headers, 'c')).code, code, name);
  t.same(files(), before, 'no refused body is kept');
  const good = await put(chunked('hello', `x-amz-checksum-crc32:${crc('hello')}`), {
    ...streaming(5, trailer),
    'content-encoding': 'gzip,aws-chunked',
  });
  t.equal(good.status, 200);
  t.equal(good.headers['x-amz-checksum-crc32'], crc('hello'));
  const got = await send(`${server.endpoint}/bucket/k`, { headers: { authorization: AUTHORIZATION } });
  t.same([got.body.toString(), got.headers['content-encoding']], ['hello', 'gzip']);
});

/** Sends bytes as they are and collects what comes back until `done` likes it or the connection ends. */
function raw(text: string, done: (answer: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(server.port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (data) => {
      answer += data;
      if (done(answer)) socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

const head = (headers: string[]) =>
  [
    'PUT /bucket/raw HTTP/1.1',
    'Host: localhost',
    `Authorization: ${AUTHORIZATION}`,
    'x-amz-content-sha256: UNSIGNED-PAYLOAD',
    ...headers,
    '\r\n',
  ].join('\r\n');

t.test('more than 5 GiB is refused before a byte is read', async (t) => {
  for (const length of [5 * 1024 ** 3 + 1, 2 ** 53 - 1]) {
    const answer = await raw(head([`Content-Length: ${length}`]), (text) => text.includes('</Error>'));
    t.match(answer, /^HTTP\/1.1 400 /);
    t.match(answer, /<Code>EntityTooLarge<\/Code>.*<MaxSizeAllowed>5368709120</s);
  }
});

t.test('a length must be announced', async (t) => {
  const answer = await raw(`${head(['Transfer-Encoding: chunked'])}0\r\n\r\n`, (text) =>
    text.includes('</Error>'),
  );
  t.match(answer, /^HTTP\/1.1 411 .*<Code>MissingContentLength</s);
});

t.test('a connection that breaks off in the middle leaves nothing', async (t) => {
  const before = files();
  const socket = connect(server.port, '127.0.0.1');
  await new Promise<void>((resolve) =>
    socket.write(`${head(['Content-Length: 1000000'])}${'x'.repeat(200_000)}`, () => resolve()),
  );
  while (files().length === before.length) await new Promise((resolve) => setTimeout(resolve, 5));
  socket.destroy();
  while (files().length > before.length) await new Promise((resolve) => setTimeout(resolve, 5));
  t.same(files(), before);
  const got = await send(`${server.endpoint}/bucket/raw`, { headers: { authorization: AUTHORIZATION } });
  t.equal(got.status, 404);
});

t.test('a refused body is read away, so that its sender sees the answer and may go on', async (t) => {
  const body = 'x'.repeat(500_000);
  const request = `${head([`Content-Length: ${body.length}`, 'Content-MD5: AAAA'])}${body}`;
  const answers = (text: string) => text.match(/<Code>InvalidDigest<\/Code>/g)?.length ?? 0;
  const answer = await raw(request + request, (text) => answers(text) === 2);
  t.equal(answers(answer), 2, 'two requests on one connection');
  const lines = [`Content-Length: ${body.length}`, 'x-amz-decoded-content-length: 400000'];
  const chunks = `${head(lines).replace('UNSIGNED-PAYLOAD', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER')}${body}`;
  const broken = (text: string) => text.match(/<Code>IncompleteBody<\/Code>/g)?.length ?? 0;
  const again = await raw(chunks + chunks, (text) => broken(text) === 2);
  t.equal(broken(again), 2, 'also when the body was refused in its middle');
});

t.same(server.faults, [], 'nothing failed inside');
