/** An error inside an execution: what Retry and Catch match, and what DescribeExecution shows. */

/** Longest Error and Cause that Step Functions stores. */
const MAX_ERROR = 256;
const MAX_CAUSE = 32_768;

export class StateError extends Error {
  readonly errorName: string;
  readonly errorCause: string | undefined;
  /** A second name that Retry and Catch may use: a missed heartbeat is reported as States.Timeout. */
  readonly alias: string | undefined;

  constructor(errorName: string, cause?: string, alias?: string) {
    super(cause ?? errorName);
    this.name = 'StateError';
    this.errorName = errorName.slice(0, MAX_ERROR);
    this.errorCause = cause?.slice(0, MAX_CAUSE);
    this.alias = alias;
  }
}

/** A defect of definition or data that no Retry and no Catch can mend. */
export function runtimeError(cause: string): StateError {
  return new StateError('States.Runtime', cause);
}
