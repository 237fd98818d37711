/** What one execution writes down: history and frames, in order, several branches sharing one write. */
import type { Clock } from '../contract.ts';
import { runtimeError } from './errors.ts';
import type { Frame } from './frame.ts';
import { eventWrite, frameKey, type Store, type Write } from './store.ts';

/** So many writes may wait for the next commit before one is due anyway. */
const MAX_PENDING = 64;
/** Step Functions ends an execution whose history grows beyond this. */
const MAX_EVENTS = 25_000;

export type Journal = ReturnType<typeof createJournal>;

export function createJournal(options: {
  store: Store;
  clock: Clock;
  arn: string;
  frames: Map<string, Frame>;
  lastEventId: number;
}) {
  const { store, clock, arn, frames } = options;
  let lastEventId = options.lastEventId;
  let pending: Write[] = [];
  let writing: Promise<void> | undefined;
  let closed: unknown;

  function open(): void {
    if (closed !== undefined) throw closed;
  }

  function note(type: string, details: Record<string, unknown>, previousEventId: number): number {
    const id = ++lastEventId;
    pending.push(eventWrite(arn, { id, previousEventId, timestamp: clock() / 1000, type, ...details }));
    return id;
  }

  /** Everything noted so far is on disk when this resolves. Rejects with the error of the store. */
  async function flush(): Promise<void> {
    for (;;) {
      while (writing) await writing;
      if (pending.length === 0) return;
      const batch = pending;
      pending = [];
      writing = store
        .write(batch)
        .catch((error: unknown) => {
          closed = error; // what was noted is lost: nothing may build on it
          throw error;
        })
        .finally(() => {
          writing = undefined;
        });
    }
  }

  return {
    frame: (path: string): Frame | undefined => frames.get(path),
    hasChildren: (path: string): boolean => [...frames.keys()].some((other) => isChild(path, other)),

    /** True when so much is noted that it should be committed, whatever comes next. */
    isLong: (): boolean => pending.length > MAX_PENDING,

    /** Adds a history event and returns its id. Throws States.Runtime when the history is full. */
    record(type: string, details: Record<string, unknown>, previousEventId: number): number {
      open();
      if (lastEventId >= MAX_EVENTS - 1) {
        throw runtimeError(`The execution reached the maximum number of history events (${MAX_EVENTS}).`);
      }
      return note(type, details, previousEventId);
    },

    save(path: string, frame: Frame): void {
      open();
      frames.set(path, frame);
      pending.push({ type: 'put', key: frameKey(arn, path), value: JSON.stringify(frame) });
    },

    /** Forgets the frames of the branches or iterations below `path`. */
    dropChildren(path: string): void {
      open();
      for (const other of [...frames.keys()].filter((key) => isChild(path, key))) {
        frames.delete(other);
        pending.push({ type: 'del', key: frameKey(arn, other) });
      }
    },

    async commit(): Promise<void> {
      open();
      await flush();
    },

    /**
     * The last write: the final event, the closed record, no frames. From now on every other use of the
     * journal throws `reason`.
     */
    async finish(
      type: string,
      details: Record<string, unknown>,
      writes: Write[],
      reason: Error,
    ): Promise<void> {
      open();
      closed = reason;
      note(type, details, lastEventId);
      for (const path of frames.keys()) pending.push({ type: 'del', key: frameKey(arn, path) });
      pending.push(...writes);
      await flush();
    },
  };
}

function isChild(parent: string, path: string): boolean {
  return path !== '' && (parent === '' || path.startsWith(`${parent}/`));
}
