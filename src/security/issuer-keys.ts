/**
 * The public keys of a foreign issuer, found by its discovery document (OpenID Connect Discovery 1.0) or at an
 * address that the operator gives, and kept. Nobody makes the broker ask the issuer often: keys are fetched when
 * they are old, or when a token names a key that is not known, at most twice a minute, one request at a time.
 */
import { createLocalJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import type { Clock } from '../../services/ports.ts';
import { AppError } from '../errors.ts';

/** Keys are fetched again after this. */
const FRESH_MS = 600_000;
/** An issuer that does not answer is bridged this long. */
const USABLE_MS = 24 * 3_600_000;
/** Between two requests, whatever tokens say. */
const PAUSE_MS = 30_000;
const TIMEOUT_MS = 5_000;
const MAX_BYTES = 262_144;
const MAX_KEYS = 50;

const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(MAX_KEYS) });

export interface IssuerKeysOptions {
  readonly issuer: string;
  /** Undefined: from the discovery document. */
  readonly jwksUrl: string | undefined;
  readonly clock: Clock;
}

/** True for https, and for http on this machine: keys that others could replace on the way prove nothing. */
export function isTrustworthy(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return (
    protocol === 'https:' || (protocol === 'http:' && /^(127\.0\.0\.1|\[::1\]|localhost)$/.test(hostname))
  );
}

/** Creates the finder of keys for jose. It throws AppError `unavailable` if there are none and none can be had. */
export function createIssuerKeys({ issuer, jwksUrl, clock }: IssuerKeysOptions): JWTVerifyGetKey {
  let known: { find: JWTVerifyGetKey; fetchedAt: number } | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let underWay: Promise<void> | undefined;

  async function fetchKeys(): Promise<void> {
    const url = jwksUrl ?? (await discover(issuer));
    known = { find: createLocalJWKSet(keySet.parse(await fetchJson(url))), fetchedAt: clock() };
  }

  /** Fetches unless that was done just now; what goes wrong is an error only while there are no keys to use. */
  async function refresh(): Promise<void> {
    if (!underWay && clock() - askedAt >= PAUSE_MS) {
      askedAt = clock();
      underWay = fetchKeys().finally(() => {
        underWay = undefined;
      });
    }
    try {
      await underWay;
    } catch (error) {
      if (!known || clock() - known.fetchedAt >= USABLE_MS) {
        throw new AppError('unavailable', `The keys of ${issuer} cannot be fetched: ${reasonOf(error)}.`);
      }
    }
  }

  return async (header, token) => {
    if (!known || clock() - known.fetchedAt >= FRESH_MS) await refresh();
    if (!known || clock() - known.fetchedAt >= USABLE_MS) {
      throw new AppError('unavailable', `The keys of ${issuer} are not known; they could not be fetched.`);
    }
    try {
      return await known.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const { fetchedAt } = known;
      await refresh();
      if (known.fetchedAt === fetchedAt) throw error;
      return known.find(header, token);
    }
  };
}

async function discover(issuer: string): Promise<string> {
  const document = z.object({ issuer: z.literal(issuer), jwks_uri: z.string().refine(isTrustworthy) });
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  return document.parse(await fetchJson(url)).jwks_uri;
}

/** A JSON document of limited size from exactly this address. */
async function fetchJson(url: string): Promise<unknown> {
  const answer = await fetch(url, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!answer.ok || !answer.body) throw new Error(`${url} answers ${answer.status}`);
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of answer.body) {
    size += piece.byteLength;
    if (size > MAX_BYTES) throw new Error(`${url} answers more than ${MAX_BYTES} bytes`);
    pieces.push(piece);
  }
  return JSON.parse(Buffer.concat(pieces).toString('utf8'));
}

function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) return 'the document is not what it should be';
  return error instanceof Error ? error.message : String(error);
}
