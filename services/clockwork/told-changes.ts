/** The latest changes of one process, numbered without gaps, in as few words as the others need to know them. */
import type { Clock } from '../ports.ts';
import type { Bulletin, Tidings } from './news-ports.ts';

/** Changes are told for this long, so that every look of the others finds them. */
const TOLD_MS = 10_000;
/** The latest are told one by one. */
const MAX_TOLD = 400;
/** Of those before them only whose they were, so that many changes cost the others what these people have, not all. */
const MAX_PEOPLE = 1_000;
/** Beyond it the oldest are missed, and the others know that they are. */
const MAX_KEPT = 10_000;

export interface ToldChanges {
  add(tidings: Tidings): void;
  /** The number that the next change will have. */
  next(): number;
  /** When the change of this number was made; undefined if there is none yet, -Infinity if it is not known any more. */
  madeAt(number: number): number | undefined;
  /** What is to be told now. */
  words(): Pick<Bulletin, 'first' | 'changes' | 'before'>;
}

/** Creates an empty list. */
export function createToldChanges(clock: Clock): ToldChanges {
  let changes: (Tidings & { at: number })[] = [];
  let first = 1;

  function forgetOld(): void {
    const now = clock();
    const kept = changes.filter(({ at }) => now - at < TOLD_MS).slice(-MAX_KEPT);
    first += changes.length - kept.length;
    changes = kept;
  }

  /** Whose the changes before the `from`th were: of as many as fit, the latest. */
  function peopleBefore(from: number): Bulletin['before'] {
    const people = new Set<string>();
    let at = from;
    for (; at > 0; at--) {
      const { ownerId } = changes[at - 1];
      if (people.size >= MAX_PEOPLE && !people.has(ownerId)) break;
      people.add(ownerId);
    }
    return at < from ? { first: first + at, people: [...people] } : undefined;
  }

  return {
    add(tidings) {
      changes.push({ ...tidings, at: clock() });
      if (changes.length > 2 * MAX_KEPT) forgetOld();
    },
    next: () => first + changes.length,
    madeAt(number) {
      if (number >= first + changes.length) return undefined;
      return number < first ? Number.NEGATIVE_INFINITY : changes[number - first].at;
    },
    words() {
      forgetOld();
      const from = Math.max(0, changes.length - MAX_TOLD);
      const before = peopleBefore(from);
      return {
        first: first + from,
        changes: changes.slice(from).map(({ ownerId, jobId }) => ({ ownerId, jobId })),
        ...(before && { before }),
      };
    },
  };
}
