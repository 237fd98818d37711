/** Operations on buckets as such. Names and owners live in the registry; dates and CORS rules in the metadata. */
import type { CorsRule, RegisteredBucket } from '../contract.ts';
import { isoDate, sendNoContent, sendXml } from './answers.ts';
import { s3Error } from './errors.ts';
import { bucketKey, objectRange, parseUploadKey, partRange, scopeOf, uploadRange } from './keys.ts';
import type { Change, Meta } from './meta.ts';
import { bucketLock, checkBucket, type Stores } from './objects.ts';
import { readText } from './receive.ts';
import type { BucketRecord, PartRecord, Segment, UploadRecord } from './records.ts';
import type { S3Call } from './request.ts';
import { parseXml, text } from './xml.ts';

/** The one region where S3 knows no location constraint. */
const FIRST_REGION = 'us-east-1';
const MAX_DOCUMENT = 64 * 1024;

/** The rules in force: those set through the API, else those of the stack. */
export function corsRules(meta: Meta, bucket: RegisteredBucket): readonly CorsRule[] {
  return meta.get<BucketRecord>(bucketKey(scopeOf(bucket)))?.cors ?? bucket.cors ?? [];
}

/** Buckets of stacks get their date when they are first listed. */
async function datedBuckets({ registry, meta, clock }: Stores, accountId: string) {
  const missing: Change[] = [];
  const dated = registry.buckets(accountId).map((bucket) => {
    const key = bucketKey(scopeOf(bucket));
    const known = meta.get<BucketRecord>(key);
    const record = known ?? { createdAt: clock() };
    if (!known) missing.push({ put: key, value: record });
    return { bucket, createdAt: record.createdAt };
  });
  if (missing.length) await meta.write(missing);
  return dated.sort((a, b) => (a.bucket.name < b.bucket.name ? -1 : 1));
}

export async function listBuckets(call: S3Call, stores: Stores): Promise<void> {
  const { accountId } = call.context;
  call.context.authorize('s3:ListAllMyBuckets', 'arn:aws:s3:::*');
  const dated = await datedBuckets(stores, accountId);
  sendXml(call, 'ListAllMyBucketsResult', {
    Owner: { ID: accountId },
    Buckets: {
      Bucket: dated.map(({ bucket, createdAt }) => ({
        Name: bucket.name,
        CreationDate: isoDate(createdAt),
        BucketRegion: bucket.region,
      })),
    },
  });
}

/** Throws IllegalLocationConstraintException unless the body names the region that the request was signed for. */
async function checkLocation(call: S3Call): Promise<void> {
  const { region } = call.context;
  const hasBody =
    Number(call.header('content-length') ?? 0) > 0 || call.header('transfer-encoding') !== undefined;
  const body = hasBody ? await readText(call, MAX_DOCUMENT) : '';
  const constraint = body
    ? text(parseXml(body, 'CreateBucketConfiguration'), 'LocationConstraint')
    : undefined;
  const expected = region === FIRST_REGION ? undefined : region;
  if ((constraint || undefined) === expected) return;
  throw s3Error(
    'IllegalLocationConstraintException',
    `The ${constraint || 'unspecified'} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  );
}

export async function createBucket(call: S3Call, { registry, locks, meta, clock }: Stores): Promise<void> {
  const { context, bucket, response, address } = call;
  const owner = registry.bucketOwner(bucket.name);
  if (owner !== undefined && owner !== context.accountId) throw s3Error('BucketAlreadyExists');
  call.authorizeBucket('s3:CreateBucket');
  await checkLocation(call);
  await locks.exclusive(bucketLock(bucket.name), async () => {
    const current = registry.bucket(bucket.name);
    if (current && current.accountId !== context.accountId) throw s3Error('BucketAlreadyExists');
    // S3 keeps its oldest region's old habit: creating one's own bucket again succeeds there.
    if (current && current.region !== FIRST_REGION) throw s3Error('BucketAlreadyOwnedByYou');
    if (current) return;
    await registry.createBucket(bucket.name, context.accountId, context.region);
    const record: BucketRecord = { createdAt: clock() };
    await meta.write([{ put: bucketKey(address.scope), value: record }]);
  });
  response.setHeader('location', `/${bucket.name}`);
  response.end();
}

export async function headBucket(call: S3Call): Promise<void> {
  call.authorizeBucket('s3:ListBucket');
  call.response.setHeader('x-amz-bucket-region', call.bucket.region);
  call.response.end();
}

export async function getBucketLocation(call: S3Call): Promise<void> {
  call.authorizeBucket('s3:GetBucketLocation');
  const { region } = call.bucket;
  sendXml(call, 'LocationConstraint', { '#text': region === FIRST_REGION ? '' : region });
}

/** What open multipart uploads of a bucket hold; S3 drops them with the bucket. */
async function openUploads(
  { meta }: Stores,
  scope: string,
): Promise<{ changes: Change[]; segments: Segment[] }> {
  const changes: Change[] = [];
  const segments: Segment[] = [];
  for (const [key] of await meta.entries<UploadRecord>(uploadRange(scope, ''))) {
    changes.push({ del: key });
    const { uploadId } = parseUploadKey(scope, key);
    for (const [partKey, part] of await meta.entries<PartRecord>(partRange(uploadId))) {
      changes.push({ del: partKey });
      segments.push(part.segment);
    }
  }
  return { changes, segments };
}

export async function deleteBucket(call: S3Call, stores: Stores): Promise<void> {
  const { registry, locks, meta, blobs } = stores;
  const { bucket, address } = call;
  call.authorizeBucket('s3:DeleteBucket');
  const segments = await locks.exclusive(bucketLock(bucket.name), async () => {
    checkBucket(registry, bucket.name, address.scope);
    const [first] = await meta.entries(objectRange(address.scope, ''), 1);
    if (first) throw s3Error('BucketNotEmpty', undefined, { BucketName: bucket.name });
    const open = await openUploads(stores, address.scope);
    // The name goes last: killed in between, the bucket is still there, without rules and uploads.
    await meta.write([...open.changes, { del: bucketKey(address.scope) }]);
    await registry.deleteBucket(bucket.name);
    return open.segments;
  });
  await blobs.remove(segments);
  sendNoContent(call);
}
