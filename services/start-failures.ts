/** What goes wrong at a start: how it is waited for, or the failure that it is. */
import { FAILURES, type FailureCode } from '../src/schemas/failures.ts';
import type { Job } from '../src/schemas/job.ts';
import type { ErrorClass } from './backoff.ts';
import type { CloudError, CloudProblem } from './ports.ts';

/** How a problem in somebody's account is waited for. */
export function classOf(problem: CloudProblem): ErrorClass {
  if (problem === 'throttled' || problem === 'unavailable') return problem;
  return problem === 'not_found' ? 'missing' : 'refused';
}

/** A failure as it is stored, with the standard remedy of its code. */
export function failureBody(code: FailureCode, message: string): NonNullable<Job['failure']> {
  return { code, message, remedy: FAILURES[code].remedy, actor: FAILURES[code].actor };
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
