/** Uploads in parts against the embedded S3, in the account of a researcher. */
import t from 'tap';
import { CloudError } from '../../services/ports.ts';
import { startTestCloud } from '../helpers/cloud.ts';

const MIB = 2 ** 20;

t.test('R60: parts go straight to the bucket of the researcher and become the object', async (t) => {
  const { unitCloud, mode2 } = await startTestCloud(t);
  const location = {
    bucket: mode2.dataBucket,
    key: 'mroptimum/owner-1/uploads/01JGK000000000000000DATA01.dat',
  };
  const uploadId = await unitCloud.beginUpload(mode2, location);
  const signed = await unitCloud.presignParts(mode2, location, uploadId, [1, 2], 600);
  const bodies = [Buffer.alloc(5 * MIB, 1), Buffer.alloc(3, 2)];
  const parts = await Promise.all(
    signed.map(async ({ url, partNumber, expiresAt }, index) => {
      t.match(url, /x-amz-expected-bucket-owner=222222222222/);
      t.ok(expiresAt > Date.now());
      const answer = await fetch(url, { method: 'PUT', body: bodies[index] });
      t.equal(answer.status, 200);
      return { partNumber, etag: (answer.headers.get('etag') ?? '').replaceAll('"', '') };
    }),
  );
  await t.rejects(
    unitCloud.completeUpload(mode2, location, uploadId, [{ partNumber: 1, etag: '0'.repeat(32) }, parts[1]]),
    { name: 'CloudError', problem: 'invalid', awsCode: 'InvalidPart' },
  );
  await unitCloud.completeUpload(mode2, location, uploadId, parts);
  t.equal((await unitCloud.headObject(mode2, location)).sizeBytes, 5 * MIB + 3);

  const second = await unitCloud.beginUpload(mode2, location);
  await unitCloud.abortUpload(mode2, location, second);
  await t.rejects(unitCloud.completeUpload(mode2, location, second, parts), {
    name: 'CloudError',
    problem: 'not_found',
  });
});

t.test('an empty file has no parts: its object is written at once', async (t) => {
  const { unitCloud, mode2 } = await startTestCloud(t);
  const key = 'mroptimum/owner-1/uploads/01JGK000000000000000DATA02.dat';
  const location = { bucket: mode2.dataBucket, key };
  await unitCloud.putEmpty(mode2, location);
  t.equal((await unitCloud.headObject(mode2, location)).sizeBytes, 0);
  const { url } = await unitCloud.presignGet(mode2, location, 'empty.dat', 600);
  const answer = await fetch(url);
  t.equal(answer.status, 200);
  t.equal((await answer.arrayBuffer()).byteLength, 0);
});

t.test('T6: a bucket that belongs to another account is not written to', async (t) => {
  const { unitCloud, mode2 } = await startTestCloud(t);
  const key = 'mroptimum/owner-1/uploads/x.dat';
  const foreign = { ...mode2, dataBucket: 'mode1-private' };
  const location = { bucket: foreign.dataBucket, key };
  await t.rejects(unitCloud.beginUpload(foreign, location), CloudError);
  await t.rejects(unitCloud.beginUpload(mode2, location), { name: 'CloudError', awsCode: 'WrongBucket' });
  await t.rejects(unitCloud.beginUpload(mode2, { bucket: mode2.dataBucket, key: 'elsewhere/x' }), {
    name: 'CloudError',
    awsCode: 'WrongKey',
  });
});
