/**
 * The one error of the worker: a stable code of ../src/schemas/failures.ts with a message for people.
 * `name` is the code, because Step Functions reports a Lambda's `errorType` (= error.name) as the error name.
 */
import { FAILURES, type FailureCode } from '../src/schemas/failures.ts';

export class WorkerError extends Error {
  readonly code: FailureCode;
  readonly remedy: string;

  constructor(code: FailureCode, message: string, remedy: string = FAILURES[code].remedy) {
    super(message);
    this.name = code;
    this.code = code;
    this.remedy = remedy;
  }
}

/** Any thrown value as a WorkerError; unknown errors become `worker_error` with their message, never their stack. */
export function toWorkerError(error: unknown): WorkerError {
  if (error instanceof WorkerError) return error;
  if (error instanceof RangeError && /allocation|Array buffer/i.test(error.message)) {
    return new WorkerError('worker_oom', 'The run needs more memory than this platform has.');
  }
  const text = error instanceof Error ? error.message : String(error);
  return new WorkerError('worker_error', text);
}
