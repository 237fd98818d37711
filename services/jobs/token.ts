/**
 * The callback token of one attempt of one job. It is derived (HMAC) instead of drawn, so that a start
 * that is repeated after a crash hands the worker the same token; the store only knows its hash.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** Token of (job, attempt): 43 characters of base64url. */
export function jobToken(secret: string, jobId: string, attempt: number): string {
  return createHmac('sha256', secret).update(`cloudmr/job-token/1\n${jobId}\n${attempt}`).digest('base64url');
}

/** SHA-256 of a secret, hex: the only form in which secrets are stored. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Constant-time comparison of a presented secret with a stored hash. */
export function matchesHash(presented: string, hash: string): boolean {
  const a = Buffer.from(hashSecret(presented), 'hex');
  const b = Buffer.from(hash, 'hex');
  return a.length === b.length && timingSafeEqual(a, b);
}
