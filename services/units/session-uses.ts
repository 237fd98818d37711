/**
 * What the sessions in somebody's account were used for. A use costs nothing where it happens: it is counted in
 * memory, and a session's counts become one entry of the audit trail every ten minutes, earlier if many jobs and
 * requests have used it. What a process that is killed has not written yet is in the owner's CloudTrail alone,
 * under the access key and session name of the entry that was written when the session was opened.
 */
import type { Unit } from '../../src/schemas/unit.ts';
import type { Audit } from '../audit/audit.ts';
import { workContext } from '../context.ts';
import type { Clock } from '../ports.ts';

/** Counts wait at most this long. */
const FLUSH_MS = 10 * 60_000;
/** Jobs and requests named in one entry, which stays below 4 KB with their ids. */
const MAX_NAMES = 100;
/** Operations and their refusals; AWS has few, and the codes of refusals come from outside. */
const MAX_OPERATIONS = 40;

/** One session, as CloudTrail names it. */
export interface UsedSession {
  readonly unit: Pick<Unit, 'unitId' | 'ownerId'>;
  readonly purpose: string;
  readonly roleSessionName: string;
  readonly accessKeyId: string;
}

export interface SessionUses {
  /** Counts a use for the work at hand. `outcome`: `ok`, or the error code of AWS. */
  count(session: UsedSession, operation: string, outcome: string): void;
  /** Writes what has waited long enough; returns how many entries. */
  tick(): Promise<number>;
  /** Writes everything. */
  flush(): Promise<void>;
  idleMs(): number;
  onWake(wake: () => void): void;
}

interface Counted {
  readonly session: UsedSession;
  readonly since: number;
  dueAt: number;
  uses: number;
  readonly operations: Map<string, number>;
  /** Jobs and requests. */
  readonly names: Set<string>;
}

/** Creates the counts of one broker process. */
export function createSessionUses({
  audit,
  clock,
}: {
  audit: Pick<Audit, 'record'>;
  clock: Clock;
}): SessionUses {
  const counted = new Map<string, Counted>();
  let full = 0;
  let wake = (): void => {};

  async function write({ session, since, uses, operations, names }: Counted): Promise<void> {
    const { unit, purpose, roleSessionName, accessKeyId } = session;
    await audit.record({
      ownerId: unit.ownerId,
      actor: 'broker',
      action: `session.${purpose}.uses`,
      subject: unit.unitId,
      outcome: 'ok',
      details: {
        roleSessionName,
        accessKeyId,
        uses: String(uses),
        operations: [...operations].map(([name, times]) => `${name} ${times}`).join(', '),
        for: [...names].join(' '),
        since: new Date(since).toISOString(),
      },
    });
  }

  async function flushThose(due: (entry: Counted) => boolean): Promise<number> {
    const entries = [...counted].filter(([, entry]) => due(entry));
    for (const [key, entry] of entries) {
      counted.delete(key);
      await write(entry);
    }
    return entries.length;
  }

  return {
    count(session, operation, outcome) {
      const now = clock();
      const entry = counted.get(session.accessKeyId) ?? {
        session,
        since: now,
        dueAt: now + FLUSH_MS,
        uses: 0,
        operations: new Map<string, number>(),
        names: new Set<string>(),
      };
      counted.set(session.accessKeyId, entry);
      entry.uses++;
      const what = outcome === 'ok' ? operation : `${operation} ${outcome}`;
      const known = entry.operations.has(what) || entry.operations.size < MAX_OPERATIONS;
      const name = known ? what : 'others';
      entry.operations.set(name, (entry.operations.get(name) ?? 0) + 1);
      const { jobId, requestId } = workContext();
      entry.names.add(jobId ?? requestId ?? 'broker');
      if (entry.names.size < MAX_NAMES) return;
      // The next name finds a fresh entry: none is left out.
      counted.delete(session.accessKeyId);
      counted.set(`${session.accessKeyId} ${++full}`, entry);
      entry.dueAt = now;
      wake();
    },
    tick: () => flushThose(({ dueAt }) => dueAt <= clock()),
    async flush() {
      await flushThose(() => true);
    },
    idleMs() {
      const next = Math.min(...[...counted.values()].map(({ dueAt }) => dueAt), clock() + FLUSH_MS);
      return Math.max(0, next - clock());
    },
    onWake(callback) {
      wake = callback;
    },
  };
}
