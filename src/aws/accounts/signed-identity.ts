/**
 * A signed sts:GetCallerIdentity as a registrant hands it over: taken apart strictly, so that nothing of it
 * but the signature, its date, the session token and the challenge ever reaches STS.
 */
import { ProofError, type SignedIdentity } from '../../../services/units/ports.ts';

export const CONTENT_TYPE = 'application/x-www-form-urlencoded; charset=utf-8';
export const CHALLENGE_HEADER = 'x-cloudmr-challenge';
export const BODY = 'Action=GetCallerIdentity&Version=2011-06-15';

/** Older or newer signatures are refused; STS itself would take 15 minutes. */
const MAX_SKEW_MS = 5 * 60_000;
const MAX_TOKEN = 16_384;

/** Headers that a signature must cover, and those it may cover besides: all of them are the broker's own. */
const MUST_SIGN = ['host', 'x-amz-date', CHALLENGE_HEADER];
const MAY_SIGN = new Set([
  ...MUST_SIGN,
  'content-length',
  'content-type',
  'x-amz-content-sha256',
  'x-amz-security-token',
]);

/** What the signature says of itself, checked. */
export interface IdentityClaim {
  readonly region: string;
  readonly signedHeaders: readonly string[];
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=(\w{16,128})\/(\d{8})\/([a-z]{2}(?:-[a-z]+){1,3}-\d)\/sts\/aws4_request, ?SignedHeaders=([a-z0-9;-]{1,500}), ?Signature=([0-9a-f]{64})$/;

/**
 * Checks everything that can be checked without asking anybody.
 * @throws ProofError saying what is wrong.
 */
export function readClaim(signed: SignedIdentity, now: number): IdentityClaim {
  const parts = AUTHORIZATION.exec(signed.authorization);
  if (!parts) throw new ProofError('authorization: is not an AWS4-HMAC-SHA256 signature for the service sts');
  if (!/^[\x21-\x7e]{1,4096}$/.test(signed.challenge))
    throw new ProofError(`${CHALLENGE_HEADER}: is not plain`);
  const [, , scopeDate, region, headerList] = parts;
  const signedHeaders = headerList.split(';');
  const missing = MUST_SIGN.find((name) => !signedHeaders.includes(name));
  if (missing) throw new ProofError(`authorization: the header ${missing} is not signed`);
  const extra = signedHeaders.find((name) => !MAY_SIGN.has(name));
  if (extra) throw new ProofError(`authorization: the header ${extra} must not be signed`);
  if (new Set(signedHeaders).size < signedHeaders.length || !isSorted(signedHeaders)) {
    throw new ProofError('authorization: SignedHeaders must be sorted and without repetitions');
  }
  if (signedHeaders.includes('x-amz-security-token') !== (signed.securityToken !== undefined)) {
    throw new ProofError('x-amz-security-token: must be signed if it is sent, and only then');
  }
  if (signed.securityToken !== undefined && !isToken(signed.securityToken)) {
    throw new ProofError('x-amz-security-token: is not a session token');
  }
  const signedAt = epochOf(signed.amzDate);
  if (signedAt === undefined || !signed.amzDate.startsWith(scopeDate)) {
    throw new ProofError('x-amz-date: must be like 20260102T030405Z and of the day in the signature');
  }
  if (Math.abs(now - signedAt) > MAX_SKEW_MS) {
    throw new ProofError(
      'x-amz-date: more than 5 minutes from the time of the broker; check the clock',
      'clock_skew',
    );
  }
  return { region, signedHeaders };
}

function isToken(text: string): boolean {
  return text.length <= MAX_TOKEN && /^[\w+/=.~-]+$/.test(text);
}

function isSorted(names: readonly string[]): boolean {
  return names.every((name, i) => i === 0 || names[i - 1] < name);
}

function epochOf(amzDate: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(amzDate);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  const at = Date.UTC(year, month - 1, day, hour, minute, second);
  // Days and hours that do not exist roll over; then the text does not come back.
  return new Date(at).toISOString().replace(/[-:]|\.\d{3}/g, '') === amzDate ? at : undefined;
}
