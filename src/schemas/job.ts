/** A job as it is stored, and the states it can be in. */
import { z } from 'zod';
import { keptEstimate } from './estimate.ts';
import {
  jobInput,
  objectLocation,
  outputFlags,
  type PlatformName,
  platformName,
  runFailure,
  runResult,
} from './execution.ts';
import { mode, unit } from './unit.ts';

export const jobState = z.enum([
  'queued',
  'starting',
  'running',
  'canceling',
  'succeeded',
  'failed',
  'canceled',
  'lost',
]);
export type JobState = z.infer<typeof jobState>;

/** Who caused a move: the broker itself, a person, the worker (by callback), or Step Functions. */
export const historyEntry = z.object({
  state: jobState,
  at: z.number(),
  by: z.string(),
  note: z.string().optional(),
});
export type HistoryEntry = z.infer<typeof historyEntry>;

export const jobFailure = runFailure.extend({ actor: z.enum(['user', 'unit_owner', 'operator']) });
export type JobFailure = z.infer<typeof jobFailure>;

export const jobProgress = z.object({
  step: z.string(),
  fraction: z.number(),
  message: z.string(),
  at: z.number(),
});

/**
 * The way to where an attempt was started. Its unit may be changed while it runs, and waits for another proof then:
 * the attempt is followed, stopped and fetched by the way that was proven when it began.
 */
export const jobPlace = unit
  .pick({
    awsAccountId: true,
    region: true,
    stateMachineArn: true,
    crossAccountRoleArn: true,
    externalId: true,
    proof: true,
  })
  .extend({
    /** When StartExecution was asked for last, if it gave an answer or not. */
    askedAt: z.number().optional(),
  });
export type JobPlace = z.infer<typeof jobPlace>;

/** What is kept of an attempt when another one replaces it: enough to explain it and to delete what it left. */
export const earlierAttempt = z.object({
  attempt: z.number().int(),
  /** Version of the job in which this attempt ended: a second click on the same retry is recognised by it. */
  version: z.number().int(),
  state: jobState,
  finishedAt: z.number().optional(),
  executionArn: z.string().optional(),
  place: jobPlace.optional(),
  document: objectLocation,
  result: objectLocation,
  failureBundle: objectLocation,
  failure: jobFailure.optional(),
});
export type EarlierAttempt = z.infer<typeof earlierAttempt>;

/** An attempt that the broker began by itself after one that failed with `code`. */
export const automaticAttempt = z.object({ attempt: z.number().int(), code: z.string(), at: z.number() });

export const job = z.object({
  jobId: z.string(),
  ownerId: z.string(),
  appId: z.string(),
  unitId: z.string(),
  mode,
  alias: z.string(),
  state: jobState,
  /** Grows by one with every stored move; every move is conditional on the version read. */
  version: z.number().int(),
  /** Starts at 0; a retry is a new attempt of the same job. */
  attempt: z.number().int(),
  /** Failed tries to start this attempt; decides the back-off. */
  tries: z.number().int(),
  createdAt: z.number(),
  updatedAt: z.number(),
  /** When the tick looks at the job again; undefined once it is terminal. */
  dueAt: z.number().optional(),
  /** When a job that has not ended is given up as `lost`. */
  deadlineAt: z.number(),
  /** SHA-256 of the request, of jobs whose id was there before them; absent in jobs of earlier versions. */
  requestHash: z.string().optional(),
  task: z.record(z.string(), z.unknown()),
  output: outputFlags,
  inputs: z.record(z.string(), jobInput),
  /** What was said before it began; absent in jobs of earlier versions. */
  estimate: keptEstimate.optional(),
  /** Named at submit, before anything exists. */
  executionName: z.string(),
  document: objectLocation,
  result: objectLocation,
  failureBundle: objectLocation,
  /** SHA-256 of the callback token of this attempt, hex. */
  tokenHash: z.string(),
  executionArn: z.string().optional(),
  /** Stored before StartExecution is asked for; absent before, and in jobs of earlier versions. */
  place: jobPlace.optional(),
  platform: platformName.optional(),
  progress: jobProgress.optional(),
  startedAt: z.number().optional(),
  finishedAt: z.number().optional(),
  runResult: runResult.optional(),
  failure: jobFailure.optional(),
  /** Ends that callbacks have reported of this attempt while it ran on; absent while there are none. */
  reportedEnds: z.array(z.enum(['succeeded', 'failed'])).optional(),
  /** Looks in a row to which Step Functions said that it does not know the execution; absent after any other. */
  notFound: z.number().int().optional(),
  history: z.array(historyEntry),
  /** Since a person last decided; absent while there are none. */
  automaticRetries: z.array(automaticAttempt).optional(),
  /** Where this attempt has to run, because an automatic one or a person wants it there. */
  forcedPlatform: platformName.optional(),
  /** Of a job that has ended: when it is looked whether a lost execution has turned up, its own or an earlier one. */
  lookAgainAt: z.number().optional(),
  /** The attempt whose execution this one has taken up, and whose number the worker knows. */
  adoptedAttempt: z.number().int().optional(),
  /** Oldest first; absent while there was only one attempt. */
  earlier: z.array(earlierAttempt).optional(),
});
export type Job = z.infer<typeof job>;

/** Where an attempt runs: as its worker has said; until then, where it was sent. Undefined if nobody can know. */
export function platformOf({ platform, forcedPlatform, estimate }: Job): PlatformName | undefined {
  return platform ?? forcedPlatform ?? estimate?.platform;
}

/** What ends a worker so that it cannot leave a bundle. */
const KILLED = new Set([
  'worker_timeout',
  // As jobs of earlier releases say it.
  'timeout',
  'image_pull',
  'no_network',
  'no_capacity',
  'quota_fargate_vcpu',
  'storage_denied',
  'lost',
]);

/** True if the worker of a failed job had begun and most probably left a failure bundle: nobody has looked. */
export function leftBundle({ state, progress, failure }: Job): boolean {
  return state === 'failed' && progress !== undefined && failure !== undefined && !KILLED.has(failure.code);
}
