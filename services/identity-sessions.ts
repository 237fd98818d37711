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

/** Creates the sessions. */
export function createSessions(deps: { tokens: TokenStore; ids: Ids; clock: Clock }): Sessions {
  const { tokens, ids, clock } = deps;

  async function store(
    sessionId: string,
    { userId, createdAt, generation }: { userId: string; createdAt: number; generation: string },
  ): Promise<string> {
    const refreshToken = `${sessionId}.${ids.secret(32)}`;
    await tokens.put({
      hash: hashSecret(sessionId),
      kind: 'refresh',
      userId,
      createdAt,
      expiresAt: clock() + SESSION_MS,
      attributes: { current: hashSecret(refreshToken), generation },
    });
    return refreshToken;
  }

  return {
    open: (userId, generation) =>
      store(ids.secret(16), { userId, createdAt: clock(), generation: String(generation) }),
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
      const { userId, createdAt } = session;
      const generation = session.attributes['generation'] ?? '0';
      const refreshToken = await store(sessionId, { userId, createdAt, generation });
      return { userId, generation: Number(generation), refreshToken };
    },
    async end(userId, refreshToken) {
      const session = await tokens.get(hashSecret(refreshToken.split('.')[0]));
      if (session?.kind === 'refresh' && session.userId === userId) await tokens.remove(session.hash);
    },
  };
}
