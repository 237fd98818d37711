/**
 * Calls to the store and to AWS that are under way. Each stands at a gate until the test lets it pass, in any
 * order, and decides how it ends: so every interleaving of several processes can be played, and repeated.
 */

/** How a call ends. `before`: it fails and had no effect; `after`: it fails although it had its effect. */
export type Ending = 'ok' | 'before' | 'after' | 'throttled';

export interface Gate {
  readonly process: number;
  /** Service and operation. */
  readonly call: string;
  /** When the call began, epoch ms. */
  readonly since: number;
  pass(ending: Ending): void;
  /** The process dies: nobody hears how the call ended; it may have had its effect. */
  forget(effect: boolean): void;
}

export interface Gates {
  /** Calls under way, oldest first. */
  readonly waiting: readonly Gate[];
  /** Calls `work` when the gate opens. `fail` makes the error of a call that did not go well. */
  through<T>(
    process: number,
    call: string,
    work: () => Promise<T>,
    fail: (ending: Ending) => Error,
  ): Promise<T>;
}

/** Creates the gates of one world. */
export function createGates(clock: () => number): Gates {
  const waiting: Gate[] = [];
  return {
    waiting,
    through: (process, call, work, fail) =>
      new Promise((resolve, reject) => {
        const leave = (): void => void waiting.splice(waiting.indexOf(gate), 1);
        const gate: Gate = {
          process,
          call,
          since: clock(),
          pass(ending) {
            leave();
            if (ending === 'ok') work().then(resolve, reject);
            else if (ending === 'after') work().then(() => reject(fail(ending)), reject);
            else reject(fail(ending));
          },
          forget(effect) {
            leave();
            if (effect) work().catch(() => undefined);
          },
        };
        waiting.push(gate);
      }),
  };
}

/** Resolves when all that follows from what has passed has reached its next gate or its end. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
