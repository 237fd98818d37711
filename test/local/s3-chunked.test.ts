/** The aws-chunked decoding, by the examples that AWS publishes and under arbitrary fragmentation. */
import { createHash, createHmac } from 'node:crypto';
import t from 'tap';
import type { AwsError } from '../../infra/local/contract.ts';
import { decodeChunks, type Seed } from '../../infra/local/s3/aws-chunked.ts';
import { fc } from '../helpers/fast-check.ts';

/** Credentials, date and scope of the examples in the S3 API reference. */
const SCOPE = '20130524/us-east-1/s3/aws4_request';
const signingKey = SCOPE.split('/').reduce<Buffer>(
  (key, part) => createHmac('sha256', key).update(part).digest(),
  Buffer.from('AWS4wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'),
);
const seedOf = (signature: string): Seed => ({
  signature,
  signingKey,
  scope: SCOPE,
  amzDate: '20130524T000000Z',
});

/** "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks". */
const EXAMPLE = {
  seed: seedOf('4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9'),
  body: [
    '10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n',
    'a'.repeat(65_536),
    '\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n',
    'a'.repeat(1024),
    '\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n',
  ].join(''),
};

/** The same with trailing headers: "... (Trailing Headers)". */
const TRAILER_EXAMPLE = {
  seed: seedOf('106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e'),
  body: [
    '10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n',
    'a'.repeat(65_536),
    '\r\n400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n',
    'a'.repeat(1024),
    '\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n',
    'x-amz-checksum-crc32c:sOO8/Q==\r\n',
    'x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n',
  ].join(''),
};

async function* fragments(data: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (let i = 0; at < data.length; i++) {
    const size = sizes.length ? sizes[i % sizes.length] : data.length;
    yield data.subarray(at, at + size);
    at += size;
  }
}

async function decode(body: string | Buffer, seed?: Seed, sizes: readonly number[] = []) {
  const trailers = new Map<string, string>();
  const pieces: Buffer[] = [];
  for await (const piece of decodeChunks(fragments(Buffer.from(body), sizes), seed, trailers)) {
    pieces.push(piece);
  }
  return { data: Buffer.concat(pieces), trailers: Object.fromEntries(trailers) };
}

const codeOf = (body: string | Buffer, seed?: Seed) =>
  decode(body, seed).then(
    () => 'accepted',
    (error: AwsError) => error.code,
  );

t.test('the signed example of AWS is accepted, in fragments of any size', async (t) => {
  for (const size of [1_000_000, 70_000, 4096, 87, 3]) {
    const { data } = await decode(EXAMPLE.body, EXAMPLE.seed, [size]);
    t.equal(data.toString(), 'a'.repeat(66_560), `fragments of ${size} bytes`);
  }
});

t.test('the signed example with a trailer is accepted', async (t) => {
  const { data, trailers } = await decode(TRAILER_EXAMPLE.body, TRAILER_EXAMPLE.seed);
  t.equal(data.length, 66_560);
  t.same(trailers, { 'x-amz-checksum-crc32c': 'sOO8/Q==' });
});

t.test('any change of a signed body is refused', async (t) => {
  const { body, seed } = EXAMPLE;
  const wrong = 'SignatureDoesNotMatch';
  t.equal(await codeOf(body.replace('aaaa', 'aaba'), seed), wrong, 'data');
  t.equal(await codeOf(body.replace('ad80', 'ad81'), seed), wrong, 'a signature');
  t.equal(await codeOf(body.replace(/;chunk-signature=b6[0-9a-f]+/, ''), seed), wrong, 'no signature');
  t.equal(await codeOf(body, seedOf('00'.repeat(32))), wrong, 'another seed');
  const swapped = body.replace(/10000;.*?\r\n0;/s, (all) => {
    const [first, second] = [all.slice(0, all.indexOf('\r\n400')), all.slice(all.indexOf('\r\n400') + 2, -4)];
    return `${second}\r\n${first}\r\n0;`;
  });
  t.equal(swapped.length, body.length);
  t.equal(await codeOf(swapped, seed), wrong, 'the order of chunks');
  const cut = body.replace(/400;.*?\r\n0;/s, '0;');
  t.equal(await codeOf(cut, seed), wrong, 'a chunk left out');
  const { body: trailed, seed: trailedSeed } = TRAILER_EXAMPLE;
  t.equal(await codeOf(trailed.replace('sOO8', 'sOO9'), trailedSeed), wrong, 'a trailer');
  t.equal(await codeOf(trailed.replace(/x-amz-trailer-signature.*\r\n/, ''), trailedSeed), wrong);
});

t.test('malformed encodings are refused', async (t) => {
  const cases: [string, string, string][] = [
    ['nothing', '', 'IncompleteBody'],
    ['no final chunk', '3\r\nabc\r\n', 'IncompleteBody'],
    ['data cut off', '5\r\nabc', 'IncompleteBody'],
    ['no CRLF after data', '3\r\nabcd\r\n0\r\n\r\n', 'IncompleteBody'],
    ['no last CRLF', '3\r\nabc\r\n0\r\n', 'IncompleteBody'],
    ['a size that is no number', 'xyz\r\n', 'IncompleteBody'],
    ['a negative size', '-1\r\n', 'IncompleteBody'],
    ['a size beyond all limits', 'ffffffffffffffff\r\n', 'IncompleteBody'],
    ['an unknown extension', '3;a=b\r\nabc\r\n0\r\n\r\n', 'IncompleteBody'],
    ['an endless header', '0'.repeat(5000), 'IncompleteBody'],
    ['more after the end', '0\r\n\r\nmore', 'IncompleteBody'],
    ['a trailer without a colon', '0\r\nnonsense\r\n\r\n', 'MalformedTrailerError'],
    ['a trailer twice', '0\r\na:1\r\nA:2\r\n\r\n', 'MalformedTrailerError'],
    [
      'many trailers',
      `0\r\n${Array.from({ length: 50 }, (_, i) => `t-${i}:1\r\n`).join('')}\r\n`,
      'MalformedTrailerError',
    ],
  ];
  for (const [name, body, code] of cases) t.equal(await codeOf(body), code, name);
});

t.test('decoding is the inverse of encoding, however the bytes arrive', async (t) => {
  const scenario = fc.record({
    chunks: fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 8 }),
    sizes: fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 6 }),
    trailer: fc.option(fc.stringMatching(/^[A-Za-z0-9+/=]{1,40}$/), { nil: undefined }),
    signed: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(scenario, async ({ chunks, sizes, trailer, signed }) => {
      const seed = signed ? EXAMPLE.seed : undefined;
      const body = encode(chunks, trailer, seed);
      const decoded = await decode(body, seed, sizes);
      return (
        decoded.data.equals(Buffer.concat(chunks)) && decoded.trailers['x-amz-checksum-crc32'] === trailer
      );
    }),
    { numRuns: 300 },
  );
  t.pass('300 random bodies');
});

/** Encodes as the signing documentation says, independently of the decoder. */
function encode(chunks: readonly Uint8Array[], trailer: string | undefined, seed: Seed | undefined): Buffer {
  let previous = seed?.signature ?? '';
  const hash = (data: Uint8Array | string) => createHash('sha256').update(data).digest('hex');
  const sign = (algorithm: string, ...hashes: string[]) => {
    const text = [algorithm, seed!.amzDate, seed!.scope, previous, ...hashes].join('\n');
    previous = createHmac('sha256', seed!.signingKey).update(text).digest('hex');
    return previous;
  };
  const header = (data: Uint8Array) => {
    const signature = seed && sign('AWS4-HMAC-SHA256-PAYLOAD', hash(''), hash(data));
    return `${data.length.toString(16)}${signature ? `;chunk-signature=${signature}` : ''}\r\n`;
  };
  const pieces = chunks.flatMap((data) => [Buffer.from(header(data)), data, Buffer.from('\r\n')]);
  pieces.push(Buffer.from(header(Buffer.alloc(0))));
  if (trailer !== undefined) {
    pieces.push(Buffer.from(`x-amz-checksum-crc32:${trailer}\r\n`));
    const signature = seed && sign('AWS4-HMAC-SHA256-TRAILER', hash(`x-amz-checksum-crc32:${trailer}\n`));
    if (signature) pieces.push(Buffer.from(`x-amz-trailer-signature:${signature}\r\n`));
  }
  pieces.push(Buffer.from('\r\n'));
  return Buffer.concat(pieces);
}
