/**
 * Client request tokens of transactions, good for ten minutes. They are kept by window of that length, so
 * that a token is in the window of now or in the one before, and old windows are dropped whole.
 */
import type { Owner } from './catalog.ts';
import type { KeyRange } from './keys.ts';
import type { Change, Latest } from './store.ts';

export const TOKEN_LIFE_MS = 600_000;

export interface UsedToken {
  /** Of the transaction's input. */
  readonly digest: string;
  readonly at: number;
}

/** What a token was used for within the last ten minutes. */
export function findToken(latest: Latest, owner: Owner, token: string, now: number): UsedToken | undefined {
  for (const at of [now, now - TOKEN_LIFE_MS]) {
    const stored = latest(tokenKey(owner, token, at));
    const used = stored === undefined ? undefined : (JSON.parse(stored) as UsedToken);
    if (used && now - used.at < TOKEN_LIFE_MS) return used;
  }
  return undefined;
}

export function useToken(owner: Owner, token: string, used: UsedToken): Change {
  return [tokenKey(owner, token, used.at), JSON.stringify(used)];
}

/** The tokens that are too old to be found. */
export function expiredTokens(now: number): KeyRange {
  return { gte: 'token!', lt: `token!${windowOf(now - TOKEN_LIFE_MS)}` };
}

function tokenKey({ accountId, region }: Owner, token: string, at: number): string {
  return `token!${windowOf(at)}!${accountId}!${region}!${token}`;
}

function windowOf(at: number): string {
  return String(Math.floor(at / TOKEN_LIFE_MS)).padStart(10, '0');
}
