/**
 * The audit trail: what was done in somebody's name, or with the credentials of somebody's account, for the
 * owner to read. An entry says who, what, whose, and the request; never a secret. What cannot be stored is
 * logged in full instead: the act has happened, and refusing its answer would not undo it. What is entered before
 * it happens is another matter: see units/session-uses.ts.
 */
import type { AuditEntry } from '../../src/schemas/identity.ts';
import { workContext } from '../context.ts';
import type { AuditStore, Clock, Ids, Log, Page } from '../ports.ts';
import type { Principal } from '../principal.ts';

export type Act = Pick<AuditEntry, 'ownerId' | 'action' | 'subject' | 'outcome' | 'details'> & {
  /** Default: whoever the work at hand is done for. */
  actor?: string;
};

export interface Audit {
  /** Stores an entry before it returns; never throws. */
  record(act: Act): Promise<void>;
  /**
   * One entry for all acts of its kind in a window: the last one, and how many there were. Without waiting, where
   * waiting would tell a stranger something; `settled` waits.
   */
  noteCount(act: Act, window: { readonly since: number; readonly count: number }): void;
  /**
   * Stores an entry before it returns, in the place of one with the same id and a smaller version; never throws.
   * Says whether it is stored.
   */
  restate(
    act: Act,
    place: { readonly entryId: string; readonly at: number; readonly version: number },
  ): Promise<boolean>;
  settled(): Promise<void>;
  /** Newest first. */
  list(who: Principal, options: { limit: number; cursor?: string }): Promise<Page<AuditEntry>>;
  /** All entries, newest first, one page in memory at a time. */
  all(who: Principal): AsyncGenerator<AuditEntry>;
}

const EXPORT_PAGE = 200;

/** Creates the audit trail. */
export function createAudit(deps: { store: AuditStore; clock: Clock; ids: Ids; log: Log }): Audit {
  const { store, clock, ids, log } = deps;
  const pending = new Set<Promise<boolean>>();

  function entryOf(act: Act): AuditEntry {
    const { requestId, jobId, actor = 'broker' } = workContext();
    const details = jobId ? { ...act.details, jobId } : act.details;
    return { actor, ...act, details, entryId: ids.next(), at: clock(), requestId };
  }

  async function stored(entry: AuditEntry, writing: Promise<void>): Promise<boolean> {
    try {
      await writing;
      return true;
    } catch (error) {
      log.error({ err: error, audit: entry }, 'an audit entry could not be stored');
      return false;
    }
  }

  async function record(act: Act): Promise<void> {
    const entry = entryOf(act);
    await stored(entry, store.append(entry));
  }

  return {
    record,
    noteCount(act, { since, count }) {
      const now = entryOf(act);
      const details = { ...now.details, count: String(count), last: new Date(now.at).toISOString() };
      const entry = { ...now, details, entryId: `${act.action}-${since}`, at: since };
      const storing = stored(entry, store.recount(entry, count)).finally(() => pending.delete(storing));
      pending.add(storing);
    },
    restate(act, { version, ...place }) {
      // Of no request or job in particular: whichever comes along writes it.
      const entry = { actor: 'broker', ...act, ...place };
      return stored(entry, store.recount(entry, version));
    },
    async settled() {
      await Promise.all(pending);
    },
    async list(who, options) {
      const page = await store.listByOwner(who.userId, options);
      return { ...page, items: page.items.map((entry) => asRead(entry, clock())) };
    },
    async *all(who) {
      let cursor: string | undefined;
      do {
        const page = await store.listByOwner(who.userId, { limit: EXPORT_PAGE, cursor });
        for (const entry of page.items) yield asRead(entry, clock());
        cursor = page.cursor;
      } while (cursor !== undefined);
    },
  };
}

/** A broker that counts says the end of a window within this time after it. */
const GRACE_MS = 2 * 60_000;

/**
 * An entry that was left open by a broker that was killed: its window has passed, so nothing more is used under it.
 * How often it was used is unknown since the entry was last written, but no more often than it says.
 */
function asRead(entry: AuditEntry, now: number): AuditEntry {
  const { outcome, details = {} } = entry;
  const until = Date.parse(details['until'] ?? '');
  if (outcome !== 'open' || !(until + GRACE_MS < now)) return entry;
  return { ...entry, outcome: 'unknown', details: { ...details, unknownSince: details['since'] } };
}
