/**
 * What other broker processes have written. Each process keeps its latest changes in one small item, and while somebody
 * here wants to know, all those items are read together once a second: one read per process and second, however many
 * people, tabs and jobs there are, and a write only where something has changed. What is told are names, not states;
 * whoever cares reads. A process that is alone writes nothing, and reads nothing: the list of processes shows it who comes.
 *
 * `fresh` means: what others have written up to about three seconds ago has been told here. Nothing is lost silently:
 * numbers without gaps show what was missed, and of a process that died nobody knows what it has not told any more.
 * Then everything may have changed, and that is told too. A process that ends in order takes its leave instead: nothing
 * is missed then, and nothing is read. Who has just come, or come back after a silence, believes
 * nothing until all others must have noticed: those who thought that they are alone told nothing.
 *
 * A process that can write, but not tell, makes the others stop believing: it says so with its signs of life, or
 * if it cannot give those, with its news; if it can do neither it does not write (`sure`).
 */

import type { Clock, Log } from '../ports.ts';
import type { Bulletin, NewsStore, Tidings } from './news-ports.ts';
import { BEAT_MS, type SeenMember, type Shares, SILENT_MS } from './shares.ts';
import { createToldChanges } from './told-changes.ts';

/** How often the others are looked at, and how soon after a change they are told. */
export const LOOK_MS = 1_000;
/** A look that began longer ago says nothing about now. */
export const FRESH_MS = 2_500;
/** The others are looked at for so long after somebody wanted to know. */
const INTEREST_MS = 60_000;
/** How often it is looked whether there are others now; that asks nobody. */
const IDLE_MS = 2_000;
/** What is stored ends by itself after an hour. */
const SAY_AGAIN_MS = 10 * 60_000;
/** Whoever could not say for so long that it lives may soon be taken for dead, and not be asked any more. */
const DOUBT_MS = SILENT_MS - BEAT_MS;
/** The others do not remove what was said within this time. */
export const STANDS_MS = INTEREST_MS / 2;
/** What a process had begun to write when it fell silent is written by then: all tries of a call have ended. */
export const LATE_WRITE_MS = 35_000;

/** Undefined: anything may have changed. */
export type Heard = (tidings: Tidings | undefined) => void;

export interface News {
  /** This process has written something. */
  tell(tidings: Tidings): void;
  /** Comes before a write: the others hear of it, or know that they do not. Fails as the store does if neither is sure. */
  sure(): Promise<void>;
  /** True while changes wait for longer than the others expect. */
  unheard(): boolean;
  /** True if all that others wrote a few seconds ago is known here. Asking is interest. */
  fresh(): boolean;
  /** Called for everything that others tell, before it counts as known. */
  onHeard(heard: Heard): void;
  tick(): Promise<number>;
  idleMs(): number;
  onWake(wake: () => void): void;
  /** Tells what is not told yet, and is silent from then on. */
  leave(): Promise<void>;
}

export interface NewsDeps {
  news: NewsStore;
  /** The processes that share the table. */
  view: () => Omit<ReturnType<Shares['view']>, 'leases'>;
  clock: Clock;
  log: Log;
}

/** Creates the part of one process. */
export function createNews({ news: store, view, clock, log }: NewsDeps): News {
  const listeners: Heard[] = [];
  const told = createToldChanges(clock);
  /** The next number that no stored bulletin has. */
  let owed = 1;
  /** When it was last stored that this process may not be heard, until the opposite is stored. */
  let doubtSaidAt: number | undefined;
  let untold = false;
  /** An account was changed: that does not wait. */
  let urgent = false;
  /** Undefined: nothing was told to the others yet. */
  let toldAt: number | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let nextLook = 0;
  let wantedAt = Number.NEGATIVE_INFINITY;
  /** The next number to be heard of each other process. */
  const next = new Map<string, number>();
  /** Others that lived when they were last looked at. */
  let living = new Set<string>();
  /** When those who do not live any more were missed. */
  const lost = new Map<string, number>();
  /** When those who have taken their leave were missed: all is told, but of a write that ended later they tell later. */
  const departed = new Map<string, number>();
  /** At the last look there was somebody who is not heard. */
  let doubted = false;
  let firstLook = true;
  let gone = false;
  /** It has left as it should: what it had begun to write ends soon, and nothing else is begun. */
  let orderly = true;
  let lastSaid: Promise<void> = Promise.resolve();
  let wake = (): void => {};

  const others = (): SeenMember[] => {
    const { self, members } = view();
    return members.filter(({ brokerId, alive }) => alive && brokerId !== self);
  };
  const heard = (tidings: Tidings | undefined): void => {
    for (const listener of listeners) listener(tidings);
  };
  const wanted = (now: number): boolean => now - wantedAt < INTEREST_MS;

  /** This process may seem dead to the others. */
  const seemsDead = (): boolean => clock() - view().saidAt >= DOUBT_MS;
  const unheard = (): boolean => {
    const since = told.madeAt(owed);
    return since !== undefined && clock() - since > FRESH_MS && others().length > 0;
  };
  /** The others know that they may not hear everything. */
  const warned = (now: number): boolean => {
    const { saidAt, saidUnheard } = view();
    if (doubtSaidAt !== undefined && now - doubtSaidAt < STANDS_MS) return true;
    return saidUnheard && now - saidAt < DOUBT_MS;
  };
  const hasToSay = (): boolean => others().length > 0 || doubtSaidAt !== undefined;

  function nextSay(): number {
    if (toldAt === undefined || urgent) return 0;
    if (doubtSaidAt !== undefined && !seemsDead()) return 0;
    return toldAt + (untold ? LOOK_MS : SAY_AGAIN_MS);
  }

  async function say(now: number): Promise<void> {
    untold = false;
    urgent = false;
    try {
      const doubtful = gone ? !orderly : seemsDead();
      const words = told.words();
      const upTo = told.next();
      await store.put({
        brokerId: view().self,
        ...words,
        at: now,
        ...(doubtful ? { unheard: true } : gone && { left: true }),
      });
      toldAt = now;
      owed = Math.max(owed, upTo);
      doubtSaidAt = doubtful ? now : undefined;
    } catch (error) {
      untold = true;
      throw error;
    }
  }

  /**
   * Who leaves tells all that it has written, and that nothing else comes, so that the others need not forget what they
   * know. The words stay for a minute, until somebody buries them.
   */
  async function lastWords(): Promise<void> {
    try {
      await say(clock());
    } catch (error) {
      log.warn({ err: error }, 'the others could not be told the last changes');
    }
  }

  /** True if something was missed. */
  function hear({ brokerId, first, changes, before }: Bulletin): boolean {
    const wanted = next.get(brokerId) ?? (firstLook ? first + changes.length : 1);
    next.set(brokerId, first + changes.length);
    if (wanted < (before?.first ?? first)) return true;
    if (before && wanted < first) for (const ownerId of before.people) heard({ ownerId });
    const names = new Map(
      changes.slice(Math.max(0, wanted - first)).map((each) => [`${each.ownerId} ${each.jobId ?? ''}`, each]),
    );
    for (const each of names.values()) heard(each);
    return false;
  }

  /**
   * Nobody is there who could have said anything: no other process lives, none is known to have died that might come
   * back, and none has gone or taken its leave so lately that it may have begun to write. Whoever comes is in the list of processes before it
   * has anything to say.
   */
  function isAlone(now: number): boolean {
    const { self, members, listedAt } = view();
    if (firstLook || doubted || living.size > 0 || lost.size > 0 || departed.size > 0) return false;
    return now - listedAt < FRESH_MS && members.every(({ brokerId }) => brokerId === self);
  }

  async function look(now: number): Promise<void> {
    nextLook = now + LOOK_MS;
    if (isAlone(now)) {
      // What others tell is told within LOOK_MS, so the list of processes is worth a look that began so much later.
      believe(view().listedAt + LOOK_MS, now);
      return;
    }
    const { self, members } = view();
    const bulletins = (await store.list()).filter(({ brokerId }) => brokerId !== self);
    let missed = firstLook;
    for (const bulletin of bulletins) missed = hear(bulletin) || missed;
    const alive = new Set(others().map(({ brokerId }) => brokerId));
    const missing = [...living].filter((brokerId) => !alive.has(brokerId));
    const tookLeave = new Set(bulletins.flatMap(({ brokerId, left }) => (left ? brokerId : [])));
    for (const brokerId of missing) if (tookLeave.has(brokerId)) departed.set(brokerId, now);
    const left = missing.filter((brokerId) => !tookLeave.has(brokerId));
    const doubt = bulletins.some((each) => each.unheard) || others().some((each) => each.unheard);
    // Whoever is gone without a word may have died between a write and telling of it; or while it wrote.
    const late = writtenLate(left, now);
    if (missed || left.length > 0 || late || doubt !== doubted) heard(undefined);
    firstLook = false;
    living = alive;
    doubted = doubt;
    const complete = !doubt && [...alive].every((brokerId) => next.has(brokerId));
    believe(complete ? now : Number.NEGATIVE_INFINITY, now);
    await bury(bulletins, new Set(members.filter(({ alive }) => alive).map(({ brokerId }) => brokerId)), now);
  }

  /** Others may not have noticed yet that this process lives, and tell nothing. */
  function believe(at: number, now: number): void {
    lookedAt = now - view().since >= SILENT_MS ? at : Number.NEGATIVE_INFINITY;
  }

  /** Notes who is gone; true if what somebody had begun to write has been written only now. */
  function writtenLate(left: readonly string[], now: number): boolean {
    const past = ([, at]: [string, number]): boolean => now - at >= LATE_WRITE_MS;
    for (const [brokerId] of [...departed].filter(past)) departed.delete(brokerId);
    const ended = [...lost].filter(past);
    for (const [brokerId] of ended) lost.delete(brokerId);
    for (const brokerId of left) lost.set(brokerId, now);
    return ended.length > 0;
  }

  /** The last words of the dead are removed, so that they are not read for ever. */
  async function bury(
    bulletins: readonly Bulletin[],
    alive: ReadonlySet<string>,
    now: number,
  ): Promise<void> {
    for (const { brokerId, at } of bulletins) {
      if (alive.has(brokerId) || now - at < INTEREST_MS) continue;
      next.delete(brokerId);
      await store.remove(brokerId);
    }
  }

  return {
    tell(tidings) {
      told.add(tidings);
      if (gone) {
        // A write that ended after the last words: they are said again.
        if (toldAt !== undefined) lastSaid = lastSaid.then(lastWords);
        return;
      }
      urgent ||= tidings.jobId === undefined;
      if (untold && !urgent) return;
      untold = true;
      if (others().length > 0) wake();
    },
    unheard,
    async sure() {
      const now = clock();
      if (gone) orderly = false;
      if ((seemsDead() || unheard()) && !warned(now)) await say(now);
    },
    fresh() {
      const now = clock();
      const slept = !wanted(now);
      wantedAt = now;
      if (slept) wake();
      return !slept && now - lookedAt < FRESH_MS && !others().some((each) => each.unheard);
    },
    onHeard(listener) {
      listeners.push(listener);
    },
    async tick() {
      const now = clock();
      if (gone) return 0;
      if (hasToSay() && now >= nextSay()) await say(now);
      if (wanted(now) && now >= nextLook) await look(now);
      return told.next() - owed;
    },
    idleMs() {
      const now = clock();
      const telling = hasToSay() ? nextSay() : Number.POSITIVE_INFINITY;
      const looking = wanted(now) ? nextLook : Number.POSITIVE_INFINITY;
      return Math.min(IDLE_MS, Math.max(0, Math.min(telling, looking) - now));
    },
    onWake(callback) {
      wake = callback;
    },
    async leave() {
      gone = true;
      orderly = !seemsDead();
      if (toldAt !== undefined || others().length > 0) await (lastSaid = lastWords());
    },
  };
}
