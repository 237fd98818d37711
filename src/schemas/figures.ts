/**
 * Figures of the broker's work: what each process tells the others of itself, and what is written into the log once a
 * minute. The stack of the broker makes metrics of those lines and alarms of the metrics
 * (infra/scripts/broker-alarms.ts), by the names below.
 */
import { z } from 'zod';
import { budgetedOperation } from './quotas.ts';

/** Upper ends of the ages by which open jobs are counted, in seconds; the last class has none. */
export const AGE_LIMITS = [60, 300, 1_800, 7_200, 22_200] as const;
/** Work that waits in the table for its time. */
export const QUEUES = ['webhooks', 'mails', 'lost-jobs', 'unit-checks'] as const;

const count = z.number().nonnegative().default(0);

/** Counts of the last 5 minutes, of the last hour, of the last day. */
export const windowCounts = z.tuple([count, count, count]);
export type WindowCounts = z.infer<typeof windowCounts>;

/** What a process says of itself with every sign of life. Small: it is written every two seconds. */
export const processFigures = z.object({
  lagMs: count,
  steps: count,
  failedSteps: count,
  setAside: count,
  lists: count,
  listed: count,
  orphansStopped: count,
  refused: count,
  /** Open jobs that have used more time than they may: the oldest that it has looked at. */
  late: z.array(z.string()).default([]),
  /** The most used budgets: account, region, operation, calls of the bucket that are used. */
  budgets: z.array(z.tuple([z.string(), z.string(), budgetedOperation, count])).default([]),
  /** By kind and code: `job unsupported_sequence`, `request not_found`. */
  errors: z.record(z.string(), windowCounts).default({}),
});
export type ProcessFigures = z.infer<typeof processFigures>;

/** The line that one process writes for all. */
export const ALL_LINE = 'figures of all';
/** The line that each process writes of its last minute, and when it closes. */
export const PROCESS_LINE = 'figures of this process';

/** Of the moment. */
export interface AllFigures {
  readonly openJobs: number;
  /** Since the attempt began, or its unit was last found paused: the time of D_JOB_MS. */
  readonly oldestOpenSeconds: number;
  /** The same of jobs that have not been started. */
  readonly oldestWaitingSeconds: number;
  readonly sweepLagSeconds: number;
  readonly jobsSetAside: number;
  /** 0 to 1, of the account, region and operation that is used most. */
  readonly budgetUsed: number;
  readonly webhookLagSeconds: number;
  readonly mailLagSeconds: number;
  readonly brokers: number;
  readonly piecesUnheld: number;
}

/** Of the time since the line before. */
export interface MinuteFigures {
  readonly jobsEnded: number;
  /** Jobs of which nobody knows how they ended. */
  readonly jobsLost: number;
  /** Failures, and lost jobs, that whoever runs the broker has to look at. */
  readonly jobsFailedByUs: number;
  readonly requests: number;
  readonly serverErrors: number;
  readonly failedSteps: number;
  readonly budgetRefusals: number;
  /** Whole calls; CloudTrail shows each try. */
  readonly assumeRoleCalls: number;
}

/** As each process writes it. */
export interface MinuteLine extends MinuteFigures {
  /** `assumeRoleCalls` of a quarter of an hour ago, by when CloudTrail has told of them; at the end, all that are left. */
  readonly assumeRoleCallsBefore: number;
}
