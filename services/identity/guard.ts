/**
 * How often somebody may try to sign in to one account. An attempt is counted before the password is looked at, by a
 * conditional write, so that many at once are as slow as one after the other; a success takes its count back. The same
 * is written for addresses that nobody has: neither answer nor time tells whether an account exists.
 *
 * Nobody can lock a person out by guessing: the count of all strangers together does not hold for networks from
 * which the person has signed in before, each of which has its own count; attempts that are put off are not
 * counted, so no wait is longer than a window; a password reset forgives all.
 */
import { createHmac } from 'node:crypto';
import { AppError } from '../../src/errors.ts';
import type { SignIns } from '../../src/schemas/sign-ins.ts';
import { hashSecret } from '../jobs/token.ts';
import { networkOf } from '../network.ts';
import type { Clock } from '../ports.ts';
import type { SignInStore } from './ports.ts';

const WINDOW_MS = 15 * 60_000;
/** Failures in a window of one network, and of all networks together from which nobody has signed in yet. */
const PER_NETWORK = 10;
const OF_STRANGERS = 50;
const KNOWN_MS = 90 * 24 * 3_600_000;
const MAX_KNOWN = 20;
/** In the audit trail refusals within this time are one entry. */
const AUDIT_MS = 3_600_000;
/** Rounds of a conditional write that other attempts keep winning. */
const MAX_ROUNDS = 12;

/** Refusals of a window so far, this attempt among them. */
export interface Refusals {
  readonly since: number;
  readonly count: number;
}

export interface Guard {
  /** Counts an attempt. @throws AppError too_many_requests, with how long to wait */
  begin(email: string, ip: string): Promise<Refusals>;
  /** The password was right: the attempt does not count, and its network is known from now on. */
  passed(email: string, ip: string): Promise<void>;
  /** Forgets all failures of an account. */
  forgive(email: string): Promise<void>;
}

/** Creates the guard of sign-ins. */
export function createGuard(deps: { signIns: SignInStore; clock: Clock; tokenSecret: string }): Guard {
  const { signIns, clock, tokenSecret } = deps;

  /** Addresses are stored as hashes that nobody without the secret can try out. */
  function nameOf(ip: string): string {
    const hash = createHmac('sha256', tokenSecret).update(`cloudmr/network/1\n${networkOf(ip)}`);
    return hash.digest('base64url').slice(0, 16);
  }

  async function stored(email: string, now: number): Promise<SignIns> {
    const account = hashSecret(`sign-ins\n${email.trim().toLowerCase()}`);
    const found = await signIns.get(account);
    const { version = 0, known = {} } = found ?? {};
    const current = found && now - found.since < WINDOW_MS ? found : { since: now, failures: {} };
    const counted = found && now - found.refused.since < AUDIT_MS ? found.refused : { since: now, count: 0 };
    const { since, failures } = current;
    return { account, since, failures, known: recent(known, now), refused: counted, version };
  }

  /** Reads, decides and writes until nobody else was faster. */
  async function change(
    email: string,
    decide: (state: SignIns, now: number) => Partial<SignIns>,
  ): Promise<SignIns> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const now = clock();
      const state = await stored(email, now);
      const next = { ...state, ...decide(state, now), version: state.version + 1 };
      const keepMs = Object.keys(next.known).length > 0 ? KNOWN_MS : AUDIT_MS;
      if (await signIns.replace(next, now + keepMs)) return next;
    }
    throw tooMany('This account is being signed in to many times at once.', 1);
  }

  return {
    async begin(email, ip) {
      const network = nameOf(ip);
      const { refused } = await change(email, ({ since, failures, known, refused }, now) => {
        const own = failures[network] ?? 0;
        const isKnown = known[network] !== undefined;
        const strangers = Object.entries(failures)
          .filter(([name]) => known[name] === undefined)
          .reduce((sum, [, count]) => sum + count, 0);
        if (own >= PER_NETWORK || (!isKnown && strangers >= OF_STRANGERS)) {
          const seconds = Math.ceil((since + WINDOW_MS - now) / 1000);
          throw tooMany(`Too many attempts to sign in; try again in ${seconds} seconds.`, seconds);
        }
        return {
          failures: { ...failures, [network]: own + 1 },
          refused: { since: refused.since, count: refused.count + 1 },
        };
      });
      return refused;
    },

    async passed(email, ip) {
      const network = nameOf(ip);
      await change(email, ({ failures: { [network]: _forgiven, ...failures }, known, refused }, now) => ({
        failures,
        known: { ...known, [network]: now },
        refused: { since: refused.since, count: Math.max(0, refused.count - 1) },
      }));
    },

    async forgive(email) {
      await change(email, () => ({ failures: {} }));
    },
  };
}

/** The networks that were used last. */
function recent(known: Record<string, number>, now: number): Record<string, number> {
  const kept = Object.entries(known)
    .filter(([, at]) => now - at < KNOWN_MS)
    .sort(([, a], [, b]) => b - a);
  return Object.fromEntries(kept.slice(0, MAX_KNOWN));
}

function tooMany(message: string, retryAfterSeconds: number): AppError {
  return new AppError('too_many_requests', message, {
    remedy: 'Wait as long as Retry-After says, or reset the password.',
    details: { retryAfterSeconds },
  });
}
