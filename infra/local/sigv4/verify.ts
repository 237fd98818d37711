/** Verifies Signature Version 4 of headers and of presigned queries, sessions included. */
import { timingSafeEqual } from 'node:crypto';
import { AwsError, type Clock } from '../contract.ts';
import { authError } from './auth-errors.ts';
import {
  canonicalRequest,
  hmac,
  sha256Hex,
  signingKey,
  stringToSign,
  UNSIGNED_PAYLOAD,
} from './canonical.ts';
import type { SignatureClaim } from './claim.ts';

/** Who holds an access key. `token` problems and unknown keys are told apart because S3 does. */
export interface KeyHolder {
  readonly secretAccessKey: string;
  /** Epoch ms; undefined for long-term keys. */
  readonly expiresAt?: number;
}

/** Finds the holder of an access key whose session token (or its absence) fits. */
export type FindHolder<H extends KeyHolder> = (
  accessKeyId: string,
  token: string | undefined,
) => H | 'unknown_key' | 'bad_token';

export interface Verified<H> {
  readonly holder: H;
  /** What the signature says of the body; for S3 it may be UNSIGNED-PAYLOAD or STREAMING-... */
  readonly payloadHash: string;
  readonly signingKey: Buffer;
}

/**
 * Verifies a claim. `body` is the whole body for services whose body is signed by its hash; undefined for
 * S3, which checks the body against `payloadHash` while it streams. Throws the service's own error.
 */
export type Verify<H> = (method: string, claim: SignatureClaim, body: Buffer | undefined) => Verified<H>;

const SKEW_MS = 15 * 60_000;
const CACHED_KEYS = 2_000;

export function createVerifier<H extends KeyHolder>(deps: { clock: Clock; find: FindHolder<H> }): Verify<H> {
  // Deriving a signing key costs four HMACs; clients sign a whole day with one.
  const keys = new Map<string, Buffer>();
  const keyFor = (claim: SignatureClaim, secret: string): Buffer => {
    const id = `${claim.accessKeyId}/${claim.scope}`;
    let key = keys.get(id);
    if (!key) {
      key = signingKey(secret, claim.scope);
      if (keys.size >= CACHED_KEYS) keys.clear();
      keys.set(id, key);
    }
    return key;
  };

  return (method, claim, body) => {
    const now = deps.clock();
    checkSignedHeaders(claim);
    const payloadHash = payloadHashOf(claim, body);
    const holder = deps.find(claim.accessKeyId, claim.token);
    if (holder === 'unknown_key' || holder === 'bad_token') throw refusedKey(claim.service, holder);
    checkTime(claim, now);
    const key = keyFor(claim, holder.secretAccessKey);
    const canonical = canonicalRequest({ ...claim, method, payloadHash }, claim.service);
    const wanted = hmac(key, stringToSign(claim.amzDate, claim.scope, canonical));
    if (!timingSafeEqual(wanted, Buffer.from(claim.signature, 'hex'))) {
      throw authError(
        claim.service,
        'mismatch',
        'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      );
    }
    if (holder.expiresAt !== undefined && now >= holder.expiresAt) {
      throw authError(
        claim.service,
        'expired_session',
        'The security token included in the request is expired',
      );
    }
    return { holder, payloadHash, signingKey: key };
  };
}

function refusedKey(service: string, problem: 'unknown_key' | 'bad_token'): AwsError {
  if (service !== 's3') {
    return authError(service, problem, 'The security token included in the request is invalid.');
  }
  return problem === 'unknown_key'
    ? authError(service, problem, 'The AWS Access Key Id you provided does not exist in our records.')
    : authError(service, problem, 'The provided token is malformed or otherwise invalid.');
}

function checkSignedHeaders(claim: SignatureClaim): void {
  if (!claim.signedHeaders.includes('host')) {
    throw authError(claim.service, 'mismatch', "'Host' must be a 'SignedHeader' in the AWS Authorization.");
  }
  for (const name of claim.headers.keys()) {
    // A presigned request takes its payload hash from the query, so the header changes nothing there.
    if (claim.presigned && name === 'x-amz-content-sha256') continue;
    if (name.startsWith('x-amz-') && !claim.signedHeaders.includes(name)) {
      throw authError(
        claim.service,
        'unsigned_header',
        `There were headers present in the request which were not signed: ${name}`,
      );
    }
  }
}

function payloadHashOf(claim: SignatureClaim, body: Buffer | undefined): string {
  if (claim.service !== 's3') return sha256Hex(body ?? '');
  const hash = claim.presigned
    ? (claim.query.find(([name]) => name === 'X-Amz-Content-Sha256')?.[1] ?? UNSIGNED_PAYLOAD)
    : claim.headers.get('x-amz-content-sha256');
  if (hash === undefined) {
    throw new AwsError('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
  }
  if (!/^([0-9a-f]{64}|UNSIGNED-PAYLOAD|STREAMING-[A-Z0-9-]{1,64})$/.test(hash)) {
    throw new AwsError(
      'InvalidArgument',
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-..., or a valid sha256 value.',
    );
  }
  return hash;
}

function checkTime(claim: SignatureClaim, now: number): void {
  const { service, signedAt, expiresSeconds } = claim;
  if (expiresSeconds === undefined && service === 's3') {
    if (Math.abs(now - signedAt) > SKEW_MS) {
      throw authError(
        service,
        'skewed',
        'The difference between the request time and the current time is too large.',
      );
    }
    return;
  }
  if (signedAt > now + SKEW_MS) {
    if (service === 's3') throw authError(service, 'expired_presign', 'Request is not yet valid');
    throw authError(service, 'skewed', `Signature not yet current: ${claim.amzDate} is still in the future`);
  }
  // Only S3 honours a long X-Amz-Expires; elsewhere a signature is good for 15 minutes at most.
  const allowed = expiresSeconds === undefined ? SKEW_MS : expiresSeconds * 1_000;
  if (now > signedAt + (service === 's3' ? allowed : Math.min(allowed, SKEW_MS))) {
    if (service === 's3') throw authError(service, 'expired_presign', 'Request has expired');
    throw authError(service, 'skewed', `Signature expired: ${claim.amzDate} is too long ago`);
  }
}
