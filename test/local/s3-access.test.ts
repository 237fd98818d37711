/** Who may do what: the decisions the service asks for, and what it tells those who may not. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteBucketCorsCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketCorsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutBucketCorsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import t from 'tap';
import { failure, send } from '../contract/s3-env.ts';
import { createTestRegistry, SECRET, startTestServer } from '../contract/s3-server.ts';

const HUB = '111111111111';
const LAB = '222222222222';
const cors = [{ AllowedOrigins: ['https://app.example'], AllowedMethods: ['GET'], ExposeHeaders: ['ETag'] }];
const registry = createTestRegistry([
  { name: 'stack', accountId: HUB, region: 'us-east-1', cors },
  { name: 'europe', accountId: HUB, region: 'eu-central-1' },
]);
const server = await startTestServer({ dir: t.testdir(), registry });

function createClient(region = 'us-east-1', accessKeyId = 'AKIAHUB'): S3Client {
  const credentials = { accessKeyId, secretAccessKey: SECRET };
  const client = new S3Client({
    endpoint: server.endpoint,
    region,
    credentials,
    forcePathStyle: true,
    maxAttempts: 1,
  });
  t.teardown(() => client.destroy());
  return client;
}
const s3 = createClient();
t.teardown(() => server.close());
t.afterEach(() => {
  server.deny = () => false;
});

const DENIED = { name: 'AccessDenied', status: 403 };
const Bucket = 'stack';
const Key = 'a/b';
const object = { Bucket, Key };
const upload = { ...object, UploadId: '0'.repeat(44) };
const BUCKET_ARN = 'arn:aws:s3:::stack';
const OBJECT_ARN = 'arn:aws:s3:::stack/a/b';

t.test('every operation asks for its action on its resource, and does nothing without', async (t) => {
  const rules = { CORSRules: [{ AllowedOrigins: ['*'], AllowedMethods: ['GET'] }] };
  const parts = { Parts: [{ PartNumber: 1, ETag: 'x' }] };
  const operations: [string, string, () => Promise<unknown>][] = [
    ['s3:ListAllMyBuckets', 'arn:aws:s3:::*', () => s3.send(new ListBucketsCommand())],
    ['s3:CreateBucket', 'arn:aws:s3:::newone', () => s3.send(new CreateBucketCommand({ Bucket: 'newone' }))],
    ['s3:DeleteBucket', BUCKET_ARN, () => s3.send(new DeleteBucketCommand({ Bucket }))],
    ['s3:GetBucketLocation', BUCKET_ARN, () => s3.send(new GetBucketLocationCommand({ Bucket }))],
    ['s3:GetBucketCORS', BUCKET_ARN, () => s3.send(new GetBucketCorsCommand({ Bucket }))],
    [
      's3:PutBucketCORS',
      BUCKET_ARN,
      () => s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: rules })),
    ],
    ['s3:PutBucketCORS', BUCKET_ARN, () => s3.send(new DeleteBucketCorsCommand({ Bucket }))],
    ['s3:ListBucket', BUCKET_ARN, () => s3.send(new ListObjectsV2Command({ Bucket }))],
    ['s3:ListBucketMultipartUploads', BUCKET_ARN, () => s3.send(new ListMultipartUploadsCommand({ Bucket }))],
    ['s3:GetObject', OBJECT_ARN, () => s3.send(new GetObjectCommand(object))],
    ['s3:PutObject', OBJECT_ARN, () => s3.send(new PutObjectCommand({ ...object, Body: 'x' }))],
    ['s3:DeleteObject', OBJECT_ARN, () => s3.send(new DeleteObjectCommand(object))],
    ['s3:PutObject', OBJECT_ARN, () => s3.send(new CreateMultipartUploadCommand(object))],
    [
      's3:PutObject',
      OBJECT_ARN,
      () => s3.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: 'x' })),
    ],
    [
      's3:PutObject',
      OBJECT_ARN,
      () => s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: parts })),
    ],
    ['s3:AbortMultipartUpload', OBJECT_ARN, () => s3.send(new AbortMultipartUploadCommand(upload))],
    ['s3:ListMultipartUploadParts', OBJECT_ARN, () => s3.send(new ListPartsCommand(upload))],
  ];
  await s3.send(new PutObjectCommand({ ...object, Body: 'untouched' }));
  for (const [action, resource, run] of operations) {
    server.asked.length = 0;
    server.deny = (asked, of) => asked === action && of === resource;
    t.same(await failure(run()), DENIED, action);
    t.same(server.asked, [`${action} ${resource}`]);
  }
  server.deny = () => false;
  const got = await s3.send(new GetObjectCommand(object));
  t.equal(await got.Body!.transformToString(), 'untouched');
  t.equal(registry.bucketOwner('newone'), undefined);
  server.deny = (action) => action === 's3:ListBucket';
  t.equal((await failure(s3.send(new HeadBucketCommand({ Bucket })))).status, 403);
});

t.test('a missing key is told only to those who may list', async (t) => {
  const missing = { Bucket, Key: 'none' };
  t.same(await failure(s3.send(new GetObjectCommand(missing))), { name: 'NoSuchKey', status: 404 });
  server.deny = (action) => action === 's3:ListBucket';
  t.same(await failure(s3.send(new GetObjectCommand(missing))), DENIED);
  t.equal((await failure(s3.send(new HeadObjectCommand(missing)))).status, 403);
  const copy = new CopyObjectCommand({ Bucket, Key: 'to', CopySource: 'stack/none' });
  t.same(await failure(s3.send(copy)), DENIED);
  t.equal((await failure(s3.send(new GetObjectCommand(object)))).status, 200, 'those that exist are read');
});

t.test('a copy needs its source and its target', async (t) => {
  const copy = () => s3.send(new CopyObjectCommand({ Bucket, Key: 'to', CopySource: 'stack/a/b' }));
  for (const denied of ['s3:GetObject', 's3:PutObject']) {
    server.deny = (action) => action === denied;
    t.same(await failure(copy()), DENIED, denied);
  }
  server.deny = () => false;
  const foreign = new CopyObjectCommand({
    Bucket,
    Key: 'to',
    CopySource: 'stack/a/b',
    ExpectedSourceBucketOwner: LAB,
  });
  t.same(await failure(s3.send(foreign)), DENIED, 'an expected owner of the source');
});

t.test('a deletion of many reports what it may not delete', async (t) => {
  for (const key of ['one', 'two']) await s3.send(new PutObjectCommand({ Bucket, Key: key, Body: key }));
  server.deny = (_action, resource) => resource.endsWith('/two');
  const Objects = [{ Key: 'one' }, { Key: 'two' }];
  const { Deleted, Errors } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  t.match(Deleted, [{ Key: 'one' }]);
  t.match(Errors, [{ Key: 'two', Code: 'AccessDenied' }]);
  server.deny = () => false;
  await s3.send(new HeadObjectCommand({ Bucket, Key: 'two' }));
});

t.test('anonymous requests are refused, preflights are answered', async (t) => {
  for (const method of ['GET', 'PUT', 'HEAD', 'DELETE']) {
    const answer = await send(`${server.endpoint}/stack/a/b`, { method, headers: { 'content-length': '0' } });
    t.equal(answer.status, 403, method);
    t.match(answer.body.toString(), method === 'HEAD' ? /^$/ : /<Code>AccessDenied<\/Code>.*<RequestId>/s);
    t.ok(answer.headers['x-amz-request-id']);
  }
  const headers = { origin: 'https://app.example', 'access-control-request-method': 'GET' };
  const preflight = await send(`${server.endpoint}/stack/any`, { method: 'OPTIONS', headers });
  t.equal(preflight.status, 200);
  t.equal(preflight.headers['access-control-expose-headers'], 'ETag');
  const disabled = await send(`${server.endpoint}/europe/any`, { method: 'OPTIONS', headers });
  t.same([disabled.status, disabled.headers['access-control-allow-origin']], [403, undefined]);
  const bare = await send(`${server.endpoint}/stack/any`, { method: 'OPTIONS' });
  t.equal(bare.status, 400);
});

t.test('the rules of a stack hold until the API sets others', async (t) => {
  const rules = async () => (await s3.send(new GetBucketCorsCommand({ Bucket }))).CORSRules;
  t.same(await rules(), cors);
  const CORSRules = [{ AllowedOrigins: ['*'], AllowedMethods: ['HEAD'], MaxAgeSeconds: 5 }];
  await s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }));
  t.same(await rules(), CORSRules);
  await s3.send(new DeleteBucketCorsCommand({ Bucket }));
  t.equal((await failure(rules())).name, 'NoSuchCORSConfiguration');
});

t.test('a bucket is reached only through its region', async (t) => {
  const put = (client: S3Client) => client.send(new PutObjectCommand({ Bucket: 'europe', Key, Body: 'x' }));
  t.same(await failure(put(s3)), { name: 'AuthorizationHeaderMalformed', status: 400 });
  const europe = createClient('eu-central-1');
  await put(europe);
  const { LocationConstraint } = await s3.send(new GetBucketLocationCommand({ Bucket: 'europe' }));
  t.equal(LocationConstraint, 'eu-central-1', 'which anyone may ask for');
  t.equal((await europe.send(new HeadBucketCommand({ Bucket: 'europe' }))).BucketRegion, 'eu-central-1');
  const CreateBucketConfiguration = { LocationConstraint: 'eu-central-1' } as const;
  await europe.send(new CreateBucketCommand({ Bucket: 'second', CreateBucketConfiguration }));
  t.equal(registry.bucket('second')?.region, 'eu-central-1');
  const again = failure(
    europe.send(new CreateBucketCommand({ Bucket: 'second', CreateBucketConfiguration })),
  );
  t.same(await again, { name: 'BucketAlreadyOwnedByYou', status: 409 });
});

t.test('a name that another account takes over shows nothing of before', async (t) => {
  await s3.send(new CreateBucketCommand({ Bucket: 'handed-over' }));
  await s3.send(new PutObjectCommand({ Bucket: 'handed-over', Key, Body: 'old' }));
  await registry.deleteBucket('handed-over'); // as a stack does, without emptying it
  const lab = createClient('us-east-1', 'AKIALAB');
  await lab.send(new CreateBucketCommand({ Bucket: 'handed-over' }));
  const missing = await failure(lab.send(new GetObjectCommand({ Bucket: 'handed-over', Key })));
  t.same(missing, { name: 'NoSuchKey', status: 404 });
});

t.test('deleting a bucket ends its open uploads', async (t) => {
  await s3.send(new CreateBucketCommand({ Bucket: 'ending' }));
  const target = { Bucket: 'ending', Key };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target));
  await s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: 'part' }));
  await s3.send(new DeleteBucketCommand({ Bucket: 'ending' }));
  await s3.send(new CreateBucketCommand({ Bucket: 'ending' }));
  t.notOk((await s3.send(new ListMultipartUploadsCommand({ Bucket: 'ending' }))).Uploads?.length);
  const part = new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: 'part' });
  t.same(await failure(s3.send(part)), { name: 'NoSuchUpload', status: 404 });
});
