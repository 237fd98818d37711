/** How executions that have ended are told: as the end of a job, with code, message and remedy. */
import { runFailure } from '../../src/schemas/execution.ts';
import { type FailureCode, failureCodeOf } from '../../src/schemas/failures.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { ExecutionState } from '../ports.ts';
import type { Change } from './moves.ts';
import { CONTRADICTED } from './reported-ends.ts';
import { failureBody } from './start-failures.ts';

/** The end of a job that has failed. */
export interface FailedChange extends Change {
  readonly failure: NonNullable<Job['failure']>;
}

/** The end with this failure, with the remedy of its code unless a better one is known. */
export function failedChange(code: FailureCode, message: string, remedy?: string): FailedChange {
  const body = failureBody(code, message);
  return { state: 'failed', failure: remedy ? { ...body, remedy } : body };
}

/** What the history says of an end: the code of its failure, and whether a callback had said that it ended otherwise. */
export function endNote({ failure }: Change, contradicted: boolean): string | undefined {
  const parts = [failure?.code, contradicted ? CONTRADICTED : undefined].filter((part) => part !== undefined);
  return parts.length > 0 ? parts.join(', ') : undefined;
}

/** What a job that was canceled says; `proof`: how it is known that its worker has ended. */
export function canceledBody(job: Job, execution: ExecutionState, proof: string): Job['failure'] {
  const aborted = `The execution was aborted in Step Functions. ${execution.cause ?? ''}`;
  const text = job.state === 'canceling' ? `Canceled as requested. ${proof}` : aborted;
  return failureBody('canceled', text.trim());
}

/** Code, message and remedy of a failed execution: the state machine's Fail state carries them as error and cause. */
export function failureOf(execution: ExecutionState): [FailureCode, string, string?] {
  const cause = runFailure.safeParse(parseJson(execution.cause));
  const said = cause.success ? failureCodeOf(cause.data.code) : undefined;
  if (cause.success && said) return [said, cause.data.message, cause.data.remedy];
  const code = failureCodeOf(execution.error);
  if (code) return [code, `The execution failed with ${code}.`];
  if (execution.error === 'States.Timeout')
    return ['worker_timeout', 'A step of the execution exceeded its time limit.'];
  return ['worker_error', `The execution failed: ${execution.error ?? 'no error name'}.`];
}

/** What a text holds as JSON; undefined if it is none. */
export function parseJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
