/** What lies on disk: nothing readers need goes, nothing unneeded stays, everything survives a restart. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import t, { type Test } from 'tap';
import { failure } from '../contract/s3-env.ts';
import { createTestRegistry, SECRET, startTestServer } from '../contract/s3-server.ts';

const Bucket = 'bucket';
const Key = 'k';

async function start(t: Test, dir: string) {
  const registry = createTestRegistry([{ name: Bucket, accountId: '111111111111', region: 'us-east-1' }]);
  const server = await startTestServer({ dir, registry });
  const s3 = new S3Client({
    endpoint: server.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIAHUB', secretAccessKey: SECRET },
    forcePathStyle: true,
    maxAttempts: 1,
  });
  let stopped = false;
  const stop = async () => {
    if (!stopped) await server.close();
    stopped = true;
    s3.destroy();
  };
  t.teardown(stop);
  return { server, s3, stop };
}

function blobs(dir: string): string[] {
  return readdirSync(join(dir, 's3', 'blobs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);
}

/** Waits until a condition holds that the server brings about after its answer. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

t.test('a reader gets the object it began with, though it is replaced and removed meanwhile', async (t) => {
  const dir = t.testdir();
  const { s3, server } = await start(t, dir);
  const old = Buffer.alloc(30_000_000, 'old ');
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: old }));
  const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key }));
  const response = await new Promise<IncomingMessage>((resolve) => get(url, resolve));
  response.pause();
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'new' }));
  await s3.send(new DeleteObjectCommand({ Bucket, Key }));
  t.equal(blobs(dir).length, 1, 'the old content stays for its reader');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  t.ok(Buffer.concat(chunks).equals(old));
  await until(() => blobs(dir).length === 0);
  t.same(server.faults, []);
});

t.test('a reader that leaves early lets the content go', async (t) => {
  const dir = t.testdir();
  const { s3, server } = await start(t, dir);
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.alloc(30_000_000) }));
  const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key }));
  const response = await new Promise<IncomingMessage>((resolve) => get(url, resolve));
  await s3.send(new DeleteObjectCommand({ Bucket, Key }));
  t.equal(blobs(dir).length, 1);
  response.destroy();
  await until(() => blobs(dir).length === 0);
  t.same(server.faults, [], 'a reader who leaves is no fault');
});

t.test('replaced, removed, aborted and left-out contents are removed', async (t) => {
  const dir = t.testdir();
  const { s3 } = await start(t, dir);
  const put = (Body: string, key = Key, more = {}) =>
    s3.send(new PutObjectCommand({ Bucket, Key: key, Body, ...more }));
  await put('1');
  await put('2');
  t.equal(blobs(dir).length, 1, 'replaced');
  await failure(put('3', Key, { IfNoneMatch: '*' }));
  const race = Array.from({ length: 6 }, (_, i) => failure(put(`${i}`, 'race', { IfNoneMatch: '*' })));
  await Promise.all(race);
  t.equal(blobs(dir).length, 2, 'refused');
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'race' }));
  t.equal(blobs(dir).length, 1, 'removed');
  await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/${Key}` }));
  await s3.send(new DeleteObjectCommand({ Bucket, Key }));
  const copy = await s3.send(new GetObjectCommand({ Bucket, Key: 'copy' }));
  t.equal(await copy.Body!.transformToString(), '2', 'a copy does not need its source');

  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const upload = { Bucket, Key, UploadId };
  const part = (PartNumber: number) =>
    s3.send(new UploadPartCommand({ ...upload, PartNumber, Body: `part ${PartNumber}` }));
  await Promise.all([part(1), part(2), part(2), part(3)]);
  const { ETag } = await part(2);
  t.equal(blobs(dir).length, 4, 'parts');
  const MultipartUpload = { Parts: [{ PartNumber: 2, ETag }] };
  await s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload }));
  t.equal(blobs(dir).length, 2, 'left out');
  const other = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const aborted = { Bucket, Key, UploadId: other.UploadId };
  await s3.send(new UploadPartCommand({ ...aborted, PartNumber: 1, Body: 'x' }));
  await s3.send(new AbortMultipartUploadCommand(aborted));
  t.equal(blobs(dir).length, 2, 'aborted');
});

t.test('a restart finds objects and open uploads, and sweeps what belongs to none', async (t) => {
  const dir = t.testdir();
  const first = await start(t, dir);
  await first.s3.send(new PutObjectCommand({ Bucket, Key, Body: 'kept', Metadata: { a: 'b' } }));
  const { UploadId } = await first.s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'parts' }));
  const upload = { Bucket, Key: 'parts', UploadId };
  const { ETag } = await first.s3.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: 'part' }));
  await first.stop();
  const known = blobs(dir);
  const orphan = 'ab'.repeat(16);
  mkdirSync(join(dir, 's3', 'blobs', 'ab'), { recursive: true });
  writeFileSync(join(dir, 's3', 'blobs', 'ab', orphan), 'renamed, but the process died before the metadata');
  writeFileSync(join(dir, 's3', 'tmp', orphan), 'half');

  const second = await start(t, dir);
  t.same(blobs(dir), known);
  t.same(readdirSync(join(dir, 's3', 'tmp')), []);
  const got = await second.s3.send(new GetObjectCommand({ Bucket, Key }));
  t.same([await got.Body!.transformToString(), got.Metadata], ['kept', { a: 'b' }]);
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  await second.s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload }));
  const completed = await second.s3.send(new HeadObjectCommand({ Bucket, Key: 'parts' }));
  t.equal(completed.ContentLength, 4);
});

t.test('contents that somebody removed from disk are a fault, not an empty object', async (t) => {
  const dir = t.testdir();
  const { s3, server } = await start(t, dir);
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'gone' }));
  rmSync(join(dir, 's3', 'blobs', blobs(dir)[0].slice(0, 2), blobs(dir)[0]));
  const outcome = await failure(s3.send(new GetObjectCommand({ Bucket, Key })));
  t.not(outcome.name, 'no error');
  t.match(server.faults, [{ code: 'ENOENT' }]);
});

t.test('two processes do not share a folder', async (t) => {
  const dir = t.testdir();
  await start(t, dir);
  await t.rejects(start(t, dir), { code: 'LEVEL_DATABASE_NOT_OPEN' });
});
