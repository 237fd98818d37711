/** What DynamoDB's errors mean to the broker. */
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { AppError } from '../../errors.ts';
import { isRefusal } from '../cloud-errors.ts';

/** The table answers, but not this much. */
const THROTTLED = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
  'LimitExceededException',
  'ThrottlingError',
  'ProvisionedThroughputExceeded',
]);

/**
 * The table is out of reach, gone (an operator restores it), or the broker may not use it: its credentials, its role
 * or the key of the table. No caller can do anything about these, and they pass when the operator has.
 */
const DOWN = new Set([
  'InternalServerError',
  'InternalFailure',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'TimeoutError',
  'RequestTimeout',
  'RequestTimeoutException',
  'ProviderError',
  'CredentialsProviderError',
  'TokenProviderError',
  'ResourceNotFoundException',
  'NotAuthorized',
  'OptInRequired',
  'IncompleteSignature',
  'IncompleteSignatureException',
  'MissingAuthenticationToken',
]);

/** Another write to the same items is under way. */
const BUSY = new Set(['TransactionConflictException', 'TransactionInProgressException']);

/** Reasons of a canceled transaction that pass; `None` is an operation that was not at fault. */
const PASSING_REASONS = new Set([
  'None',
  'TransactionConflict',
  'ThrottlingError',
  'ProvisionedThroughputExceeded',
]);

/** Codes of Node.js for a connection that was not made or broke. */
const NETWORK = /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ERR_SOCKET)/;

/** What an error says of the table as a whole; undefined: it has answered, if only that a condition does not hold. */
export function storeTroubleOf(error: unknown): 'throttled' | 'down' | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof TransactionCanceledException) {
    return cancellationCodes(error).some((reason) => THROTTLED.has(reason)) ? 'throttled' : undefined;
  }
  if (THROTTLED.has(error.name)) return 'throttled';
  const { code, $metadata } = error as { code?: unknown; $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode ?? 0;
  const down =
    DOWN.has(error.name) ||
    /^(KMS|Kms)|^InaccessibleEncryption/.test(error.name) ||
    isRefusal(error) ||
    (typeof code === 'string' && NETWORK.test(code)) ||
    status >= 500 ||
    // It said yes, and nobody could read it.
    (status >= 200 && status < 300);
  return down ? 'down' : undefined;
}

/** An error of the SDK as the broker throws it: `unavailable` if trying again may help, else unchanged. */
export function toStoreError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof AppError) return error;
  const passing =
    error instanceof TransactionCanceledException
      ? cancellationCodes(error).every((reason) => PASSING_REASONS.has(reason))
      : BUSY.has(error.name) || storeTroubleOf(error) !== undefined;
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
