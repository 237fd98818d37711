/**
 * Open jobs that have used more time than they may, as a process finds them when it looks at them: no index sorts jobs by
 * age, and every open job is looked at from time to time. Few, unless something is wrong.
 */
import type { Job } from '../../src/schemas/job.ts';
import { isTerminal, isUnstarted } from '../jobs/lifecycle.ts';
import type { Clock } from '../ports.ts';
import { D_JOB_MS, D_ROOM_MS } from './deadlines.ts';

/** Longer than any pause between two looks: who was not looked at since has ended, or is somebody else's. */
const KEPT_MS = D_ROOM_MS + 5 * 60_000;
const MAX_KEPT = 1_000;
/** Told to the others with every sign of life. */
const MAX_TOLD = 5;

export interface LateJobs {
  /** A job as it was read for its next step. */
  seen(job: Job): void;
  /** Ids of those that have used the most time. */
  oldest(): string[];
}

/** Creates the memory of one broker process. */
export function createLateJobs(clock: Clock): LateJobs {
  const late = new Map<string, { beganAt: number; seenAt: number }>();
  return {
    seen(job) {
      late.delete(job.jobId);
      const now = clock();
      const beganAt = job.deadlineAt - D_JOB_MS;
      if (isTerminal(job.state) || now - beganAt <= (isUnstarted(job) ? D_ROOM_MS : D_JOB_MS)) return;
      const [first] = late.keys();
      if (late.size >= MAX_KEPT) late.delete(first);
      late.set(job.jobId, { beganAt, seenAt: now });
    },
    oldest() {
      const now = clock();
      for (const [jobId, { seenAt }] of late) if (now - seenAt > KEPT_MS) late.delete(jobId);
      return [...late]
        .sort(([, a], [, b]) => a.beganAt - b.beganAt)
        .slice(0, MAX_TOLD)
        .map(([jobId]) => jobId);
    },
  };
}
