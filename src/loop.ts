/** Calls the ticker whenever there is something to do: one tick at a time, and no error ends it. */

import type { Clock, Log } from '../services/ports.ts';

/** After a tick that failed as a whole; the store is probably away. */
const FAILURE_PAUSE_MS = 1_000;
/** A loop whose ticks have failed for this long, or whose tick is due for this long, does not do its work. */
const HEALTHY_MS = 60_000;
/** A tick that told of no progress for this long is stuck: whatever it waits for outside has given up long before. */
const STUCK_MS = 15 * 60_000;

export interface Loop {
  start(): void;
  /** Resolves when the tick under way has finished, and what it began; no other follows. */
  stop(): Promise<void>;
  /** True if it does its work; what takes long because others are slow is work too. */
  healthy(): boolean;
  /** True if only a new process helps: nothing has moved for a quarter of an hour. Ticks that fail do move. */
  stuck(): boolean;
}

export interface LoopDeps {
  ticker: {
    /** Calls `beat` whenever a part of its work is done, if others may make it long. */
    tick(beat: () => void): Promise<number>;
    idleMs(): number;
    onWake(wake: () => void): void;
    /** Begins nothing more; resolves when what goes on beside the ticks has ended, or for long enough did not. */
    stop?(): Promise<void>;
  };
  clock: Clock;
  log: Log;
}

/** Creates the loop of one broker process. */
export function createLoop({ ticker, clock, log }: LoopDeps): Loop {
  let timer: NodeJS.Timeout | undefined;
  let underWay: Promise<void> | undefined;
  let running = false;
  /** When the next tick is due (some come every ten minutes only), or when the one under way last made progress. */
  let movedAt = 0;
  let failingSince: number | undefined;

  const beat = (): void => {
    movedAt = clock();
  };

  function schedule(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => {
      underWay = round();
    }, ms);
  }

  async function round(): Promise<void> {
    let pause = 0;
    beat();
    try {
      await ticker.tick(beat);
      failingSince = undefined;
    } catch (error) {
      log.error({ err: error }, 'a tick failed');
      failingSince ??= clock();
      pause = FAILURE_PAUSE_MS;
    }
    underWay = undefined;
    const idleMs = Math.max(pause, ticker.idleMs());
    movedAt = clock() + idleMs;
    if (running) schedule(idleMs);
  }

  ticker.onWake(() => {
    if (!running || underWay) return;
    const idleMs = ticker.idleMs();
    movedAt = Math.min(movedAt, clock() + idleMs);
    schedule(idleMs);
  });

  return {
    start() {
      running = true;
      beat();
      schedule(0);
    },
    async stop() {
      running = false;
      clearTimeout(timer);
      await underWay;
      await ticker.stop?.();
    },
    healthy() {
      const now = clock();
      const fails = failingSince !== undefined && now - failingSince >= HEALTHY_MS;
      return running && !fails && now - movedAt < (underWay ? STUCK_MS : HEALTHY_MS);
    },
    stuck: () => running && clock() - movedAt >= STUCK_MS,
  };
}

/** Several loops as one: started together, stopped together, healthy if all are, stuck if one is. */
export function together(loops: readonly Loop[]): Loop {
  return {
    start() {
      for (const loop of loops) loop.start();
    },
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()));
    },
    healthy: () => loops.every((loop) => loop.healthy()),
    stuck: () => loops.some((loop) => loop.stuck()),
  };
}
