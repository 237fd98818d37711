/** What the operator's view needs from the table. */
import type { QUEUES } from '../../src/schemas/figures.ts';

export type QueueName = (typeof QUEUES)[number];

export interface QueueStore {
  /** Open jobs, at most about `limit`; `more` if there may be others. */
  openJobs(limit: number): Promise<{ jobs: { jobId: string; dueAt: number }[]; more: boolean }>;
  /** How much waits, counted up to `limit`, and since when the first of it is due (which may be in the future). */
  depth(
    queue: QueueName,
    limit: number,
  ): Promise<{ waiting: number; more: boolean; oldestDueAt: number | undefined }>;
}
