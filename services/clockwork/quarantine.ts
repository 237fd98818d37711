/**
 * Jobs whose step kills the process that takes it: no process lives to count that, so the dead are the evidence. Each
 * process says with its signs of life which jobs are in its hands (shares.ts); what the latest dead had said stays.
 * Nothing of this costs a write as long as nobody dies. After a death, processes are careful for a while: they say
 * what they take before they take it, a few jobs at a time.
 *
 * Being in the hands of the dead proves nothing: whoever kills processes meets innocent jobs. So a job that several dead
 * held is a suspect, and a suspect is taken alone: nothing else is begun beside it. Who lives through that believes in
 * its innocence. Only a job with which processes died alone, several times, is set aside. Kills that come by chance
 * would have to meet the fraction of a second of the same job's lonely step, each time.
 */
import type { Clock, Log } from '../ports.ts';
import type { Held } from './held.ts';
import type { Hands } from './share-ports.ts';
import { BEAT_MS, type SeenMember } from './shares.ts';

/** In the hands of so many dead: a suspect. */
export const MAX_DEATHS = 3;
/** So many died with the suspect alone: it is set aside. */
export const MAX_ALONE = 3;
/** After a death, those who live are careful for so long. */
const CAREFUL_MS = 15 * 60_000;
/** While they are, they begin so many steps at once: fewer are suspected, and hindered, in vain. */
const BATCH = 20;
/** A process does other work for so long before it takes a suspect: even one that dies each time moves the others on. */
const SETTLE_MS = 10_000;
/** What is in hand for longer than this hangs, and has not killed anybody. */
const QUICK_MS = 10_000;
/** All processes have read the list of the dead anew. */
const PARDON_MS = 3 * BEAT_MS;
/** Jobs named with a sign of life, the latest ones. */
const MAX_NAMED = 50;

export interface Quarantine {
  /**
   * Which of these jobs may be begun now; the others stay due. After a death that is said before it is done: throws as
   * the store does.
   */
  admit(jobIds: readonly string[]): Promise<readonly string[]>;
  /** How many jobs are held back. */
  waiting(): number;
  /** The evidence against a job is destroyed. Returns the milliseconds until all processes know. */
  pardon(jobId: string): Promise<number>;
  /** What this process has in its hands, for its signs of life. */
  hands(): Hands;
}

export interface QuarantineDeps {
  held: Pick<Held, 'has' | 'names' | 'younger'>;
  /** All known processes, the latest dead included. */
  members: () => readonly SeenMember[];
  /** Says now what this process has in its hands. */
  say: () => Promise<void>;
  /** Forgets what these dead have said. */
  bury: (dead: readonly SeenMember[]) => Promise<void>;
  /** Sets a job aside with which so many processes died. */
  setAside: (jobId: string, error: Error, deaths: number) => Promise<void>;
  clock: Clock;
  log: Log;
}

/** Creates the quarantine of one process. */
export function createQuarantine(deps: QuarantineDeps): Quarantine {
  const { held, members, say, bury, setAside, clock, log } = deps;
  const began = clock();
  /** Dead whose evidence against a job this process has disproved: `BROKER JOB`. */
  const disproved = new Set<string>();
  const judged = new Set<string>();
  let alone: { jobId: string; since: number } | undefined;
  let taking: readonly string[] = [];
  let suspectsTurn = false;
  let heldBack = 0;

  /** Deaths with each job in hand, and alone in hand. */
  function evidence(dead: readonly SeenMember[]) {
    const found = new Map<string, { deaths: number; alone: number }>();
    for (const member of dead) {
      for (const jobId of member.hands ?? []) {
        if (disproved.has(`${member.brokerId} ${jobId}`)) continue;
        const { deaths, alone } = found.get(jobId) ?? { deaths: 0, alone: 0 };
        found.set(jobId, { deaths: deaths + 1, alone: alone + Number(member.alone === jobId) });
      }
    }
    return found;
  }

  /** The suspect has been taken alone, and this process lives. */
  function believe(dead: readonly SeenMember[]): void {
    if (!alone || held.has(alone.jobId)) return;
    for (const { brokerId } of dead) disproved.add(`${brokerId} ${alone.jobId}`);
    log.info(
      { jobId: alone.jobId },
      'a job that several processes had in hand as they died was taken alone, and nobody died',
    );
    alone = undefined;
  }

  function forget(dead: readonly SeenMember[]): void {
    const known = new Set(dead.map(({ brokerId }) => brokerId));
    for (const entry of disproved)
      if (!known.has(entry.slice(0, entry.indexOf(' ')))) disproved.delete(entry);
  }

  async function judge(jobId: string, deaths: number): Promise<void> {
    if (judged.has(jobId)) return;
    try {
      await setAside(jobId, new Error('broker processes died while they worked on this job alone'), deaths);
      judged.add(jobId);
    } catch (error) {
      // It is not taken all the same, and tried again with the next tick.
      log.error({ jobId, err: error }, 'a job with which processes died could not be set aside');
    }
  }

  async function begin(jobIds: readonly string[]): Promise<readonly string[]> {
    if (jobIds.length === 0) return [];
    taking = jobIds;
    try {
      await say();
      return jobIds;
    } catch (error) {
      // It was not begun: that proves nothing.
      alone = undefined;
      throw error;
    } finally {
      taking = [];
    }
  }

  return {
    async admit(jobIds) {
      const now = clock();
      const dead = members().filter(({ alive }) => !alive);
      believe(dead);
      forget(dead);
      const known = evidence(dead);
      heldBack = [...known.values()].filter(({ deaths }) => deaths >= MAX_DEATHS).length;
      const guilty = (jobId: string): boolean => (known.get(jobId)?.alone ?? 0) >= MAX_ALONE;
      const suspected = (jobId: string): boolean => (known.get(jobId)?.deaths ?? 0) >= MAX_DEATHS;
      for (const jobId of judged) if (!guilty(jobId)) judged.delete(jobId);
      for (const jobId of jobIds.filter(guilty)) await judge(jobId, known.get(jobId)?.deaths ?? 0);
      const free = jobIds.filter((jobId) => !guilty(jobId));
      if (!dead.some(({ seenAt }) => now - seenAt < CAREFUL_MS)) return free;
      // Nothing beside a suspect, unless it turns out to hang.
      if (alone && now - alone.since < QUICK_MS) return [];
      alone = undefined;
      const suspect = free.find(suspected);
      if (suspect !== undefined && suspectsTurn && now - began >= SETTLE_MS) {
        if (held.younger(QUICK_MS)) return [];
        suspectsTurn = false;
        alone = { jobId: suspect, since: now };
        log.warn(
          { jobId: suspect, ...known.get(suspect) },
          'several processes died with this job in hand: it is taken alone',
        );
        return begin([suspect]);
      }
      suspectsTurn = suspect !== undefined;
      return begin(free.filter((jobId) => !suspected(jobId)).slice(0, BATCH));
    },
    waiting: () => heldBack,
    async pardon(jobId) {
      const witnesses = members().filter((member) => !member.alive && member.alone === jobId);
      if (witnesses.length === 0) return 0;
      await bury(witnesses);
      return PARDON_MS;
    },
    hands: () => ({
      hands: [...taking, ...held.names()].slice(0, MAX_NAMED),
      alone: alone?.jobId,
    }),
  };
}
