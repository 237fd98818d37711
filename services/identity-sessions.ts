/**
 * Sessions behind refresh tokens. A refresh token is `<session>.<secret>`, both random; the store knows the
 * session by its hash and the hash of the one token that is valid now. Every use replaces the token. If an
 * older one is presented, somebody has a copy: the session ends for everybody who holds it.
 */
import { AppError } from '../src/errors.ts';
import { hashSecret, matchesHash } from './job-token.ts';
import type { Clock, Ids, TokenStore } from './ports.ts';

const SESSION_MS = 30 * 24 * 3_600_000;

export interface Sessions {
  /** Opens a session and returns its first refresh token. */
  open(userId: string): Promise<string>;
  /**
   * Exchanges a refresh token for its successor.
   * @throws AppError not_signed_in if it is unknown, has ended or was used before.
   */
  rotate(refreshToken: string): Promise<{ userId: string; refreshToken: string }>;
  /** Ends the session of a refresh token; does nothing if there is none. */
  end(refreshToken: string): Promise<void>;
}

/** Creates the sessions. */
export function createSessions(deps: { tokens: TokenStore; ids: Ids; clock: Clock }): Sessions {
  const { tokens, ids, clock } = deps;

  async function store(sessionId: string, userId: string, createdAt: number): Promise<string> {
    const refreshToken = `${sessionId}.${ids.secret(32)}`;
    await tokens.put({
      hash: hashSecret(sessionId),
      kind: 'refresh',
      userId,
      createdAt,
      expiresAt: clock() + SESSION_MS,
      attributes: { current: hashSecret(refreshToken) },
    });
    return refreshToken;
  }

  return {
    open: (userId) => store(ids.secret(16), userId, clock()),
    async rotate(presented) {
      const sessionId = presented.split('.')[0];
      const session = await tokens.get(hashSecret(sessionId));
      if (session?.kind !== 'refresh' || (session.expiresAt ?? 0) <= clock()) {
        throw new AppError('not_signed_in', 'The session has ended.');
      }
      if (!matchesHash(presented, session.attributes['current'] ?? '')) {
        await tokens.remove(session.hash);
        throw new AppError('not_signed_in', 'This refresh token was used before; the session was ended.');
      }
      const refreshToken = await store(sessionId, session.userId, session.createdAt);
      return { userId: session.userId, refreshToken };
    },
    end: (refreshToken) => tokens.remove(hashSecret(refreshToken.split('.')[0])),
  };
}
