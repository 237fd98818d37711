/**
 * Mail on its way. What is to be said is stored before the reply that promises it, and sent by the tick, again and
 * again until the server takes it or too much time has passed. Every stored step is conditional, so several brokers
 * may send. A request for a reset code is stored the same for every address; whether somebody has it is looked up
 * here, where nobody waits for it. Without a mailer such a request is only noted on the account, where administrators
 * see it.
 */
import type { User } from '../../src/schemas/identity.ts';
import type { Mail } from '../../src/schemas/mail.ts';
import { createFailing } from '../clockwork/failing.ts';
import { inLanes } from '../clockwork/lanes.ts';
import { isActiveUser } from '../identity/change.ts';
import type { PasswordActs } from '../identity/passwords.ts';
import { hashSecret } from '../jobs/token.ts';
import type { Clock, Log, UserStore } from '../ports.ts';
import { approvedMessage, resetMessage } from './messages.ts';
import type { Mailer, MailMessage, MailStore } from './ports.ts';

const POLL_MS = 5_000;
/** Between full batches: a moment, so that what cannot be read or written does not keep the process busy. */
const FULL_MS = 100;
const BATCH = 20;
/** Side by side: mail that a server takes its time for holds up its own lane. */
const CONCURRENCY = 4;
/** Whoever has taken a mail has this long to hand it over; a mailer gives up sooner. */
const LEASE_MS = 120_000;
/** Pauses after the first failure, the second, and so on: 2.6 hours in all. */
const PAUSES_MS = [10_000, 60_000, 300_000, 900_000, 1_800_000, 3_600_000, 3_600_000];
/** Requests for one address within this time are one request: nobody fills another's mailbox. */
const SAME_MS = 600_000;
/** Longer than the write of the approval takes, which follows the intention to tell of it. */
const APPROVAL_MS = 5_000;

export interface Outbox {
  /** Notes that somebody with this address, if there is one, asks for a reset code. */
  askReset(email: string): Promise<void>;
  /** Notes, before it is done, that an account is about to be let in. */
  announceApproval(user: User): Promise<void>;
  /** Handles what is due; returns how much it looked at. Never throws for a single mail; `beat` after each. */
  tick(beat?: () => void): Promise<number>;
  idleMs(): number;
  onWake(wake: () => void): void;
}

export interface OutboxDeps {
  mails: MailStore;
  users: UserStore;
  passwordActs: Pick<PasswordActs, 'noteReset' | 'mailedCode'>;
  /** Undefined: there is no mail. */
  mailer: Mailer | undefined;
  /** Where people sign in. */
  place: () => string;
  clock: Clock;
  log: Log;
}

/** Creates the outbox of one broker process. */
export function createOutbox(deps: OutboxDeps): Outbox {
  const { mails, users, passwordActs, mailer, place, clock, log } = deps;
  const failing = createFailing(clock);
  let nextPoll = 0;
  let wake = (): void => {};

  /** What is to be sent now; undefined if there is nothing (any more). */
  async function messageOf(mail: Mail): Promise<MailMessage | undefined> {
    if (mail.kind === 'approved') {
      const user = await users.get(mail.userId ?? '');
      return user && isActiveUser(user) ? approvedMessage(user.email, place()) : undefined;
    }
    const user = await users.findByEmail(mail.email ?? '');
    // Sessions that ended since: the password was changed, or all was ended by somebody who had a reason.
    if (!user || !canReset(user) || (user.sessionsEndedAt ?? 0) > mail.createdAt) return undefined;
    await passwordActs.noteReset(user.userId, mail.createdAt);
    // Who signs in elsewhere has no password here, and gets none without an administrator.
    if (!mailer || user.foreignLink !== undefined) return undefined;
    const code = await passwordActs.mailedCode(user.userId, mail);
    return code === undefined ? undefined : resetMessage(user.email, code, place());
  }

  /** The mail with a lease of this process; undefined if somebody else has it, or it was handled. */
  async function claim(mailId: string): Promise<Mail | undefined> {
    const stored = await mails.get(mailId);
    const now = clock();
    if (stored?.dueAt === undefined || stored.dueAt > now) return undefined;
    const next = { ...stored, tries: stored.tries + 1, dueAt: now + LEASE_MS, version: stored.version + 1 };
    return (await mails.replace(next)) ? next : undefined;
  }

  async function settle(mail: Mail, state: Mail['state']): Promise<void> {
    const { email: _address, ...rest } = mail;
    await mails.replace({ ...rest, state, dueAt: undefined, version: mail.version + 1 });
  }

  async function handle(mailId: string): Promise<void> {
    const mail = await claim(mailId);
    if (!mail) return;
    const message = await messageOf(mail);
    if (!message || !mailer) return settle(mail, 'dropped');
    const { state, problem } = await mailer.send(message);
    const { kind, tries } = mail;
    const pause = PAUSES_MS[tries - 1];
    if (state === 'failed' && pause !== undefined) {
      log.warn({ mailId, kind, tries, problem }, 'a mail could not be sent, it is tried again');
      await mails.replace({ ...mail, dueAt: clock() + pause, version: mail.version + 1 });
      return;
    }
    if (state === 'sent') log.info({ mailId, kind, tries }, 'a mail was sent');
    else log.error({ mailId, kind, tries, problem }, 'a mail could not be sent');
    await settle(mail, state);
  }

  function fresh(what: Pick<Mail, 'mailId' | 'kind' | 'email' | 'userId'>, dueAt: number): Mail {
    return { ...what, state: 'waiting', tries: 0, dueAt, createdAt: clock(), version: 1 };
  }

  return {
    async askReset(email) {
      const now = clock();
      const mailId = `reset-${hashSecret(`reset mail\n${email}\n${Math.floor(now / SAME_MS)}`).slice(0, 32)}`;
      await mails.create(fresh({ mailId, kind: 'reset', email }, now));
      nextPoll = 0;
      wake();
    },

    async announceApproval({ userId, version }) {
      if (!mailer) return;
      const mailId = `approved-${userId}-${version}`;
      await mails.create(fresh({ mailId, kind: 'approved', userId }, clock() + APPROVAL_MS));
    },

    async tick(beat) {
      const now = clock();
      if (now < nextPoll) return 0;
      nextPoll = now + POLL_MS;
      const limit = BATCH + failing.waiting();
      const found = await mails.due(now, limit);
      const due = found.filter(failing.mayTry);
      await inLanes(due, CONCURRENCY, async (mailId) => {
        try {
          await handle(mailId);
          failing.cleared(mailId);
        } catch (error) {
          failing.failed(mailId, error);
          // One mail must never stop the others; its stored due time brings it back.
          log.error({ mailId, err: error }, 'a mail could not be handled');
        }
        beat?.();
      });
      // A full batch means that more is waiting.
      if (found.length === limit && due.length > 0) nextPoll = now + FULL_MS;
      return due.length;
    },

    idleMs: () => Math.max(0, nextPoll - clock()),

    onWake(callback) {
      wake = callback;
    },
  };
}

/** Whoever is shut out stays so: an administrator helps. */
function canReset({ status }: User): boolean {
  return status === 'active' || status === 'waiting';
}
