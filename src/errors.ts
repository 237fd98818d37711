/**
 * The one error type of the broker and the one table code -> HTTP status.
 * Every error body is `{ code, message, remedy, requestId }` (plus `error` = message for old callers).
 */

interface ErrorInfo {
  readonly status: number;
  readonly remedy: string;
}

export const ERRORS = {
  invalid_request: {
    status: 400,
    remedy: 'Correct the fields named in the message and send the request again.',
  },
  unsupported_media_type: { status: 415, remedy: 'Send JSON with Content-Type: application/json.' },
  method_not_allowed: { status: 405, remedy: 'Use a method that the Allow header names; see /docs.' },
  payload_too_large: { status: 413, remedy: 'Send a smaller body; files go to S3 by presigned URL.' },
  not_signed_in: {
    status: 401,
    remedy: 'Sign in at POST /api/auth/login and send the token as a Bearer token.',
  },
  wrong_credentials: { status: 401, remedy: 'Check e-mail and password, or reset the password.' },
  not_approved: { status: 403, remedy: 'Wait until an administrator has approved the account.' },
  not_allowed: { status: 403, remedy: 'Ask an administrator for the role this needs.' },
  not_found: { status: 404, remedy: 'Check the id; only your own things can be seen.' },
  conflict: { status: 409, remedy: 'Read the current state and try again.' },
  already_exists: { status: 409, remedy: 'Choose another name, or use the one that exists.' },
  too_many: { status: 409, remedy: 'Delete what is not needed any more, then try again.' },
  job_terminal: { status: 409, remedy: 'The job has already ended; submit or retry a job instead.' },
  idempotency_key_reuse: { status: 422, remedy: 'Use a new Idempotency-Key for a different request.' },
  challenge_used: {
    status: 409,
    remedy:
      'Ask for a new challenge (POST /api/computing-unit/challenges); each is good once, for 10 minutes.',
  },
  ownership_refused: {
    status: 403,
    remedy:
      'Sign sts:GetCallerIdentity exactly as the challenge says, with credentials of the account that owns the role.',
  },
  clock_skew: {
    status: 403,
    remedy: 'Set the clock of the computer that signs by NTP, then sign a new challenge.',
  },
  trust_unsafe: {
    status: 409,
    remedy: 'Require the external ID in the trust policy of the role (sts:ExternalId), then register again.',
  },
  unit_not_ready: {
    status: 409,
    remedy: 'Finish the registration of the computing unit: see its `missing` list.',
  },
  unit_paused: {
    status: 409,
    remedy:
      'Wait until the computing unit is used again (its owner or an administrator has stopped it), or use another.',
  },
  no_unit: { status: 409, remedy: 'Register a computing unit for this mode, or choose another mode.' },
  limit_reached: {
    status: 429,
    remedy:
      'Wait until the limit has room again (see Retry-After), or use a computing unit of your own (Mode 2).',
  },
  price_too_high: {
    status: 409,
    remedy: 'Raise max_usd, or reduce slices or replicas; POST /api/task/estimate says the price.',
  },
  too_many_requests: { status: 429, remedy: 'Wait as long as Retry-After says.' },
  unavailable: {
    status: 503,
    remedy: 'A service the broker needs does not answer. Try again after Retry-After.',
  },
  busy: { status: 503, remedy: 'Try again after Retry-After; the broker works on as much as it can.' },
  cloud_refused: { status: 502, remedy: 'The AWS account of the computing unit refused; check the unit.' },
  internal: { status: 500, remedy: 'Send the request id to support.' },
} as const satisfies Record<string, ErrorInfo>;

export type ErrorCode = keyof typeof ERRORS;

export class AppError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly remedy: string;
  readonly details: Record<string, unknown> | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    extra: { remedy?: string; details?: Record<string, unknown> } = {},
  ) {
    super(message);
    this.name = 'AppError';
    this.code = code;
    this.status = ERRORS[code].status;
    this.remedy = extra.remedy ?? ERRORS[code].remedy;
    this.details = extra.details;
  }
}
