/** Work that must not run at the same time in one process, by name: first come, first served. */

export interface Lanes {
  /** Runs `work` when nothing else runs under any of the names. Names are taken in one order: no deadlock. */
  within<T>(names: readonly string[], work: () => Promise<T>): Promise<T>;
}

/** Creates the lanes of one process. A name is forgotten when nobody waits for it. */
export function createLanes(): Lanes {
  const last = new Map<string, Promise<void>>();

  async function one<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = last.get(name);
    let done = (): void => {};
    const mine = new Promise<void>((resolve) => {
      done = resolve;
    });
    last.set(name, mine);
    try {
      await before;
      return await work();
    } finally {
      if (last.get(name) === mine) last.delete(name);
      done();
    }
  }

  return {
    within(names, work) {
      let run = work;
      for (const name of [...new Set(names)].sort().reverse()) {
        const inner = run;
        run = () => one(name, inner);
      }
      return run();
    },
  };
}

/** Runs `work` for all items, at most `count` at the same time; ends when all have ended. */
export async function inLanes<T>(
  items: readonly T[],
  count: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const rest = items[Symbol.iterator]();
  const lanes = Array.from({ length: Math.min(count, items.length) }, async () => {
    for (const item of { [Symbol.iterator]: () => rest }) await work(item);
  });
  await Promise.all(lanes);
}
