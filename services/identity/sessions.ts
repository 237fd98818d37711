/**
 * Sessions behind refresh tokens. A refresh token is `<session>.<secret>`; the store knows the session by its
 * hash and the hash of the one token that is valid now. Every use replaces the token, by one conditional write.
 * If an older one is presented, somebody has a copy: the session ends for everybody who holds it.
 *
 * A successor is derived from its predecessor with the broker's secret. So whoever repeats the last exchange
 * within `GRACE_MS` (two tabs of one web client, an answer that was lost) gets the same successor, and a session
 * never forks: a thief who is that quick holds the token that the owner holds, and the next use but one gives
 * one of them away.
 */
import { createHmac } from 'node:crypto';
import { AppError } from '../../src/errors.ts';
import type { StoredToken } from '../../src/schemas/identity.ts';
import { hashSecret, matchesHash } from '../jobs/token.ts';
import type { Clock, Ids, TokenStore } from '../ports.ts';

const SESSION_MS = 30 * 24 * 3_600_000;
/** How long the last exchange may be repeated: longer than a slow answer and a second try, and not much more. */
const GRACE_MS = 30_000;
/** A lost write means that the next read finds another token, or nothing. */
const MAX_ROUNDS = 3;

export interface Sessions {
  /** Opens a session and returns its first refresh token; `generation` is the `sessionGeneration` of the person. */
  open(userId: string, generation: number): Promise<string>;
  /**
   * Exchanges a refresh token for its successor.
   * @throws AppError not_signed_in if it is unknown, has ended or was used before.
   */
  rotate(refreshToken: string): Promise<{ userId: string; generation: number; refreshToken: string }>;
  /** Ends the session of a refresh token, if it is this person's; does nothing if there is none. */
  end(userId: string, refreshToken: string): Promise<void>;
}

export interface SessionsDeps {
  tokens: TokenStore;
  ids: Ids;
  clock: Clock;
  tokenSecret: string;
}

/** Creates the sessions. */
export function createSessions({ tokens, ids, clock, tokenSecret }: SessionsDeps): Sessions {
  function successorOf(refreshToken: string): string {
    const secret = createHmac('sha256', tokenSecret).update(`cloudmr/refresh-token/1\n${refreshToken}`);
    return `${sessionIdOf(refreshToken)}.${secret.digest('base64url')}`;
  }

  /** Whether this is the exchange that was made last, once more. */
  function repeatsLast({ attributes }: StoredToken, presented: string, successor: string): boolean {
    return (
      matchesHash(presented, attributes['previous'] ?? '') &&
      matchesHash(successor, attributes['current'] ?? '') &&
      clock() - Number(attributes['rotatedAt']) <= GRACE_MS
    );
  }

  return {
    async open(userId, generation) {
      const sessionId = ids.secret(16);
      const refreshToken = `${sessionId}.${ids.secret(32)}`;
      const now = clock();
      await tokens.put({
        hash: hashSecret(sessionId),
        kind: 'refresh',
        userId,
        createdAt: now,
        expiresAt: now + SESSION_MS,
        attributes: { current: hashSecret(refreshToken), generation: String(generation) },
        version: 1,
      });
      return refreshToken;
    },

    async rotate(presented) {
      const refreshToken = successorOf(presented);
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const session = await tokens.get(hashSecret(sessionIdOf(presented)));
        if (session?.kind !== 'refresh') throw new AppError('not_signed_in', 'The session has ended.');
        const { current = '', generation = '0' } = session.attributes;
        const answer = { userId: session.userId, generation: Number(generation), refreshToken };
        if (repeatsLast(session, presented, refreshToken)) return answer;
        if (!matchesHash(presented, current)) {
          await tokens.remove(session.hash);
          throw new AppError('not_signed_in', 'This refresh token was used before; the session was ended.');
        }
        const now = clock();
        const attributes = {
          current: hashSecret(refreshToken),
          previous: current,
          rotatedAt: String(now),
          generation,
        };
        const version = (session.version ?? 0) + 1;
        if (await tokens.replace({ ...session, attributes, expiresAt: now + SESSION_MS, version }))
          return answer;
      }
      throw new AppError('unavailable', 'The session is being changed by other requests.');
    },

    async end(userId, refreshToken) {
      const session = await tokens.get(hashSecret(sessionIdOf(refreshToken)));
      if (session?.kind === 'refresh' && session.userId === userId) await tokens.remove(session.hash);
    },
  };
}

const sessionIdOf = (refreshToken: string): string => refreshToken.split('.')[0];
