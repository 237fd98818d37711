/**
 * Room for so much work at once, shared fairly: nobody takes all of it, and work that hangs gives its place away. So
 * an account that does not answer holds up its own jobs and nobody else's.
 */
import type { Timers } from '../ports.ts';

export interface FairLanes {
  /** Runs `work` when there is room for its group; resolves, or rejects, as the work does. */
  run(group: string, work: () => Promise<void>): Promise<void>;
  /** True while so much of a group hangs that no other of its pieces is begun. */
  hangs(group: string): boolean;
}

export interface FairLanesDeps {
  /** Pieces of work under way at once that do not hang. */
  readonly lanes: number;
  /** Of them, those of one group; fewer when much hangs already, so that some room is left for others. */
  readonly perGroup: number;
  /** What takes longer than this gives up its lane. */
  readonly slowMs: number;
  /** While something of a group hangs, so many of its pieces are under way and no more. */
  readonly slowPerGroup: number;
  /** Under way at once in all. */
  readonly most: number;
  readonly timers: Pick<Timers, 'after'>;
}

interface Group {
  readonly waiting: (() => void)[];
  busy: number;
  slow: number;
}

/** Creates the lanes of one process. A group is forgotten when it has no work. */
export function createFairLanes(deps: FairLanesDeps): FairLanes {
  const { lanes, perGroup, slowMs, slowPerGroup, most, timers } = deps;
  /** Whoever was served longest ago comes first. */
  const groups = new Map<string, Group>();
  const all = { busy: 0, slow: 0 };

  function serve(): void {
    // A group that was served moves to the end, where this loop comes by again.
    for (const [name, group] of groups) {
      if (all.busy >= lanes || all.busy + all.slow >= most) return;
      const fair = Math.ceil((most - all.busy - all.slow) / 2);
      const room = group.slow > 0 ? slowPerGroup - group.slow : Math.min(perGroup, fair);
      const begin = group.busy < room ? group.waiting.shift() : undefined;
      if (!begin) continue;
      groups.delete(name);
      groups.set(name, group);
      begin();
    }
  }

  async function occupy(name: string, group: Group, work: () => Promise<void>): Promise<void> {
    let kind: 'busy' | 'slow' = 'busy';
    const count = (by: 1 | -1): void => {
      all[kind] += by;
      group[kind] += by;
    };
    count(1);
    const stop = timers.after(slowMs, () => {
      count(-1);
      kind = 'slow';
      count(1);
      serve();
    });
    try {
      await work();
    } finally {
      stop();
      count(-1);
      if (group.waiting.length + group.busy + group.slow === 0) groups.delete(name);
      serve();
    }
  }

  return {
    run(name, work) {
      const group = groups.get(name) ?? { waiting: [], busy: 0, slow: 0 };
      groups.set(name, group);
      return new Promise((resolve, reject) => {
        group.waiting.push(() => void occupy(name, group, work).then(resolve, reject));
        serve();
      });
    },
    hangs: (name) => (groups.get(name)?.slow ?? 0) >= slowPerGroup,
  };
}
