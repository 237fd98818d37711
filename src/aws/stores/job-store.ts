/** Jobs in DynamoDB. */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { isTerminal } from '../../../services/jobs/lifecycle.ts';
import type { IdempotencyKey, JobStore } from '../../../services/ports.ts';
import { AppError } from '../../errors.ts';
import { type Job, job as jobShape } from '../../schemas/job.ts';
import type { Usage } from '../../schemas/limits.ts';
import { ABSENT, type Condition, ofVersion } from '../table/conditions.ts';
import type { Operation } from '../table/gathered-transactions.ts';
import type { ItemTable } from '../table/item-table.ts';
import { type Item, type Kind, toItem } from '../table/items.ts';
import {
  dueBefore,
  dueEntry,
  idempotencyKey,
  jobIndexKeys,
  jobKey,
  jobsPartition,
  LOST_PARTITION,
  listedBetween,
  lostIndexKeys,
  OPEN_SHARDS,
  openPartition,
} from '../table/table.ts';
import { usageOperation } from './usage-store.ts';

export const JOB: Kind<Job> = { name: 'job', schema: 1, shape: jobShape };

const idempotencyRecord = z.object({
  jobId: z.string(),
  requestHash: z.string(),
  expiresAtSeconds: z.number().int(),
});
export const IDEMPOTENCY: Kind<z.infer<typeof idempotencyRecord>> = {
  name: 'idempotency-key',
  schema: 1,
  shape: idempotencyRecord,
};

/** An idempotency key is remembered this long. */
const KEY_LIFE_MS = 24 * 3_600_000;
const ALL_SHARDS = Array.from({ length: OPEN_SHARDS }, (_, shard) => shard);
/** Rounds of a submit whose key expires while it is looked at. */
const MAX_ROUNDS = 3;

/** Creates the store of jobs. */
export function createJobStore(table: ItemTable): JobStore {
  const get = (jobId: string): Promise<Job | undefined> => table.read(JOB, jobKey(jobId));

  /** The job under an idempotency key at the time `now`; undefined if the key is free. */
  async function ofKey(
    ownerId: string,
    idempotency: IdempotencyKey,
    now: number,
  ): Promise<Job | 'key_reused' | undefined> {
    const record = await table.read(IDEMPOTENCY, idempotencyKey(ownerId, idempotency.key));
    if (!record || record.expiresAtSeconds <= seconds(now)) return undefined;
    if (record.requestHash !== idempotency.requestHash) return 'key_reused';
    const job = await get(record.jobId);
    if (!job) throw new AppError('conflict', 'the job of this Idempotency-Key was deleted');
    return job;
  }

  async function createAlone(job: Job): Promise<Job | 'key_reused'> {
    if (await table.write(itemOf(job), ABSENT)) return job;
    return existing(job);
  }

  /** The job of the same id, if it was made by the same request. */
  async function existing(job: Job): Promise<Job | 'key_reused'> {
    const stored = await get(job.jobId);
    if (stored) return sameRequest(stored, job) ? stored : 'key_reused';
    throw new AppError('conflict', 'the job was deleted while it was created again');
  }

  /** Job, key and usages in one transaction. */
  async function createTogether(
    job: Job,
    idempotency: IdempotencyKey | undefined,
    usages: readonly Usage[],
  ): Promise<Job | 'key_reused' | 'usage_changed'> {
    const operations: Operation[] = [
      { put: itemOf(job), condition: ABSENT },
      ...(idempotency ? [keyOperation(job, idempotency)] : []),
      ...usages.map(usageOperation),
    ];
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const outcome = await table.transact(operations);
      if (outcome === 'written') return job;
      const known = idempotency && (await ofKey(job.ownerId, idempotency, job.createdAt));
      if (known) return known;
      if (outcome[0]) return existing(job);
      if (outcome.slice(idempotency ? 2 : 1).includes(true)) return 'usage_changed';
    }
    throw new AppError('unavailable', 'the Idempotency-Key is being used by too many requests at once');
  }

  return {
    get,
    ofKey,

    async create(job, idempotency, usages = []) {
      try {
        const alone = !idempotency && usages.length === 0;
        return await (alone ? createAlone(job) : createTogether(job, idempotency, usages));
      } catch (error) {
        // The answer may have been lost after the effect, and another process may have moved the job since.
        const stored = error instanceof AppError && error.code === 'unavailable' && (await get(job.jobId));
        if (stored) return sameRequest(stored, job) ? stored : 'key_reused';
        throw error;
      }
    },

    listByOwner(ownerId, { created, ...options }) {
      const between = created && listedBetween(created.from, created.before);
      return table.page(JOB, { index: 'gsi1', partition: jobsPartition(ownerId) }, { ...options, between });
    },

    async due(now, limit, shards = ALL_SHARDS) {
      // Twice an even share: hashing spreads jobs evenly, and what a busy shard still holds comes next time.
      const share = Math.min(limit, Math.ceil((2 * limit) / Math.max(1, shards.length)) + 4);
      const found = shards.map((shard) => table.openKeys(openPartition(shard), dueBefore(now), share));
      const keys = (await Promise.all(found)).flat().sort();
      return keys.slice(0, limit).map((key) => dueEntry(key).jobId);
    },

    async lostDue(now, limit) {
      const keys = await table.openKeys(LOST_PARTITION, dueBefore(now), limit);
      return keys.map((key) => dueEntry(key).jobId);
    },

    async replace(next, usages = []) {
      const [item, condition] = [itemOf(next), ofVersion(next.version - 1)];
      if (usages.length === 0) return table.write(item, condition);
      const operations = [{ put: item, condition }, ...usages.map(usageOperation)];
      return (await table.transact(operations)) === 'written';
    },

    async remove(job) {
      const operation = { remove: jobKey(job.jobId), condition: ofVersion(job.version) };
      return (await table.transact([operation])) === 'written';
    },
  };
}

/** True if two jobs of one id were asked for alike: by the hash of the request, or for want of it by what they show. */
function sameRequest(stored: Job, asked: Job): boolean {
  if (stored.ownerId !== asked.ownerId) return false;
  if (stored.requestHash && asked.requestHash) return stored.requestHash === asked.requestHash;
  // As it is stored: without what is undefined.
  const shown = ({ task, unitId, alias, output }: Job): unknown =>
    JSON.parse(JSON.stringify({ task, unitId, alias, output }));
  return isDeepStrictEqual(shown(stored), shown(asked));
}

/** The write of an idempotency key: it is free, or has expired. */
function keyOperation(job: Job, { key, requestHash }: IdempotencyKey): Operation {
  const expiresAtSeconds = seconds(job.createdAt + KEY_LIFE_MS);
  const record = { jobId: job.jobId, requestHash, expiresAtSeconds };
  return {
    put: toItem(IDEMPOTENCY, idempotencyKey(job.ownerId, key), record, { expiresAtSeconds }),
    condition: absentOrExpired(job.createdAt),
  };
}

/** Terminal jobs leave the index of open jobs, whatever their dueAt says; those looked at again are in one of their own. */
function itemOf(job: Job): Item {
  if (isTerminal(job.state) && job.lookAgainAt !== undefined) {
    const place = lostIndexKeys(job, job.lookAgainAt);
    return toItem(JOB, jobKey(job.jobId), job, { ...place, version: job.version });
  }
  const open = isTerminal(job.state) ? { ...job, dueAt: undefined } : job;
  return toItem(JOB, jobKey(job.jobId), job, { ...jobIndexKeys(open), version: job.version });
}

/** DynamoDB deletes expired items late: an expired key counts as absent. */
function absentOrExpired(now: number): Condition {
  return {
    ConditionExpression: 'attribute_not_exists(pk) OR expiresAtSeconds <= :now',
    ExpressionAttributeValues: { ':now': seconds(now) },
  };
}

const seconds = (ms: number): number => Math.floor(ms / 1000);
