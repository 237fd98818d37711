/** Jobs in DynamoDB. */
import { z } from 'zod';
import { isTerminal } from '../../services/lifecycle.ts';
import type { JobStore } from '../../services/ports.ts';
import { AppError } from '../errors.ts';
import { type Job, job as jobShape } from '../schemas/job.ts';
import { ABSENT, type Condition, ofVersion } from './conditions.ts';
import type { ItemTable } from './item-table.ts';
import { type Item, type Kind, toItem } from './items.ts';
import {
  dueBefore,
  dueEntry,
  idempotencyKey,
  jobIndexKeys,
  jobKey,
  jobsPartition,
  OPEN_SHARDS,
  openPartition,
} from './table.ts';

const JOB: Kind<Job> = { name: 'job', schema: 1, shape: jobShape };

const idempotencyRecord = z.object({
  jobId: z.string(),
  requestHash: z.string(),
  expiresAtSeconds: z.number().int(),
});
const IDEMPOTENCY: Kind<z.infer<typeof idempotencyRecord>> = {
  name: 'idempotency-key',
  schema: 1,
  shape: idempotencyRecord,
};

/** An idempotency key is remembered this long. */
const KEY_LIFE_MS = 24 * 3_600_000;
/** Rounds of a submit whose key expires while it is looked at. */
const MAX_ROUNDS = 3;

/** Creates the store of jobs. */
export function createJobStore(table: ItemTable): JobStore {
  const get = (jobId: string): Promise<Job | undefined> => table.read(JOB, jobKey(jobId));

  /** The job under an idempotency key at the time `now`; undefined if the key is free. */
  async function jobOfKey(
    ownerId: string,
    idempotency: { key: string; requestHash: string },
    now: number,
  ): Promise<Job | 'key_reused' | undefined> {
    const record = await table.read(IDEMPOTENCY, idempotencyKey(ownerId, idempotency.key));
    if (!record || record.expiresAtSeconds <= seconds(now)) return undefined;
    if (record.requestHash !== idempotency.requestHash) return 'key_reused';
    const job = await get(record.jobId);
    if (!job) throw new AppError('conflict', 'the job of this Idempotency-Key was deleted');
    return job;
  }

  async function createAlone(job: Job): Promise<Job> {
    if (await table.write(itemOf(job), ABSENT)) return job;
    const stored = await get(job.jobId);
    if (stored) return stored;
    throw new AppError('conflict', 'the job was deleted while it was created again');
  }

  async function createUnderKey(
    job: Job,
    idempotency: { key: string; requestHash: string },
  ): Promise<Job | 'key_reused'> {
    const item = itemOf(job);
    const expiresAtSeconds = seconds(job.createdAt + KEY_LIFE_MS);
    const record = toItem(
      IDEMPOTENCY,
      idempotencyKey(job.ownerId, idempotency.key),
      { jobId: job.jobId, requestHash: idempotency.requestHash, expiresAtSeconds },
      { expiresAtSeconds },
    );
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const outcome = await table.transact([
        { put: item, condition: ABSENT },
        { put: record, condition: absentOrExpired(job.createdAt) },
      ]);
      if (outcome === 'written') return job;
      const existing = await jobOfKey(job.ownerId, idempotency, job.createdAt);
      if (existing) return existing;
      const [jobExists] = outcome;
      const same = jobExists ? await get(job.jobId) : undefined;
      if (same) return same;
    }
    throw new AppError('unavailable', 'the Idempotency-Key is being used by too many requests at once');
  }

  return {
    get,

    async create(job, idempotency) {
      try {
        return await (idempotency ? createUnderKey(job, idempotency) : createAlone(job));
      } catch (error) {
        // The answer may have been lost after the effect, and another process may have moved the job since.
        const stored = error instanceof AppError && error.code === 'unavailable' && (await get(job.jobId));
        if (stored) return stored;
        throw error;
      }
    },

    listByOwner(ownerId, options) {
      return table.page(JOB, { index: 'gsi1', partition: jobsPartition(ownerId) }, options);
    },

    async due(now, limit) {
      // Twice an even share: hashing spreads jobs evenly, and what a busy shard still holds comes next time.
      const share = Math.min(limit, Math.ceil((2 * limit) / OPEN_SHARDS) + 4);
      const shards = Array.from({ length: OPEN_SHARDS }, (_, shard) =>
        table.openKeys(openPartition(shard), dueBefore(now), share),
      );
      const keys = (await Promise.all(shards)).flat().sort();
      return keys.slice(0, limit).map((key) => dueEntry(key).jobId);
    },

    replace(next) {
      return table.write(itemOf(next), ofVersion(next.version - 1));
    },

    async remove(job) {
      const operation = { remove: jobKey(job.jobId), condition: ofVersion(job.version) };
      return (await table.transact([operation])) === 'written';
    },
  };
}

/** Terminal jobs leave the index of open jobs, whatever their dueAt says. */
function itemOf(job: Job): Item {
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
