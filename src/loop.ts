/** Calls the ticker whenever there is something to do: one tick at a time, and no error ends it. */

import type { Ticker } from '../services/clockwork/ticker.ts';
import type { Clock, Log } from '../services/ports.ts';

/** After a tick that failed as a whole; the store is probably away. */
const FAILURE_PAUSE_MS = 1_000;
/** A loop whose tick has been due for this long and has not finished is not running. */
const HEALTHY_MS = 60_000;

export interface Loop {
  start(): void;
  /** Resolves when the tick under way has finished; no other follows. */
  stop(): Promise<void>;
  /** True if ticks finish. */
  healthy(): boolean;
}

export interface LoopDeps {
  ticker: Pick<Ticker, 'tick' | 'idleMs' | 'onWake'>;
  clock: Clock;
  log: Log;
}

/** Creates the loop of one broker process. */
export function createLoop({ ticker, clock, log }: LoopDeps): Loop {
  let timer: NodeJS.Timeout | undefined;
  let underWay: Promise<void> | undefined;
  let running = false;
  /** When the tick is due that has not finished yet; some are due every ten minutes only. */
  let expectedAt = 0;

  function schedule(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => {
      underWay = round();
    }, ms);
  }

  async function round(): Promise<void> {
    let pause = 0;
    try {
      await ticker.tick();
      expectedAt = clock() + ticker.idleMs();
    } catch (error) {
      log.error({ err: error }, 'a tick failed');
      pause = FAILURE_PAUSE_MS;
    }
    underWay = undefined;
    if (running) schedule(Math.max(pause, ticker.idleMs()));
  }

  ticker.onWake(() => {
    if (!running || underWay) return;
    const idleMs = ticker.idleMs();
    expectedAt = Math.min(expectedAt, clock() + idleMs);
    schedule(idleMs);
  });

  return {
    start() {
      running = true;
      expectedAt = clock();
      schedule(0);
    },
    async stop() {
      running = false;
      clearTimeout(timer);
      await underWay;
    },
    healthy: () => running && clock() - expectedAt < HEALTHY_MS,
  };
}

/** Several loops as one: started together, stopped together, healthy if all are. */
export function together(loops: readonly Loop[]): Loop {
  return {
    start() {
      for (const loop of loops) loop.start();
    },
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()));
    },
    healthy: () => loops.every((loop) => loop.healthy()),
  };
}
