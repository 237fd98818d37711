/** The objects of all buckets: finding, replacing and removing them without anyone seeing a state in between. */
import type { BucketRegistry, Clock } from '../contract.ts';
import type { Blobs } from './blobs.ts';
import { type Conditions, checkWrite } from './conditions.ts';
import { s3Error } from './errors.ts';
import { type Address, objectKey, scopeOf } from './keys.ts';
import type { Locks } from './locks.ts';
import type { Change, Meta } from './meta.ts';
import type { ObjectRecord, Segment } from './records.ts';

/** What the operations work with. */
export interface Stores {
  readonly meta: Meta;
  readonly blobs: Blobs;
  readonly locks: Locks;
  readonly registry: BucketRegistry;
  readonly clock: Clock;
  readonly objects: Objects;
}

export interface Objects {
  find(address: Address): ObjectRecord | undefined;
  /**
   * Makes a record the object at its address, together with further changes, if at that moment the bucket
   * exists and `guard`, given the current object, does not throw. On disk when it resolves.
   */
  commit(
    bucket: string,
    address: Address,
    record: ObjectRecord,
    guard: (current: ObjectRecord | undefined) => void,
    changes?: readonly Change[],
  ): Promise<void>;
  /** Removes objects in one durable write; those that do not exist count as removed. */
  remove(addresses: readonly Address[], conditions?: Conditions): Promise<void>;
}

/** Bucket names are global, so the name alone is locked, whoever owns it. */
export const bucketLock = (name: string): string => `bucket ${name}`;
const objectLock = ({ scope, key }: Address): string => `object ${scope}/${key}`;

/** Throws NoSuchBucket when the bucket has gone, or gone to another account, since the request began. */
export function checkBucket(registry: BucketRegistry, bucket: string, scope: string): void {
  const found = registry.bucket(bucket);
  if (!found || scopeOf(found) !== scope) throw s3Error('NoSuchBucket', undefined, { BucketName: bucket });
}

export function createObjects(stores: Omit<Stores, 'objects' | 'clock'>): Objects {
  const { meta, blobs, locks, registry } = stores;
  const find = (address: Address) => meta.get<ObjectRecord>(objectKey(address));

  async function commit(
    bucket: string,
    address: Address,
    record: ObjectRecord,
    guard: (current: ObjectRecord | undefined) => void,
    changes: readonly Change[] = [],
  ): Promise<void> {
    const replaced = await locks.shared(bucketLock(bucket), () =>
      locks.exclusive(objectLock(address), async () => {
        checkBucket(registry, bucket, address.scope);
        const current = find(address);
        guard(current);
        await meta.write([{ put: objectKey(address), value: record }, ...changes]);
        return current;
      }),
    );
    if (replaced) await blobs.remove(replaced.segments);
  }

  async function remove(addresses: readonly Address[], conditions: Conditions = {}): Promise<void> {
    const removed: Segment[] = [];
    await locks.exclusiveAll(addresses.map(objectLock), async () => {
      const changes: Change[] = [];
      const found = new Map(addresses.map((address) => [objectLock(address), address] as const));
      for (const address of found.values()) {
        const current = find(address);
        checkWrite(conditions, current);
        if (!current) continue;
        changes.push({ del: objectKey(address) });
        removed.push(...current.segments);
      }
      if (changes.length) await meta.write(changes);
    });
    await blobs.remove(removed);
  }

  return { find, commit, remove };
}
