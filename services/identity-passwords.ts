/**
 * Forgotten and changed passwords. There is no mail service: whoever forgot a password asks for help, an
 * administrator sees that in the list of accounts and issues a code, valid once and for a day, which the person
 * gets on a way the administrator trusts (telephone, in person). A new password ends all sessions.
 */
import { AppError } from '../src/errors.ts';
import type { User } from '../src/schemas/identity.ts';
import { type ChangeUser, noSuchAccount, sessionsEnded } from './identity-change.ts';
import type { Passwords } from './identity-ports.ts';
import { hashSecret, matchesHash } from './job-token.ts';
import type { Clock, Ids, Log, TokenStore, UserStore } from './ports.ts';

const CODE_MS = 24 * 3_600_000;
/** A request for help is noted again when the last one is older than this. */
const NOTE_MS = 3_600_000;
/** Crockford's base32: no letter that looks like a digit. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODE_BYTES = 16;
/** No id of an account. */
const NOBODY = 'nobody';

export interface PasswordActs {
  /** Notes that somebody needs help. Answers the same, and as fast, whether the account exists or not. */
  forgotPassword(email: string): Promise<void>;
  /** A code for one reset; an earlier one is no longer valid. @throws AppError not_found */
  issueResetCode(userId: string): Promise<{ code: string; expiresAt: number }>;
  /** Sets a new password by a code; returns whose. @throws AppError wrong_credentials */
  resetPassword(email: string, code: string, newPassword: string): Promise<string>;
  /** @throws AppError wrong_credentials if the old password is not right */
  changePassword(userId: string, oldPassword: string, newPassword: string): Promise<void>;
  /** Resolves when what was noted without waiting is stored. */
  settled(): Promise<void>;
}

export interface PasswordActsDeps {
  users: UserStore;
  tokens: TokenStore;
  passwords: Passwords;
  change: ChangeUser;
  ids: Ids;
  clock: Clock;
  log: Log;
}

/** Creates the acts on passwords. */
export function createPasswordActs(deps: PasswordActsDeps): PasswordActs {
  const { users, tokens, passwords, change, ids, clock, log } = deps;
  const pending = new Set<Promise<void>>();

  async function noteRequest(userId: string): Promise<void> {
    const now = clock();
    try {
      await change(userId, ({ resetRequestedAt = Number.NEGATIVE_INFINITY }) =>
        now - resetRequestedAt < NOTE_MS ? undefined : { resetRequestedAt: now },
      );
    } catch (error) {
      log.error({ err: error, userId }, 'a request for a reset code could not be noted');
    }
  }

  /** Reads as often for an address that nobody has: the time of an answer does not tell. */
  async function personOf(email: string): Promise<User | undefined> {
    return (await users.findByEmail(email)) ?? (await users.get(NOBODY));
  }

  return {
    async forgotPassword(email) {
      const user = await personOf(email);
      if (!user) return;
      const noting = noteRequest(user.userId).finally(() => pending.delete(noting));
      pending.add(noting);
    },

    async issueResetCode(userId) {
      const user = await users.get(userId);
      if (!user || user.status === 'deleted') throw noSuchAccount();
      const now = clock();
      const code = groups(ids.secret(CODE_BYTES));
      await tokens.put({
        hash: codeKey(userId),
        kind: 'reset',
        userId,
        createdAt: now,
        expiresAt: now + CODE_MS,
        attributes: { code: hashSecret(canonical(code)), generation: String(user.sessionGeneration ?? 0) },
      });
      return { code, expiresAt: now + CODE_MS };
    },

    async resetPassword(email, presented, newPassword) {
      const user = await personOf(email);
      const issued = await tokens.get(codeKey(user?.userId ?? NOBODY));
      const right =
        issued?.kind === 'reset' && matchesHash(canonical(presented), issued.attributes['code'] ?? '');
      if (!user || !right) throw wrongCode();
      const passwordHash = await passwords.hash(newPassword);
      const now = clock();
      await change(user.userId, (current) => {
        // The first of two uses has ended the sessions, so the second finds another generation.
        if (String(current.sessionGeneration ?? 0) !== issued.attributes['generation']) throw wrongCode();
        return { ...sessionsEnded(current, now), passwordHash, resetRequestedAt: undefined };
      });
      await tokens.remove(issued.hash);
      return user.userId;
    },

    async changePassword(userId, oldPassword, newPassword) {
      const user = await users.get(userId);
      if (!user || !(await passwords.verify(user.passwordHash, oldPassword))) {
        throw new AppError('wrong_credentials', 'The old password is wrong.');
      }
      const passwordHash = await passwords.hash(newPassword);
      const now = clock();
      await change(userId, (current) => {
        if (current.passwordHash !== user.passwordHash) {
          throw new AppError('conflict', 'The password was changed by another request.');
        }
        return { ...sessionsEnded(current, now), passwordHash };
      });
    },

    async settled() {
      await Promise.all(pending);
    },
  };
}

function wrongCode(): AppError {
  return new AppError('wrong_credentials', 'The code is wrong, was used, or has ended.', {
    remedy: 'Ask an administrator for a new reset code; it is valid once, for 24 hours.',
  });
}

const codeKey = (userId: string): string => hashSecret(`password reset\n${userId}`);

/** Random bytes (base64url) as four groups of four characters: 80 bits that can be read out loud. */
function groups(secret: string): string {
  const characters = [...Buffer.from(secret, 'base64url')].map((byte) => ALPHABET[byte % ALPHABET.length]);
  return characters.join('').replace(/(.{4})(?=.)/g, '$1-');
}

/** A code as people type it. */
function canonical(code: string): string {
  return code
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, '')
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1');
}
