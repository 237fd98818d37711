/** What the errors of STS, Step Functions and S3 mean to a service: one table, code -> problem. */
import { CloudError, type CloudProblem } from '../../services/ports.ts';

const PROBLEMS: Readonly<Record<string, CloudProblem>> = {
  // --- refused ----------------------------------------------------------------------------------------
  AccessDenied: 'denied',
  AccessDeniedException: 'denied',
  Forbidden: 'denied',
  UnauthorizedOperation: 'denied',
  AllAccessDisabled: 'denied',
  AccountProblem: 'denied',
  InvalidPayer: 'denied',
  RegionDisabledException: 'denied',
  KmsAccessDeniedException: 'denied',
  KmsInvalidStateException: 'denied',
  SignatureDoesNotMatch: 'denied',
  InvalidSignatureException: 'denied',
  MissingAuthenticationTokenException: 'denied',
  CredentialsProviderError: 'unavailable',
  // --- the session has ended, or AWS no longer knows it -----------------------------------------------
  ExpiredToken: 'expired',
  ExpiredTokenException: 'expired',
  TokenRefreshRequired: 'expired',
  InvalidToken: 'expired',
  InvalidAccessKeyId: 'expired',
  InvalidClientTokenId: 'expired',
  UnrecognizedClientException: 'expired',
  // --- clocks differ, and the SDK could not make up for it --------------------------------------------
  RequestTimeTooSkewed: 'clock_skew',
  RequestInTheFuture: 'clock_skew',
  RequestExpired: 'clock_skew',
  // --- not there --------------------------------------------------------------------------------------
  StateMachineDoesNotExist: 'not_found',
  StateMachineDeleting: 'not_found',
  ExecutionDoesNotExist: 'not_found',
  ResourceNotFound: 'not_found',
  NoSuchResourceException: 'not_found',
  NoSuchKey: 'not_found',
  NoSuchBucket: 'not_found',
  NotFound: 'not_found',
  NoSuchUpload: 'not_found',
  // --- taken ------------------------------------------------------------------------------------------
  ExecutionAlreadyExists: 'already_exists',
  // --- the request is wrong ---------------------------------------------------------------------------
  ValidationException: 'invalid',
  ValidationError: 'invalid',
  InvalidArn: 'invalid',
  InvalidName: 'invalid',
  InvalidExecutionInput: 'invalid',
  MalformedPolicyDocument: 'invalid',
  PackedPolicyTooLarge: 'invalid',
  InvalidBucketName: 'invalid',
  InvalidRequest: 'invalid',
  InvalidArgument: 'invalid',
  KeyTooLongError: 'invalid',
  EntityTooLarge: 'invalid',
  EntityTooSmall: 'invalid',
  InvalidPart: 'invalid',
  InvalidPartOrder: 'invalid',
  MalformedXML: 'invalid',
  PermanentRedirect: 'invalid',
  AuthorizationHeaderMalformed: 'invalid',
  IllegalLocationConstraintException: 'invalid',
  // --- too fast ---------------------------------------------------------------------------------------
  ThrottlingException: 'throttled',
  Throttling: 'throttled',
  ThrottledException: 'throttled',
  TooManyRequestsException: 'throttled',
  RequestLimitExceeded: 'throttled',
  SlowDown: 'throttled',
  ExecutionLimitExceeded: 'throttled',
  KmsThrottlingException: 'throttled',
};

const MAX_MESSAGE = 500;

/** An error of the SDK as a CloudError; programming errors (no answer, no network) pass through unchanged. */
export function toCloudError(operation: string, error: unknown): unknown {
  if (error instanceof CloudError || !(error instanceof Error)) return error;
  const problem = problemOf(error);
  if (!problem) return error;
  const code = codeOf(error);
  const refusedByTrust = operation === 'AssumeRole' && problem === 'denied';
  const text = error.message && error.message !== 'UnknownError' ? error.message : code;
  return new CloudError(
    refusedByTrust ? 'trust_denied' : problem,
    operation,
    code,
    `${operation}: ${text}`.slice(0, MAX_MESSAGE),
  );
}

/**
 * True if the session may be at fault. The answer to a HEAD has no body and so no code: S3 says just 400 to an
 * ended session.
 */
export function mayBeExpired(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return isExpired(error) || (statusOf(error) === 400 && !Object.hasOwn(PROBLEMS, error.name));
}

/** True if AWS refuses who asks: no permission, or credentials that have ended or that it does not know. */
export function isRefusal(error: Error): boolean {
  return ['denied', 'expired'].includes(problemOf(error) ?? '');
}

/** True if the credentials have ended, or AWS does not know them. */
export function isExpired(error: Error): boolean {
  return problemOf(error) === 'expired';
}

/** Whether a refusal is for the time of the signature: of some services only the message tells. */
export function isClockSkew(code: string, message: string): boolean {
  if (Object.hasOwn(PROBLEMS, code) && PROBLEMS[code] === 'clock_skew') return true;
  const signature = code === 'SignatureDoesNotMatch' || code === 'InvalidSignatureException';
  return signature && /^Signature (?:expired|not yet current)\b/i.test(message);
}

function problemOf(error: Error): CloudProblem | undefined {
  if (isClockSkew(error.name, error.message)) return 'clock_skew';
  if (Object.hasOwn(PROBLEMS, error.name)) return PROBLEMS[error.name];
  const status = statusOf(error);
  if (status === undefined) return isNetworkError(error) ? 'unavailable' : undefined;
  // It said yes, and nobody could read it: the body broke off, or is no answer of AWS.
  if (status < 300) return 'unavailable';
  if (status === 401 || status === 403) return 'denied';
  if (status === 404) return 'not_found';
  if (status === 429) return 'throttled';
  return status >= 500 ? 'unavailable' : 'invalid';
}

function codeOf(error: Error): string {
  const named = Object.hasOwn(PROBLEMS, error.name) || (error.name !== 'Error' && error.name !== 'Unknown');
  const code = (error as { code?: unknown }).code;
  if (statusOf(error) === undefined && typeof code === 'string') return code;
  return named ? error.name : `HTTP ${statusOf(error) ?? 'without an answer'}`;
}

function statusOf(error: Error): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

/** Time-outs of the SDK, and Node.js' codes for a connection that was not made or broke. */
function isNetworkError(error: Error): boolean {
  const code = (error as { code?: unknown }).code;
  return (
    error.name === 'TimeoutError' ||
    error.name === 'AbortError' ||
    (typeof code === 'string' &&
      /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ERR_SOCKET|CERT_|ERR_TLS)/.test(
        code,
      ))
  );
}
