/** How each service names the ways in which a signature, a session or a permission can be wrong. */
import { AwsError } from '../contract.ts';

export type AuthProblem =
  | 'missing'
  | 'malformed'
  | 'malformed_query'
  | 'unknown_key'
  | 'bad_token'
  | 'mismatch'
  | 'skewed'
  | 'expired_presign'
  | 'expired_session'
  | 'unsigned_header'
  | 'denied';

type Row = Record<AuthProblem, readonly [code: string, status: number]>;

const S3: Row = {
  missing: ['AccessDenied', 403],
  malformed: ['AuthorizationHeaderMalformed', 400],
  malformed_query: ['AuthorizationQueryParametersError', 400],
  unknown_key: ['InvalidAccessKeyId', 403],
  bad_token: ['InvalidToken', 400],
  mismatch: ['SignatureDoesNotMatch', 403],
  skewed: ['RequestTimeTooSkewed', 403],
  expired_presign: ['AccessDenied', 403],
  expired_session: ['ExpiredToken', 400],
  unsigned_header: ['AccessDenied', 403],
  denied: ['AccessDenied', 403],
};

const STS: Row = {
  missing: ['MissingAuthenticationToken', 403],
  malformed: ['IncompleteSignature', 400],
  malformed_query: ['IncompleteSignature', 400],
  unknown_key: ['InvalidClientTokenId', 403],
  bad_token: ['InvalidClientTokenId', 403],
  mismatch: ['SignatureDoesNotMatch', 403],
  skewed: ['SignatureDoesNotMatch', 403],
  expired_presign: ['SignatureDoesNotMatch', 403],
  expired_session: ['ExpiredToken', 403],
  unsigned_header: ['SignatureDoesNotMatch', 403],
  denied: ['AccessDenied', 403],
};

const JSON_SERVICES: Row = {
  missing: ['MissingAuthenticationTokenException', 400],
  malformed: ['IncompleteSignatureException', 400],
  malformed_query: ['IncompleteSignatureException', 400],
  unknown_key: ['UnrecognizedClientException', 400],
  bad_token: ['UnrecognizedClientException', 400],
  mismatch: ['InvalidSignatureException', 400],
  skewed: ['InvalidSignatureException', 400],
  expired_presign: ['InvalidSignatureException', 400],
  expired_session: ['ExpiredTokenException', 400],
  unsigned_header: ['InvalidSignatureException', 400],
  denied: ['AccessDeniedException', 400],
};

/** The error `service` (credential-scope name) answers for a problem. */
export function authError(service: string, problem: AuthProblem, message: string): AwsError {
  const row = service === 's3' ? S3 : service === 'sts' ? STS : JSON_SERVICES;
  const [code, status] = row[problem];
  return new AwsError(code, message, status);
}
