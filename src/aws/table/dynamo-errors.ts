/** What DynamoDB's errors mean to the broker. */
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { AppError } from '../../errors.ts';

/** Errors that pass: the table is throttled, busy or out of reach, or the broker's credentials are. */
const PASSING = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
  'LimitExceededException',
  'InternalServerError',
  'InternalFailure',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'TransactionConflictException',
  'TransactionInProgressException',
  'TimeoutError',
  'RequestTimeout',
  'RequestTimeoutException',
  'CredentialsProviderError',
  'ExpiredTokenException',
  'UnrecognizedClientException',
  'RequestExpired',
  'InvalidSignatureException',
]);

/** Reasons of a canceled transaction that pass; `None` is an operation that was not at fault. */
const PASSING_REASONS = new Set([
  'None',
  'TransactionConflict',
  'ThrottlingError',
  'ProvisionedThroughputExceeded',
]);

/** Codes of Node.js for a connection that was not made or broke. */
const NETWORK = /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ERR_SOCKET)/;

/** An error of the SDK as the broker throws it: `unavailable` if trying again may help, else unchanged. */
export function toStoreError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof AppError) return error;
  const { code, $metadata } = error as { code?: unknown; $metadata?: { httpStatusCode?: number } };
  const passing =
    PASSING.has(error.name) ||
    (typeof code === 'string' && NETWORK.test(code)) ||
    ($metadata?.httpStatusCode ?? 0) >= 500 ||
    (error instanceof TransactionCanceledException &&
      cancellationCodes(error).every((reason) => PASSING_REASONS.has(reason)));
  if (!passing) return error;
  const unavailable = new AppError('unavailable', `the store does not answer (${error.name})`);
  unavailable.cause = error;
  return unavailable;
}

/** True if another write to the same items was under way: nothing was written, and trying again soon helps. */
export function isConflict(error: unknown): boolean {
  if (error instanceof TransactionCanceledException) {
    const codes = cancellationCodes(error).filter((code) => code !== 'None');
    return codes.length > 0 && codes.every((code) => code === 'TransactionConflict');
  }
  return error instanceof Error && error.name === 'TransactionConflictException';
}

/** For each operation of a transaction whether its condition failed; undefined if that was not the reason. */
export function failedConditions(error: unknown): boolean[] | undefined {
  if (!(error instanceof TransactionCanceledException)) return undefined;
  const failed = cancellationCodes(error).map((code) => code === 'ConditionalCheckFailed');
  return failed.includes(true) ? failed : undefined;
}

function cancellationCodes(error: TransactionCanceledException): string[] {
  return (error.CancellationReasons ?? []).map((reason) => reason.Code ?? 'None');
}
