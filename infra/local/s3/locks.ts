/** Named locks in this process: many holders share a name, or one has it alone; first come, first served. */

interface Line {
  /** Holders and those who wait; the line is forgotten at zero. */
  users: number;
  /** Settles when the last exclusive holder so far is done. */
  exclusive: Promise<void>;
  /** Settle when those are done who share the name since then. */
  shared: Set<Promise<void>>;
}

export interface Locks {
  shared<T>(name: string, work: () => Promise<T>): Promise<T>;
  exclusive<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Holds several names alone; taken in sorted order, so that two such calls cannot wait for each other. */
  exclusiveAll<T>(names: readonly string[], work: () => Promise<T>): Promise<T>;
}

export function createLocks(): Locks {
  const lines = new Map<string, Line>();

  function enter(name: string): Line {
    let line = lines.get(name);
    if (!line) lines.set(name, (line = { users: 0, exclusive: Promise.resolve(), shared: new Set() }));
    line.users++;
    return line;
  }

  /** Settles with the work and then leaves the line; the caller of the lock sees the work's own outcome. */
  function leaveAfter(name: string, line: Line, work: Promise<unknown>): Promise<void> {
    const leave = () => {
      if (--line.users === 0) lines.delete(name);
    };
    return work.then(leave, leave);
  }

  function shared<T>(name: string, work: () => Promise<T>): Promise<T> {
    const line = enter(name);
    const result = line.exclusive.then(work);
    const done = leaveAfter(name, line, result);
    line.shared.add(done);
    void done.then(() => line.shared.delete(done));
    return result;
  }

  function exclusive<T>(name: string, work: () => Promise<T>): Promise<T> {
    const line = enter(name);
    const result = Promise.all([line.exclusive, ...line.shared]).then(work);
    line.exclusive = leaveAfter(name, line, result);
    line.shared = new Set();
    return result;
  }

  function exclusiveAll<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
    const sorted = [...new Set(names)].sort();
    return sorted.reduceRight<() => Promise<T>>((inner, name) => () => exclusive(name, inner), work)();
  }

  return { shared, exclusive, exclusiveAll };
}
