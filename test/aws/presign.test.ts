/** Presigned URLs against the SDK's own getSignedUrl: same address, same signed query. */
import { GetObjectCommand, PutObjectCommand, S3Client, UploadPartCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import t from 'tap';
import { attachment } from '../../src/aws/accounts/content-disposition.ts';
import { createPresigner } from '../../src/aws/accounts/presign.ts';
import { SAMPLE_TIME } from '../helpers/samples.ts';

const OWNER = '222222222222';
const CREDENTIALS = {
  accessKeyId: 'ASIAEXAMPLE',
  secretAccessKey: 'secret',
  sessionToken: 'Token/+=='.repeat(90),
};

function s3Client(region: string, endpoint?: string): S3Client {
  return new S3Client({
    region,
    endpoint,
    forcePathStyle: endpoint !== undefined,
    credentials: CREDENTIALS,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}

/** Address and sorted parameters, signature included: the instant is the same. */
function parts(url: string): { address: string; query: string[][] } {
  const { origin, pathname, searchParams } = new URL(url);
  return { address: origin + pathname, query: [...searchParams].sort(([a], [b]) => (a < b ? -1 : 1)) };
}

const PLACES = [
  { name: 'virtual host', region: 'us-east-1', bucket: 'researcher-data' },
  { name: 'another region', region: 'eu-central-1', bucket: 'researcher-data' },
  { name: 'a dotted bucket', region: 'eu-west-1', bucket: 'data.researcher.org' },
  { name: 'China', region: 'cn-north-1', bucket: 'researcher-data' },
  { name: 'GovCloud', region: 'us-gov-west-1', bucket: 'researcher-data' },
  {
    name: 'the embedded cloud',
    region: 'us-east-1',
    bucket: 'researcher-data',
    endpoint: 'http://127.0.0.1:4566',
  },
];
const KEYS = ['mroptimum/u1/j/result.zip', "MR Optimum/u1/a b!'()*~+&=?#%.zip", 'a/u1/ü/脳', 'a//u1/'];

for (const { name, region, bucket, endpoint } of PLACES) {
  t.test(`${name}: as getSignedUrl signs it`, async (t) => {
    const client = s3Client(region, endpoint);
    const { presign } = createPresigner();
    for (const key of KEYS) {
      const contentDisposition = attachment(key);
      const common = {
        location: { bucket, key },
        region,
        bucketOwner: OWNER,
        seconds: 900,
        now: SAMPLE_TIME,
      };
      const object = { Bucket: bucket, Key: key, ExpectedBucketOwner: OWNER };
      const options = { expiresIn: 900, signingDate: new Date(SAMPLE_TIME) };

      const get = await presign(client, { ...common, method: 'GET', contentDisposition });
      const command = new GetObjectCommand({ ...object, ResponseContentDisposition: contentDisposition });
      t.same(parts(get.url), parts(await getSignedUrl(client, command, options)), `GET ${key}`);

      const put = await presign(client, { ...common, method: 'PUT' });
      t.same(
        parts(put.url),
        parts(await getSignedUrl(client, new PutObjectCommand(object), options)),
        `PUT ${key}`,
      );
      t.same(put.headers, {}, 'nothing but the URL is needed');

      const part = { uploadId: 'up~load_id+/=', partNumber: 17 };
      const signed = await presign(client, { ...common, method: 'PUT', part });
      const upload = new UploadPartCommand({
        ...object,
        UploadId: part.uploadId,
        PartNumber: part.partNumber,
      });
      t.same(parts(signed.url), parts(await getSignedUrl(client, upload, options)), `part ${key}`);
    }
  });
}

t.test('the owner of the bucket is signed into the query, in lower case', async (t) => {
  const { url } = await createPresigner().presign(s3Client('us-east-1'), {
    method: 'GET',
    location: { bucket: 'b-b', key: 'k' },
    region: 'us-east-1',
    bucketOwner: OWNER,
    seconds: 60,
    now: SAMPLE_TIME,
  });
  t.match(url, /[?&]x-amz-expected-bucket-owner=222222222222&/);
  t.equal(new URL(url).searchParams.get('X-Amz-SignedHeaders'), 'host');
});

t.test('a public endpoint takes the place of the one the broker uses', async (t) => {
  const { presign } = createPresigner({ publicEndpoint: 'https://files.example.org' });
  const { url } = await presign(s3Client('us-east-1', 'http://127.0.0.1:4566'), {
    method: 'PUT',
    location: { bucket: 'b-b', key: 'a/b' },
    region: 'us-east-1',
    bucketOwner: OWNER,
    seconds: 60,
    now: SAMPLE_TIME,
  });
  t.ok(url.startsWith('https://files.example.org/b-b/a/b?'), url);
});

t.test('expiresAt is when the signature ends, to the second', async (t) => {
  const sign = (seconds: number) =>
    createPresigner().presign(s3Client('us-east-1'), {
      method: 'GET',
      location: { bucket: 'b-b', key: 'k' },
      region: 'us-east-1',
      bucketOwner: OWNER,
      seconds,
      now: SAMPLE_TIME,
    });
  const minute = await sign(60.9);
  t.equal(new URL(minute.url).searchParams.get('X-Amz-Expires'), '60');
  t.equal(minute.expiresAt, Date.UTC(2026, 0, 2, 3, 5, 5));
  const longest = await sign(1e9);
  t.equal(new URL(longest.url).searchParams.get('X-Amz-Expires'), '604800', 'SigV4 allows a week');
});
