/** PutObject. */
import { AwsError } from '../contract.ts';
import { checkWrite, writeConditions } from './conditions.ts';
import type { Stores } from './objects.ts';
import { storeBody } from './receive.ts';
import type { ObjectRecord } from './records.ts';
import type { S3Call } from './request.ts';
import { setChecksum, storedHeaders } from './stored-headers.ts';

/**
 * Commits a record whose contents are new files. A refusal (a condition no longer holds) removes them; after a
 * failure of the disk they stay until the next start sweeps, for the metadata may have been written.
 */
export async function commitNewContents(
  stores: Stores,
  record: ObjectRecord,
  commit: () => Promise<void>,
): Promise<void> {
  try {
    await commit();
  } catch (error) {
    if (error instanceof AwsError) await stores.blobs.remove(record.segments);
    throw error;
  }
}

export async function putObject(call: S3Call, stores: Stores): Promise<void> {
  const { objects, clock, blobs } = stores;
  const { address, bucket, response } = call;
  call.authorizeObject('s3:PutObject');
  const headers = storedHeaders(call);
  const conditions = writeConditions(call);
  checkWrite(conditions, objects.find(address)); // refused here rather than after gigabytes
  const { segment, md5, checksum } = await storeBody(call, blobs);
  const record: ObjectRecord = {
    size: segment.size,
    etag: md5.toString('hex'),
    modifiedAt: clock(),
    headers,
    segments: [segment],
    checksum: checksum && { ...checksum, type: 'FULL_OBJECT' },
  };
  await commitNewContents(stores, record, () =>
    objects.commit(bucket.name, address, record, (current) => checkWrite(conditions, current)),
  );
  response.setHeader('etag', `"${record.etag}"`);
  if (record.checksum) setChecksum(response, record.checksum);
  response.end();
}
