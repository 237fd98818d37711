/**
 * Who does what, among the broker processes that share a table. There is no leader: each process says every moment
 * that it lives, and takes its fair part of the pieces of background work by conditional writes. The pieces of a
 * process that falls silent are taken by the others. That two processes hold a piece for a moment does no harm:
 * what they do with it are conditional writes too. The pieces only keep them from doing the same work.
 */
import type { Clock, Ids, Log } from '../ports.ts';
import { createLanes } from './lanes.ts';
import type { Hands, Lease, Member, MemberStore } from './share-ports.ts';

/** A process says that it lives this often. */
export const BEAT_MS = 2_000;
/** Whoever was silent for so long is taken for dead. */
export const SILENT_MS = 7_000;
/** Whoever gave no sign for so long, while this process looked, may be buried: clocks do not count in that. */
const BURIED_AFTER_MS = 60_000;
/** So many dead are kept, for whoever wants to see what died; with more, the list of the living would not fit. */
const KEPT_DEAD = 20;
/** Buried at most, per look. */
const BURIED_AT_ONCE = 25;

export interface Shares {
  /** Says that this process lives; gives up and takes pieces. */
  tick(): Promise<number>;
  /** Says now that it lives, and what it has in its hands. Throws as the store does. */
  say(): Promise<void>;
  /** Forgets what these dead have said. */
  bury(dead: readonly SeenMember[]): Promise<void>;
  idleMs(): number;
  onWake(wake: () => void): void;
  /** True while this process holds the piece, as far as it knows. */
  mine(piece: string): boolean;
  /** Processes that live, this one included; at least 1. */
  live(): number;
  /** Everything known of the processes, the latest dead ones of the last day included, and who holds what. */
  view(): {
    readonly self: string;
    /** Since when this process has said without a break that it lives; the others may not know it before. */
    readonly since: number;
    /** When this process last could say that it lives; at first when it began. */
    readonly saidAt: number;
    /** When the list of processes was read that this view shows. */
    readonly listedAt: number;
    /** What it said then of `unheard`. */
    readonly saidUnheard: boolean;
    readonly members: readonly SeenMember[];
    readonly leases: readonly Lease[];
  };
  /** Gives all pieces back; the others take them at once. The last thing that a process does. */
  leave(): Promise<void>;
}

export interface SeenMember extends Member {
  readonly alive: boolean;
}

export interface SharesDeps {
  members: MemberStore;
  pieces: readonly string[];
  /** Grows with releases whose items older ones cannot read: those leave the work to the newer ones. */
  generation: number;
  release: string;
  /** What this process wants the others to know of it; small. */
  figures: () => Member['figures'];
  /** What this process works on. Default: nothing is said of it. */
  hands?: () => Hands;
  /** Whether the others do not hear what this process writes. Default: they do. */
  unheard?: () => boolean;
  clock: Clock;
  ids: Ids;
  log: Log;
}

/** Creates the part of one broker process. */
export function createShares(deps: SharesDeps): Shares {
  const { members: store, pieces, generation, release, clock, ids, log } = deps;
  const self: Member = {
    brokerId: ids.next(),
    startedAt: clock(),
    seenAt: clock(),
    beat: 0,
    release,
    generation,
    figures: {},
  };
  let said = self;
  /**
   * When the beat of another process last changed, by this process's clock: theirs may be wrong. Only of the first beat
   * it believes their clock (`at`), and notes when it was met (`met`).
   */
  const heard = new Map<string, { beat: number; at: number; met: number }>();
  let held = new Set<string>();
  let members: SeenMember[] = [];
  let leases: Lease[] = [];
  let beatAt = Number.NEGATIVE_INFINITY;
  let since = Number.POSITIVE_INFINITY;
  let listedAt = Number.NEGATIVE_INFINITY;
  let saidUnheard = false;
  let nextBeat = 0;
  let gone = false;
  const speaking = createLanes();

  function isAlive(member: Member, now: number): boolean {
    if (member.brokerId === self.brokerId) return true;
    const before = heard.get(member.brokerId);
    if (!before || before.beat !== member.beat) {
      const at = before ? now : Math.min(now, member.seenAt);
      heard.set(member.brokerId, { beat: member.beat, at, met: now });
    }
    return now - (heard.get(member.brokerId)?.at ?? 0) < SILENT_MS;
  }

  async function look(): Promise<void> {
    const began = clock();
    const [listed, stored] = await Promise.all([store.members(), store.leases()]);
    const now = clock();
    listedAt = began;
    // The list has an end: whatever else it shows, this process lives.
    const all = [said, ...listed.filter(({ brokerId }) => brokerId !== self.brokerId)];
    members = all.map((member) => ({ ...member, alive: isAlive(member, now) }));
    for (const brokerId of heard.keys()) {
      if (!all.some((member) => member.brokerId === brokerId)) heard.delete(brokerId);
    }
    leases = pieces.map(
      (piece) => stored.find((lease) => lease.piece === piece) ?? { piece, brokerId: undefined, version: 0 },
    );
    held = new Set(leases.filter(({ brokerId }) => brokerId === self.brokerId).map(({ piece }) => piece));
  }

  /** One after the other: what was said last is what stays. */
  function say(): Promise<void> {
    return speaking.within(['say'], async () => {
      // Who has left is not brought back.
      if (gone) return;
      const now = clock();
      const unheard = deps.unheard?.() ?? false;
      said = {
        ...self,
        beat: now,
        seenAt: now,
        figures: deps.figures(),
        ...deps.hands?.(),
        ...(unheard && { unheard }),
      };
      await store.beat(said);
      saidUnheard = unheard;
      if (now - beatAt > 2 * BEAT_MS) since = clock();
      beatAt = now;
    });
  }

  /** All but the latest dead are removed. One that was only slow says anew that it lives. */
  async function bury(): Promise<void> {
    const now = clock();
    const met = ({ brokerId }: Member): number => heard.get(brokerId)?.met ?? now;
    const dead = members.filter(({ alive }) => !alive).sort((a, b) => b.seenAt - a.seenAt);
    const old = dead.slice(KEPT_DEAD).filter((member) => now - met(member) >= BURIED_AFTER_MS);
    await Promise.all(old.slice(-BURIED_AT_ONCE).map(store.bury));
  }

  /** Those who may hold pieces: of the newest generation among the living. */
  function workers(): SeenMember[] {
    const living = members.filter(({ alive }) => alive);
    const newest = Math.max(generation, ...living.map((member) => member.generation));
    return living.filter((member) => member.generation === newest);
  }

  async function rebalance(): Promise<void> {
    const working = workers();
    const works = working.some(({ brokerId }) => brokerId === self.brokerId);
    const fair = works ? Math.ceil(pieces.length / working.length) : 0;
    const mine = leases.filter(({ piece }) => held.has(piece));
    for (const lease of mine.slice(fair)) {
      held.delete(lease.piece);
      await store.put({ ...lease, brokerId: undefined, version: lease.version + 1 });
    }
    const living = new Set(members.filter(({ alive }) => alive).map(({ brokerId }) => brokerId));
    const free = leases.filter(({ brokerId }) => brokerId === undefined || !living.has(brokerId));
    // Each begins somewhere else, so that those who come at once do not want the same.
    const turn = Math.floor(ids.random() * free.length);
    for (const lease of [...free.slice(turn), ...free.slice(0, turn)]) {
      if (held.size >= fair) return;
      if (await store.put({ ...lease, brokerId: self.brokerId, version: lease.version + 1 })) {
        held.add(lease.piece);
        if (lease.brokerId)
          log.info({ piece: lease.piece, from: lease.brokerId }, 'took over a piece of work');
      }
    }
  }

  return {
    async tick() {
      const now = clock();
      if (gone || now < nextBeat) return 0;
      nextBeat = now + BEAT_MS;
      await say();
      await look();
      await rebalance();
      await bury();
      return held.size;
    },
    say,
    async bury(dead) {
      await Promise.all(dead.map(store.bury));
    },
    idleMs: () => Math.max(0, nextBeat - clock()),
    // Nothing makes it urgent.
    onWake() {},
    // Who could not say that it lives has been replaced.
    mine: (piece) => held.has(piece) && clock() - beatAt < SILENT_MS,
    live: () => Math.max(1, members.filter(({ alive }) => alive).length),
    view: () => ({
      self: self.brokerId,
      since,
      saidAt: Math.max(beatAt, self.startedAt),
      listedAt,
      saidUnheard,
      members,
      leases,
    }),
    async leave() {
      gone = true;
      const mine = [...held];
      held = new Set();
      for (const lease of await store.leases()) {
        if (!mine.includes(lease.piece) || lease.brokerId !== self.brokerId) continue;
        await store.put({ ...lease, brokerId: undefined, version: lease.version + 1 });
      }
      await store.remove(self.brokerId);
    },
  };
}
