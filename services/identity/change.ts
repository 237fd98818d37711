/** The one way to change a stored account: read, decide, write if nobody else was faster, else again. */
import { AppError } from '../../src/errors.ts';
import type { User } from '../../src/schemas/identity.ts';
import type { Clock, UserStore } from '../ports.ts';

/** Rounds of a conditional write that others keep winning. */
const MAX_ROUNDS = 5;

/** @throws AppError not_found if there is no such account (any more), conflict if others keep changing it */
export type ChangeUser = (
  userId: string,
  /** Undefined: leave it as it is. */
  decide: (user: User) => Partial<Omit<User, 'userId' | 'version'>> | undefined,
) => Promise<User>;

/**
 * Creates the writer; `changed` is told of every write, before the answer. `sure` comes before it, and fails if other
 * processes would not hear of it.
 */
export function createChangeUser(deps: {
  users: UserStore;
  clock: Clock;
  sure: () => Promise<void>;
  changed: (userId: string) => void;
}): ChangeUser {
  const { users, clock, sure, changed } = deps;
  return async (userId, decide) => {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const user = await users.get(userId);
      if (!user || user.status === 'deleted') throw noSuchAccount();
      const change = decide(user);
      if (!change) return user;
      const next: User = { ...user, ...change, updatedAt: clock(), version: user.version + 1 };
      await sure();
      if (await users.replace(next)) {
        changed(userId);
        return next;
      }
    }
    throw new AppError('conflict', 'The account is being changed by somebody else.');
  };
}

/** The error for an id that names nobody. */
export function noSuchAccount(): AppError {
  return new AppError('not_found', 'There is no such account.');
}

/** What ends every session of a person that was opened before `now`. */
export function sessionsEnded(user: User, now: number): Pick<User, 'sessionGeneration' | 'sessionsEndedAt'> {
  return { sessionGeneration: (user.sessionGeneration ?? 0) + 1, sessionsEndedAt: now };
}

/** What ends everything that was ever handed out to a person: sessions and personal access tokens. */
export function allTokensEnded(
  user: User,
  now: number,
): Pick<User, 'sessionGeneration' | 'sessionsEndedAt' | 'tokenGeneration'> {
  return { ...sessionsEnded(user, now), tokenGeneration: (user.tokenGeneration ?? 0) + 1 };
}

/** True for somebody who may use the broker now. */
export function isActiveUser(user: User | undefined): boolean {
  return user?.status === 'active';
}
