/** A value that ends and is obtained again in time: one flight at a time, however many ask. */

export interface Renewing<T> {
  /**
   * The current value if it lives longer than the margin and than `minimumMs`, else a new one. Waiting callers
   * share one `obtain`; its failure reaches all of them and is not remembered.
   */
  get(minimumMs?: number): Promise<T>;
  /** Forgets `value` if it is still the current one; what others have obtained since is kept. */
  drop(value: T): void;
}

export interface RenewingOptions<T> {
  /** `refused`: the last value was dropped, so a source with a memory of its own must look again. */
  readonly obtain: (refused: boolean) => Promise<T>;
  readonly clock: () => number;
  /** A value with less life than this is replaced. Milliseconds. */
  readonly marginMs: number;
}

/** Creates a renewing value; `expiresAt` is epoch ms, Infinity for a value without end. */
export function createRenewing<T extends { readonly expiresAt: number }>({
  obtain,
  clock,
  marginMs,
}: RenewingOptions<T>): Renewing<T> {
  let current: T | undefined;
  let refused = false;
  let flight: Promise<T> | undefined;

  async function fly(): Promise<T> {
    try {
      current = await obtain(refused);
      refused = false;
      return current;
    } finally {
      flight = undefined;
    }
  }

  return {
    async get(minimumMs = 0) {
      if (current && current.expiresAt - clock() > Math.max(marginMs, minimumMs)) return current;
      flight ??= fly();
      return flight;
    },
    drop(value) {
      if (current !== value) return;
      current = undefined;
      refused = true;
    },
  };
}
