/**
 * What the sessions in somebody's account are used for. No use goes ahead that the owner's audit trail does not cover:
 * the first use of a session in a window of ten minutes waits until an entry is stored that says the session is in
 * use, by whom first, and for how many uses at most; the use beyond them waits again. Uses in between cost nothing
 * where they happen. The same entry gets the counts and names when the window ends, and those of requests within two
 * minutes. So a process that is killed leaves an open entry: never a use without one, at most names and counts of the
 * last minutes, which CloudTrail has under the same access key id and the stored jobs have in their histories.
 */
import type { Unit } from '../../src/schemas/unit.ts';
import type { Audit } from '../audit/audit.ts';
import { workContext } from '../context.ts';
import { type Clock, CloudError } from '../ports.ts';

const WINDOW_MS = 10 * 60_000;
/** Requests leave no history of their own as jobs do: their names wait no longer than this. */
const REQUESTS_MS = 2 * 60_000;
/** Uses that the first entry of a window allows for; each further one allows for four times as many. */
const FIRST_USES = 100;
const MORE_USES = 4;
/** Jobs and requests named in one entry, which stays below 4 KB with their ids. */
const MAX_NAMES = 100;
/**
 * Following and stopping what runs goes ahead without an entry (it is logged in full): a run that nobody follows is a
 * lost job, and one that nobody stops costs its owner money. Whatever else begins in an account can wait for the trail.
 */
const GOES_AHEAD = 'observe';
/** Operations and their refusals; AWS has few, and the codes of refusals come from outside. */
const MAX_OPERATIONS = 40;

/** One session, as CloudTrail names it. */
export interface UsedSession {
  readonly unit: Pick<Unit, 'unitId' | 'ownerId'>;
  readonly purpose: string;
  readonly roleSessionName: string;
  readonly accessKeyId: string;
}

/** Told how AWS answered: `ok`, or its error code. */
export type EndOfUse = (outcome: string) => void;

export interface SessionUses {
  /**
   * Counts a use for the work at hand; resolves when it may go ahead.
   * @throws CloudError `unavailable` if its entry cannot be stored: then it must not happen.
   */
  begin(session: UsedSession, operation: string): Promise<EndOfUse>;
  /** Writes what has waited long enough; returns how many entries. */
  tick(): Promise<number>;
  /** Ends all windows and writes them. */
  flush(): Promise<void>;
  idleMs(): number;
  onWake(wake: () => void): void;
}

interface Window {
  readonly session: UsedSession;
  readonly entryId: string;
  readonly since: number;
  readonly until: number;
  /** Requests are named here that the stored entry does not name yet. */
  saveAt: number | undefined;
  closed: boolean;
  uses: number;
  /** As many as the stored entry allows for. */
  covered: number;
  versions: number;
  covering: Promise<boolean> | undefined;
  readonly operations: Map<string, number>;
  /** Jobs and requests. */
  readonly names: Set<string>;
}

/** Creates the counts of one broker process. */
export function createSessionUses({
  audit,
  clock,
}: {
  audit: Pick<Audit, 'restate'>;
  clock: Clock;
}): SessionUses {
  const open = new Map<string, Window>();
  /** Ended, and not written since. */
  const ended = new Set<Window>();
  let opened = 0;
  let wake = (): void => {};

  function end(window: Window): void {
    open.delete(window.session.accessKeyId);
    window.closed = true;
    ended.add(window);
  }

  function windowOf(session: UsedSession): Window {
    const now = clock();
    const found = open.get(session.accessKeyId);
    if (found && found.until > now) return found;
    if (found) end(found);
    const window: Window = {
      session,
      entryId: `uses-${session.accessKeyId}-${++opened}`,
      since: now,
      until: now + WINDOW_MS,
      saveAt: undefined,
      closed: false,
      uses: 0,
      covered: 0,
      versions: 0,
      covering: undefined,
      operations: new Map(),
      names: new Set(),
    };
    open.set(session.accessKeyId, window);
    return window;
  }

  async function write(window: Window): Promise<boolean> {
    let room = FIRST_USES;
    while (room < window.uses) room *= MORE_USES;
    window.saveAt = undefined;
    const stored = await audit.restate(actOf(window, room), {
      entryId: window.entryId,
      at: window.since,
      version: ++window.versions,
    });
    if (stored) window.covered = Math.max(window.covered, room);
    return stored;
  }

  /** Whether the stored entry allows for all uses so far. */
  async function cover(window: Window): Promise<boolean> {
    while (window.uses > window.covered) {
      window.covering ??= write(window).finally(() => {
        window.covering = undefined;
      });
      if (!(await window.covering)) return false;
    }
    return true;
  }

  async function tick(): Promise<number> {
    const now = clock();
    for (const window of [...open.values()]) if (window.until <= now) end(window);
    const due = [...ended, ...[...open.values()].filter(({ saveAt = Infinity }) => saveAt <= now)];
    ended.clear();
    for (const window of due) await write(window);
    return due.length;
  }

  return {
    async begin(session, operation) {
      const window = windowOf(session);
      const { jobId, requestId } = workContext();
      window.uses++;
      const counted = add(window, operation);
      window.names.add(jobId ?? requestId ?? 'broker');
      if (jobId === undefined) window.saveAt ??= clock() + REQUESTS_MS;
      // The next name finds a fresh window: none is left out.
      if (window.names.size >= MAX_NAMES) {
        end(window);
        wake();
      }
      if (window.uses > window.covered && !(await cover(window)) && session.purpose !== GOES_AHEAD) {
        window.uses--;
        window.operations.set(counted, (window.operations.get(counted) ?? 1) - 1);
        const why = "the audit trail of the account's owner cannot be written, so the account is not used";
        throw new CloudError('unavailable', operation, 'NoAuditEntry', why);
      }
      return (outcome) => {
        if (outcome === 'ok') return;
        window.operations.set(counted, (window.operations.get(counted) ?? 1) - 1);
        add(window, `${operation} ${outcome}`);
        if (window.closed) ended.add(window);
      };
    },
    tick,
    async flush() {
      for (const window of [...open.values()]) end(window);
      await tick();
    },
    idleMs() {
      if (ended.size > 0) return 0;
      const moments = [...open.values()].map(({ until, saveAt = until }) => Math.min(until, saveAt));
      return Math.max(0, Math.min(...moments, clock() + WINDOW_MS) - clock());
    },
    onWake(callback) {
      wake = callback;
    },
  };
}

/** Counts an operation, under `others` if there are too many; returns under what. */
function add({ operations }: Window, name: string): string {
  const counted = operations.has(name) || operations.size < MAX_OPERATIONS ? name : 'others';
  operations.set(counted, (operations.get(counted) ?? 0) + 1);
  return counted;
}

function actOf({ session, since, until, closed, uses, operations, names }: Window, room: number) {
  const { unit, purpose, roleSessionName, accessKeyId } = session;
  const counts = [...operations].filter(([, times]) => times > 0);
  return {
    ownerId: unit.ownerId,
    actor: 'broker',
    action: `session.${purpose}.uses`,
    subject: unit.unitId,
    outcome: closed ? 'ok' : 'open',
    details: {
      roleSessionName,
      accessKeyId,
      uses: String(uses),
      ...(closed ? {} : { atMost: String(room) }),
      operations: counts.map(([name, times]) => `${name} ${times}`).join(', '),
      for: [...names].join(' '),
      since: new Date(since).toISOString(),
      until: new Date(until).toISOString(),
    },
  };
}
