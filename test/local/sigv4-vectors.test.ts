/** The verifier against signatures that AWS published (SigV4 test suite; S3 API reference, "Examples"). */
import t from 'tap';
import { parseAmzDate } from '../../infra/local/sigv4/canonical.ts';
import { readClaim } from '../../infra/local/sigv4/claim.ts';
import { signRequest } from '../../infra/local/sigv4/sign.ts';
import { createVerifier } from '../../infra/local/sigv4/verify.ts';

const SUITE = { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const S3 = { id: 'AKIAIOSFODNN7EXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** Verifies one request at the moment of its signing; throws unless the signature is the right one. */
function verifyAt(date: string, secret: string, method: string, url: string, headers: [string, string][]) {
  const claim = readClaim({ method, url, rawHeaders: headers.flat() });
  if (!claim) throw new Error('the request is anonymous');
  const verify = createVerifier({
    clock: () => parseAmzDate(date),
    find: () => ({ secretAccessKey: secret }),
  });
  return verify(method, claim, Buffer.alloc(0));
}

function suite(method: string, url: string, signature: string, extra: [string, string][] = []) {
  const date = '20150830T123600Z';
  const signed = [...new Set(['host', 'x-amz-date', ...extra.map(([name]) => name.toLowerCase())])].sort();
  return verifyAt(date, SUITE.secret, method, url, [
    ['Host', 'example.amazonaws.com'],
    ...extra,
    ['X-Amz-Date', date],
    [
      'Authorization',
      `AWS4-HMAC-SHA256 Credential=${SUITE.id}/20150830/us-east-1/service/aws4_request, ` +
        `SignedHeaders=${signed.join(';')}, Signature=${signature}`,
    ],
  ]);
}

t.test('the SigV4 test suite', async (t) => {
  const vanilla = '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31';
  const cases: [name: string, method: string, url: string, signature: string, extra?: [string, string][]][] =
    [
      ['get-vanilla', 'GET', '/', vanilla],
      ['get-relative-relative', 'GET', '/example1/example2/../..', vanilla],
      ['get-slash-dot-slash', 'GET', '/./', vanilla],
      ['post-vanilla', 'POST', '/', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
      [
        'get-vanilla-query-order-key-case',
        'GET',
        '/?Param2=value2&Param1=value1',
        'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
      ],
      [
        'get-vanilla-utf8-query',
        'GET',
        '/?%E1%88%B4=bar',
        '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04',
      ],
      [
        'get-slashes',
        'GET',
        '//example//',
        '9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84',
      ],
      [
        'get-header-value-trim',
        'GET',
        '/',
        'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
        [
          ['My-Header1', ' value1'],
          ['My-Header2', ' "a   b   c"'],
        ],
      ],
    ];
  for (const [name, method, url, signature, extra] of cases) {
    t.doesNotThrow(() => suite(method, url, signature, extra), name);
  }
  t.throws(() => suite('GET', '/', vanilla.replace('5', '6')), { code: 'InvalidSignatureException' });
});

function s3(method: string, url: string, signed: string, signature: string, extra: [string, string][]) {
  return verifyAt('20130524T000000Z', S3.secret, method, url, [
    ['Host', 'examplebucket.s3.amazonaws.com'],
    ['x-amz-date', '20130524T000000Z'],
    ...extra,
    [
      'Authorization',
      `AWS4-HMAC-SHA256 Credential=${S3.id}/20130524/us-east-1/s3/aws4_request,` +
        `SignedHeaders=${signed},Signature=${signature}`,
    ],
  ]);
}

t.test('the S3 examples', async (t) => {
  t.doesNotThrow(() =>
    s3(
      'GET',
      '/test.txt',
      'host;range;x-amz-content-sha256;x-amz-date',
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
      [
        ['Range', 'bytes=0-9'],
        ['x-amz-content-sha256', EMPTY],
      ],
    ),
  );
  t.doesNotThrow(() =>
    s3(
      'PUT',
      '/test%24file.text',
      'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
      [
        ['Date', 'Fri, 24 May 2013 00:00:00 GMT'],
        ['x-amz-storage-class', 'REDUCED_REDUNDANCY'],
        ['x-amz-content-sha256', '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072'],
      ],
    ),
  );
  const listing = 'host;x-amz-content-sha256;x-amz-date';
  t.doesNotThrow(() =>
    s3('GET', '/?lifecycle', listing, 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543', [
      ['x-amz-content-sha256', EMPTY],
    ]),
  );
  t.doesNotThrow(() =>
    s3(
      'GET',
      '/?max-keys=2&prefix=J',
      listing,
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
      [['x-amz-content-sha256', EMPTY]],
    ),
  );
});

const PRESIGNED =
  '/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256' +
  '&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request' +
  '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
  '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404';
const HOST: [string, string][] = [['Host', 'examplebucket.s3.amazonaws.com']];

t.test('the presigned S3 example', async (t) => {
  const at = (date: string, url = PRESIGNED) => verifyAt(date, S3.secret, 'GET', url, HOST);
  t.equal(at('20130524T000000Z').payloadHash, 'UNSIGNED-PAYLOAD');
  t.doesNotThrow(() => at('20130525T000000Z'), 'to the last second');
  t.throws(() => at('20130525T000001Z'), { code: 'AccessDenied', message: 'Request has expired' });
  t.doesNotThrow(() => at('20130523T234500Z'), 'a clock 15 minutes behind');
  t.throws(() => at('20130523T234459Z'), { code: 'AccessDenied', message: 'Request is not yet valid' });
  for (const [what, changed] of [
    ['expiry', PRESIGNED.replace('86400', '86401')],
    ['key', PRESIGNED.replace('test.txt', 'test.txu')],
    ['an added parameter', PRESIGNED.replace('&X-Amz-Date', '&versionId=1&X-Amz-Date')],
  ]) {
    t.throws(() => at('20130524T000000Z', changed), { code: 'SignatureDoesNotMatch' }, what);
  }
});

t.test('our own signer signs what the verifier of the suite accepts', async (t) => {
  const date = '20150830T123600Z';
  const url = new URL('http://example.amazonaws.com/a%20b/../c/?z=1&a=%2F%20&a=');
  const options = {
    credentials: { accessKeyId: SUITE.id, secretAccessKey: SUITE.secret, sessionToken: 'token' },
    service: 'cloudmr',
    region: 'us-east-1',
    clock: () => parseAmzDate(date),
  };
  const headers = signRequest({ method: 'GET', url, headers: { 'X-Custom': ' a  b ' } }, options);
  const raw: [string, string][] = [['Host', url.host], ...Object.entries(headers)];
  t.doesNotThrow(() => verifyAt(date, SUITE.secret, 'GET', url.pathname + url.search, raw));
});
