/**
 * Forgotten and changed passwords. Whoever forgot a password asks for a code, valid once and for a day. It comes by
 * mail (mail-outbox.ts); without mail an administrator sees the request in the list of accounts, issues a code, and
 * hands it over on a way that both trust (telephone, in person). A new password ends all sessions.
 */
import { createHmac } from 'node:crypto';
import { AppError } from '../../src/errors.ts';
import type { User } from '../../src/schemas/identity.ts';
import type { Mail } from '../../src/schemas/mail.ts';
import { hashSecret, matchesHash } from '../jobs/token.ts';
import type { Clock, Ids, TokenStore, UserStore } from '../ports.ts';
import { type ChangeUser, noSuchAccount, sessionsEnded } from './change.ts';
import type { Passwords } from './ports.ts';

const CODE_MS = 24 * 3_600_000;
/** A request for help is noted again when the last one is older than this. */
const NOTE_MS = 3_600_000;
/** Crockford's base32: no letter that looks like a digit. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODE_BYTES = 16;
/** No id of an account. */
const NOBODY = 'nobody';

export interface PasswordActs {
  /** Notes on the account that a code was asked for at `at`. */
  noteReset(userId: string, at: number): Promise<void>;
  /** The code that a mail brings, the same however often it is sent; undefined if there is a newer one. */
  mailedCode(userId: string, mail: Pick<Mail, 'mailId' | 'createdAt'>): Promise<string | undefined>;
  /** A code for one reset; an earlier one is no longer valid. @throws AppError not_found */
  issueResetCode(userId: string): Promise<{ code: string; expiresAt: number }>;
  /** Sets a new password by a code; returns whose. @throws AppError wrong_credentials */
  resetPassword(email: string, code: string, newPassword: string): Promise<string>;
  /** @throws AppError wrong_credentials if the old password is not right */
  changePassword(userId: string, oldPassword: string, newPassword: string): Promise<void>;
}

export interface PasswordActsDeps {
  users: UserStore;
  tokens: TokenStore;
  passwords: Passwords;
  change: ChangeUser;
  ids: Ids;
  clock: Clock;
  tokenSecret: string;
}

/** Creates the acts on passwords. */
export function createPasswordActs(deps: PasswordActsDeps): PasswordActs {
  const { users, tokens, passwords, change, ids, clock, tokenSecret } = deps;

  /** Makes a code the one that is valid. */
  async function putCode(user: User, code: string, createdAt: number): Promise<{ expiresAt: number }> {
    const expiresAt = createdAt + CODE_MS;
    await tokens.put({
      hash: codeKey(user.userId),
      kind: 'reset',
      userId: user.userId,
      createdAt,
      expiresAt,
      attributes: { code: hashSecret(canonical(code)), generation: String(user.sessionGeneration ?? 0) },
    });
    return { expiresAt };
  }

  /** Reads as often for an address that nobody has: the time of an answer does not tell. */
  async function personOf(email: string): Promise<User | undefined> {
    return (await users.findByEmail(email)) ?? (await users.get(NOBODY));
  }

  return {
    async noteReset(userId, at) {
      await change(userId, ({ resetRequestedAt = Number.NEGATIVE_INFINITY }) =>
        at - resetRequestedAt < NOTE_MS ? undefined : { resetRequestedAt: at },
      );
    },

    async mailedCode(userId, { mailId, createdAt }) {
      const user = await users.get(userId);
      const issued = await tokens.get(codeKey(userId));
      if (!user || (issued && issued.createdAt > createdAt)) return undefined;
      const bytes = createHmac('sha256', tokenSecret).update(`cloudmr/mailed-code/1\n${userId}\n${mailId}`);
      const code = groups(bytes.digest().subarray(0, CODE_BYTES));
      await putCode(user, code, createdAt);
      return code;
    },

    async issueResetCode(userId) {
      const user = await users.get(userId);
      if (!user || user.status === 'deleted') throw noSuchAccount();
      const code = groups(Buffer.from(ids.secret(CODE_BYTES), 'base64url'));
      return { code, ...(await putCode(user, code, clock())) };
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
  };
}

function wrongCode(): AppError {
  return new AppError('wrong_credentials', 'The code is wrong, was used, or has ended.', {
    remedy: 'Ask an administrator for a new reset code; it is valid once, for 24 hours.',
  });
}

const codeKey = (userId: string): string => hashSecret(`password reset\n${userId}`);

/** 16 random bytes as four groups of four characters: 80 bits that can be read out loud. */
function groups(secret: Buffer): string {
  const characters = [...secret].map((byte) => ALPHABET[byte % ALPHABET.length]);
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
