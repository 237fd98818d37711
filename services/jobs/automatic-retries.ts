/**
 * Attempts that the broker begins by itself: where the failure says that the run was not at fault, or that another
 * platform is right. They cost no click, count under no cap, and are listed in the job. A person who retries begins
 * to count anew.
 */
import type { PlatformName } from '../../src/schemas/execution.ts';
import { type FailureCode, failureCodeOf } from '../../src/schemas/failures.ts';
import { type Job, platformOf } from '../../src/schemas/job.ts';
import { backoffMs } from '../clockwork/backoff.ts';
import { PREFLIGHT_OWNER } from '../preflight/owner.ts';

export interface AutomaticRetry {
  /** Pause before the attempt may start. */
  readonly waitMs: number;
  /** Where it has to run; undefined: the worker's own rule chooses. */
  readonly platform: PlatformName | undefined;
  /** For the history. */
  readonly note: string;
}

interface Rule {
  /** Attempts that may follow for this reason. */
  readonly times: number;
  readonly why: string;
  readonly backoff: 'missing' | 'capacity';
}

const FREE: Rule = {
  times: 1,
  why: 'one free attempt, because the run was not at fault',
  backoff: 'missing',
};
const ROOM: Rule = { times: 6, why: 'again when there is room', backoff: 'capacity' };
/** The state machine falls over to Fargate by itself; this is for stacks that could not. */
const LARGER: Rule = { times: 1, why: 'on Fargate, because Lambda was too small', backoff: 'missing' };

/** Platform kills and starts that failed once; capacity several times; all else is the person's decision. */
export const AUTOMATIC: Readonly<Partial<Record<FailureCode, Rule>>> = {
  preempted: FREE,
  image_pull: FREE,
  no_network: FREE,
  no_capacity: ROOM,
  quota_fargate_vcpu: ROOM,
  worker_timeout: LARGER,
  worker_oom: LARGER,
};

/** Attempts of one job that the broker begins by itself, for all reasons together. */
const MAX_AUTOMATIC = 8;

/** What follows by itself after an attempt failed in this way, or undefined. `random` in [0, 1). */
export function automaticRetry(job: Job, code: string, random: number): AutomaticRetry | undefined {
  const rule = ruleOf(code);
  // A test job of a unit is there to show failures.
  if (!rule || job.ownerId === PREFLIGHT_OWNER || job.state === 'canceling') return undefined;
  const before = job.automaticRetries ?? [];
  const used = before.filter((retry) => ruleOf(retry.code) === rule).length;
  if (used >= rule.times || before.length >= MAX_AUTOMATIC) return undefined;
  // One that died before its first report has not said where it ran: then it is where it was sent.
  if (rule === LARGER && platformOf(job) !== 'lambda') return undefined;
  const platform =
    rule === LARGER || job.platform === 'lambda' || code === 'quota_fargate_vcpu'
      ? 'fargate'
      : job.forcedPlatform;
  return {
    waitMs: backoffMs(rule.backoff, used + 1, random),
    platform,
    note: `${code}: ${rule.why} (${used + 1} of ${rule.times})`,
  };
}

function ruleOf(code: string): Rule | undefined {
  const known = failureCodeOf(code);
  return known && AUTOMATIC[known];
}
