/** What goes wrong at a start: how it is waited for, or the failure that it is. */
import { FAILURES, type FailureCode } from '../../src/schemas/failures.ts';
import type { Job } from '../../src/schemas/job.ts';
import { backoffMs, type ErrorClass } from '../clockwork/backoff.ts';
import { REPAIR_MS } from '../clockwork/deadlines.ts';
import { NotAsked } from '../clockwork/patient-cloud.ts';
import type { CloudError, CloudProblem } from '../ports.ts';
import type { Change } from './moves.ts';

/** How a problem in somebody's account is waited for. */
export function classOf(problem: CloudProblem): ErrorClass {
  if (problem === 'throttled' || problem === 'unavailable') return problem;
  return problem === 'not_found' ? 'missing' : 'refused';
}

/**
 * When a start is tried again, in milliseconds, and as which try. Where nobody was asked it does not count as one; and
 * `unbegun` tells that this try has certainly begun nothing: a look at an execution comes after a start that found one.
 */
export function nextTry({ tries }: Job, error: CloudError, random: number) {
  const looked = error.operation === 'DescribeExecution';
  if (error instanceof NotAsked) return { tries, waitMs: error.waitMs, unbegun: !looked, asking: false };
  const waitMs = backoffMs(classOf(error.problem), tries + 1, random);
  return { tries: tries + 1, waitMs, unbegun: error.problem === 'throttled' && !looked, asking: true };
}

/** Looks that failed, one after the other: fewer prove nothing, also when nobody has looked for long. */
const MIN_TRIES = 5;

/** DescribeExecution may not know an execution yet right after its start; after this, what it does not know is not. */
export const SETTLING_MS = 60_000;

/**
 * Whether a job past its deadline is `lost`, because it still cannot be known: not by one look that went wrong, for
 * the broker itself may have been away; and not by being too fast, for that is answered later.
 */
export function isLost({ deadlineAt, tries }: Job, error: CloudError, now: number): boolean {
  const { problem } = error;
  if (problem === 'paused' || error instanceof NotAsked) return false;
  if (problem === 'throttled') return now > deadlineAt + REPAIR_MS;
  return now > deadlineAt && tries >= MIN_TRIES;
}

/**
 * Whether AWS does not know an execution that was started: not by one look, for it may answer so for a while after a
 * start, or be wrong once. Looks that got no answer prove nothing of it, however many they were.
 */
export function isGone({ executionArn, startedAt, createdAt, notFound = 0 }: Job, now: number): boolean {
  return executionArn !== undefined && now - (startedAt ?? createdAt) > SETTLING_MS && notFound >= MIN_TRIES;
}

/** How often in a row AWS has not known an execution, after an answer that is this error; undefined: not at all. */
export function notFoundAfter({ notFound = 0 }: Job, { problem, operation }: CloudError): number | undefined {
  return problem === 'not_found' && operation === 'DescribeExecution' ? notFound + 1 : undefined;
}

/** A failure as it is stored, with the standard remedy of its code. */
export function failureBody(code: FailureCode, message: string): NonNullable<Job['failure']> {
  return { code, message, remedy: FAILURES[code].remedy, actor: FAILURES[code].actor };
}

/** How a job ends that was canceled when certainly nothing of it had begun. */
export const BEFORE_START: Change = {
  state: 'canceled',
  failure: failureBody('canceled', 'Canceled before it started.'),
};

/** True if nothing has happened to a claimed job but a cancel: so nobody else can have begun it. */
export function onlyCanceledSince(claimed: Job, latest: Job): boolean {
  return latest.state === 'canceling' && latest.version === claimed.version + 1;
}

/** The failure that a problem at start means, or undefined if it is worth trying again. */
export function failureOf(error: CloudError): FailureCode | undefined {
  switch (error.problem) {
    case 'trust_denied':
      return 'unit_trust_broken';
    case 'denied':
      return 'unit_permission_missing';
    case 'expired':
      return 'session_expired';
    case 'clock_skew':
      return 'clock_skew';
    case 'not_found':
      return 'unit_not_found';
    case 'already_exists':
      return 'name_conflict';
    case 'invalid':
      return error.awsCode === 'WrongAccount' ? 'unit_wrong_account' : 'bad_options';
    case 'paused':
    case 'throttled':
    case 'unavailable':
      return undefined;
  }
}
