/** kill -9 while many write: what was acknowledged is there and whole, nothing else can be seen or stays. */
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import t, { type Test } from 'tap';
import { PROCESS_BUCKET as Bucket, startServerProcess } from '../contract/s3-process.ts';
import { SECRET } from '../contract/s3-server.ts';

const ROUNDS = 4;
const WRITERS = 6;

const sha = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

/** What a key may hold: every content whose write was begun since the last acknowledged one, and that one. */
type Expected = Map<string, { acknowledged: string | undefined; begun: Set<string | undefined> }>;

function createClient(endpoint: string): S3Client {
  const credentials = { accessKeyId: 'AKIAHUB', secretAccessKey: SECRET };
  return new S3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true, maxAttempts: 1 });
}

/** Does one write at a time on its own keys until the server is gone. */
async function write(s3: S3Client, expected: Expected, writer: number): Promise<number> {
  for (let i = 0; ; i++) {
    const Key = `${writer}/${i % 5}`;
    const state = expected.get(Key) ?? { acknowledged: undefined, begun: new Set() };
    expected.set(Key, state);
    const Body = randomBytes(1 + ((i * 7919) % 200_000));
    const content = i % 7 === 6 ? undefined : sha(Body);
    state.begun.add(content);
    try {
      if (content === undefined) await s3.send(new DeleteObjectCommand({ Bucket, Key }));
      else if (i % 7 === 3) await putInParts(s3, Key, Body);
      else await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
    } catch {
      return i; // the server was killed
    }
    state.acknowledged = content;
    state.begun = new Set();
  }
}

async function putInParts(s3: S3Client, Key: string, Body: Buffer): Promise<void> {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const part = { Bucket, Key, UploadId, PartNumber: 1 };
  const { ETag } = await s3.send(new UploadPartCommand({ ...part, Body }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }));
}

async function contents(s3: S3Client): Promise<Map<string, string>> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
  const found = new Map<string, string>();
  for (const { Key } of Contents) {
    const got = await s3.send(new GetObjectCommand({ Bucket, Key }));
    found.set(Key!, sha(await got.Body!.transformToByteArray()));
  }
  return found;
}

/** Every key holds what was acknowledged last, or what was begun since; that is then what it is known to hold. */
function check(t: Test, expected: Expected, found: Map<string, string>, when: string): void {
  for (const [key, state] of expected) {
    const content = found.get(key);
    t.ok(content === state.acknowledged || state.begun.has(content), `${key} ${when}`);
    state.acknowledged = content;
    state.begun = new Set();
  }
}

t.test('acknowledged writes survive kill -9, others are whole or absent', async (t) => {
  const dir = t.testdir();
  const expected: Expected = new Map();
  let writes = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const server = await startServerProcess(dir);
    const s3 = createClient(server.endpoint);
    const found = await contents(s3);
    check(t, expected, found, `in round ${round}`);
    t.same(readdirSync(join(dir, 's3', 'tmp')), [], 'nothing half-written is left');
    const working = Array.from({ length: WRITERS }, (_, writer) => write(s3, expected, writer));
    await delay(500 + round * 53);
    await server.kill();
    writes += (await Promise.all(working)).reduce((sum, done) => sum + done, 0);
    s3.destroy();
  }
  t.comment(`${writes} acknowledged writes`);
  t.ok(writes > ROUNDS * WRITERS, 'the writers got something done');

  const server = await startServerProcess(dir);
  const s3 = createClient(server.endpoint);
  const found = await contents(s3);
  check(t, expected, found, 'at the end');
  const blobs = readdirSync(join(dir, 's3', 'blobs'), { recursive: true, withFileTypes: true });
  await server.kill();
  s3.destroy();
  const files = blobs.filter((entry) => entry.isFile()).length;
  t.ok(
    files >= found.size && files <= found.size + ROUNDS * WRITERS,
    'contents: those of objects and open parts',
  );
});
