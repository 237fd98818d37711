/** The checksum that the worker foretells of an object is the one that S3 computes, however large the object is. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { createStoredChecksum } from '../../compute/formats/stored-checksum.ts';
import { UPLOAD_PART_BYTES } from '../../src/schemas/execution.ts';
import { BUCKETS, startUnit } from './helpers/unit.ts';

const unit = await startUnit(t);
const folder = mkdtempSync(join(tmpdir(), 'stored-checksum-'));
t.teardown(() => rmSync(folder, { recursive: true }));

t.test('F17: S3 says of an upload what the worker has computed, in one part or in several', async (t) => {
  const location = { bucket: BUCKETS.results, key: 'mroptimum/user-1/job-1/0/result.zip' };
  const path = join(folder, 'result.zip');
  for (const [size, parts] of [
    [0, 1],
    [5, 1],
    [UPLOAD_PART_BYTES, 1],
    [UPLOAD_PART_BYTES + 1, 2],
    [2 * UPLOAD_PART_BYTES, 2],
  ]) {
    const bytes = randomBytes(size);
    writeFileSync(path, bytes);
    await unit.objects.upload(path, location, { contentType: 'application/zip', metadata: {} });
    const checksum = createStoredChecksum(UPLOAD_PART_BYTES);
    // As a stream brings them: in pieces that know nothing of parts.
    for (let at = 0; at < size; at += 1_000_003) checksum.update(bytes.subarray(at, at + 1_000_003));
    const foretold = checksum.digest();
    t.equal((await unit.objects.head(location))?.checksumSHA256, foretold, `${size} bytes`);
    t.equal(Number(foretold.split('-')[1] ?? 1), parts);
  }
  await unit.put(location.bucket, location.key, 'of somebody else');
  t.equal((await unit.objects.head(location))?.checksumSHA256, undefined, 'the SDK alone leaves another one');
});
