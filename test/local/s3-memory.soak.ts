/** Large objects stream through: the server's memory does not grow with them. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import t from 'tap';
import { PROCESS_BUCKET as Bucket, startServerProcess } from '../contract/s3-process.ts';
import { SECRET } from '../contract/s3-server.ts';

const MIB = 1024 * 1024;
const SIZE = 300 * MIB;
/** Buffers that the collector has not come to yet; a server that kept the object would need 300 MiB more. */
const GROWTH = 120 * MIB;

t.test('300 MB go in and come out with little memory', async (t) => {
  const server = await startServerProcess(t.testdir());
  const s3 = new S3Client({
    endpoint: server.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIAHUB', secretAccessKey: SECRET },
    forcePathStyle: true,
  });
  t.teardown(async () => {
    s3.destroy();
    await server.kill();
  });
  const block = Buffer.alloc(MIB);
  for (let i = 0; i < MIB; i += 4) block.writeUInt32LE(Math.imul(i, 2_654_435_761) >>> 0, i);
  const put = (Key: string, size: number) => {
    const blocks = (function* () {
      for (let left = size; left > 0; left -= MIB) yield block;
    })();
    const Body = Readable.from(blocks, { objectMode: false });
    return s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentLength: size }));
  };
  await put('warm', 20 * MIB);
  const before = await server.peakMemory();

  const started = performance.now();
  const { ETag } = await put('big', SIZE);
  const stored = performance.now();
  const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'big' }));
  const md5 = createHash('md5');
  for await (const chunk of got.Body as Readable) md5.update(chunk);
  const read = performance.now();
  t.equal(ETag, `"${md5.digest('hex')}"`);
  const growth = (await server.peakMemory()) - before;
  const rate = (ms: number) => `${Math.round(SIZE / 1e3 / ms)} MB/s`;
  t.comment(`peak +${Math.round(growth / MIB)} MiB on ${Math.round(before / MIB)} MiB`);
  t.comment(`put ${rate(stored - started)}, get ${rate(read - stored)}`);
  t.ok(growth < GROWTH, `peak memory grew by ${Math.round(growth / MIB)} MiB`);
});
