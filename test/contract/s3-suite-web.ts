import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListPartsCommand,
  PutBucketCorsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { type Env, send } from './s3-env.ts';
import type { Contract } from './s3-suite.ts';

const ORIGIN = 'https://app.example';

async function corsBucket({ s3, bucket }: Env): Promise<string> {
  const Bucket = await bucket();
  const CORSRules = [
    {
      AllowedOrigins: [ORIGIN],
      AllowedMethods: ['GET', 'PUT', 'HEAD'],
      AllowedHeaders: ['*'],
      ExposeHeaders: ['ETag', 'x-amz-request-id'],
      MaxAgeSeconds: 300,
    },
    { AllowedOrigins: ['https://*.lab.example'], AllowedMethods: ['GET'], AllowedHeaders: ['x-amz-*'] },
    { AllowedOrigins: ['*'], AllowedMethods: ['HEAD'] },
  ];
  await s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }));
  return Bucket;
}

export const webContract: Contract = {
  async 'presigned URLs put and get'(t, { s3, plain, bucket }) {
    const Bucket = await bucket();
    const Key = "a b/ä+%'().dat";
    for (const client of [plain, s3]) {
      const put = await getSignedUrl(client, new PutObjectCommand({ Bucket, Key, Metadata: { who: 'me' } }));
      const answer = await send(put, { method: 'PUT', body: 'hello', headers: { 'content-length': '5' } });
      t.equal(answer.status, 200, answer.body.toString());
      t.equal(answer.headers.etag, '"5d41402abc4b2a76b9719d911017c592"');
      const got = await send(await getSignedUrl(client, new GetObjectCommand({ Bucket, Key })));
      t.equal(got.body.toString(), 'hello');
      t.equal(got.headers['x-amz-meta-who'], 'me', 'metadata in the URL counts as a header');
      const part = await send(await getSignedUrl(client, new GetObjectCommand({ Bucket, Key })), {
        headers: { range: 'bytes=1-2' },
      });
      t.same([part.status, part.body.toString()], [206, 'el']);
    }
  },

  async 'presigned reads may choose the headers of the answer'(t, { s3, bucket }) {
    const Bucket = await bucket();
    await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', ContentType: 'a/b' }));
    const command = new GetObjectCommand({
      Bucket,
      Key: 'k',
      ResponseContentType: 'application/zip',
      ResponseContentDisposition: 'attachment; filename="r e.zip"',
      ResponseCacheControl: 'no-store',
    });
    const { headers } = await send(await getSignedUrl(s3, command));
    t.match(headers, {
      'content-type': 'application/zip',
      'content-disposition': 'attachment; filename="r e.zip"',
      'cache-control': 'no-store',
    });
  },

  async 'browsers upload parts with an empty Content-Type'(t, { plain, bucket }) {
    const Bucket = await bucket();
    const Key = 'raw.dat';
    const { UploadId } = await plain.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    const Parts: { PartNumber: number; ETag: string }[] = [];
    for (const [i, body] of [Buffer.alloc(5 * 1024 * 1024, 1), Buffer.from('end')].entries()) {
      const PartNumber = i + 1;
      const url = await getSignedUrl(plain, new UploadPartCommand({ Bucket, Key, UploadId, PartNumber }));
      const headers = { 'content-type': '', 'content-length': String(body.length), origin: ORIGIN };
      const answer = await send(url, { method: 'PUT', body, headers });
      t.equal(answer.status, 200, answer.body.toString());
      Parts.push({ PartNumber, ETag: answer.headers.etag! });
    }
    const list = await send(await getSignedUrl(plain, new ListPartsCommand({ Bucket, Key, UploadId })));
    t.match(list.body.toString(), /<PartNumber>2<\/PartNumber>/);
    await plain.send(
      new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }),
    );
    const got = await plain.send(new GetObjectCommand({ Bucket, Key }));
    t.match(got, { ContentLength: 5 * 1024 * 1024 + 3, ContentType: 'binary/octet-stream' });
    const other = await plain.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    const abort = new AbortMultipartUploadCommand({ Bucket, Key, UploadId: other.UploadId });
    t.equal((await send(await getSignedUrl(plain, abort), { method: 'DELETE' })).status, 204);
  },

  async 'a presigned write may be conditional'(t, { plain, bucket }) {
    const Bucket = await bucket();
    const command = new PutObjectCommand({ Bucket, Key: 'once', IfNoneMatch: '*' });
    const url = await getSignedUrl(plain, command, { unhoistableHeaders: new Set(['if-none-match']) });
    const put = (body: string) =>
      send(url, {
        method: 'PUT',
        body,
        headers: { 'if-none-match': '*', 'content-length': String(body.length) },
      });
    t.equal((await put('first')).status, 200);
    t.equal((await put('second')).status, 412);
  },

  async 'a preflight is answered by the rule that fits'(t, env) {
    const Bucket = await corsBucket(env);
    const preflight = (origin: string, method: string, headers?: string) =>
      send(`${env.endpoint}/${Bucket}/any/key?partNumber=1`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': method,
          ...(headers === undefined ? {} : { 'access-control-request-headers': headers }),
        },
      });
    const allowed = await preflight(ORIGIN, 'PUT', 'content-type, X-Amz-Meta-Who');
    t.equal(allowed.status, 200);
    t.match(allowed.headers, {
      'access-control-allow-origin': ORIGIN,
      'access-control-max-age': '300',
      'access-control-expose-headers': 'ETag, x-amz-request-id',
    });
    t.match(allowed.headers['access-control-allow-methods'], /PUT/);
    t.match(allowed.headers['access-control-allow-headers'], /x-amz-meta-who/);
    t.match(allowed.headers.vary, /Origin/);
    const wildcard = await preflight('https://a.lab.example', 'GET', 'x-amz-date');
    t.equal(wildcard.headers['access-control-allow-origin'], 'https://a.lab.example');
    const refused: [string, string, string?][] = [
      ['https://evil.example', 'PUT'],
      [ORIGIN, 'DELETE'],
      ['https://a.lab.example', 'GET', 'content-type'],
      ['https://app.example.evil.example', 'GET'],
    ];
    for (const [origin, method, headers] of refused) {
      const answer = await preflight(origin, method, headers);
      t.equal(answer.status, 403, `${method} from ${origin}`);
      t.notOk(answer.headers['access-control-allow-origin']);
    }
  },

  async 'answers to other origins carry the rule’s headers, errors too'(t, env) {
    const Bucket = await corsBucket(env);
    const { plain } = env;
    await plain.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
    const ask = async (Key: string, origin: string, method = 'GET') => {
      const url = await getSignedUrl(plain, new GetObjectCommand({ Bucket, Key }));
      return send(url, { headers: { origin }, method });
    };
    const got = await ask('k', ORIGIN);
    t.match(got.headers, {
      'access-control-allow-origin': ORIGIN,
      'access-control-expose-headers': 'ETag, x-amz-request-id',
    });
    const missing = await ask('none', ORIGIN);
    t.equal(missing.status, 404);
    t.equal(missing.headers['access-control-allow-origin'], ORIGIN, 'the page may read the error');
    t.notOk((await ask('k', 'https://evil.example')).headers['access-control-allow-origin']);
  },
};
