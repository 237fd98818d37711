/** Timers that a test turns by hand. */
import type { Timers } from '../../services/ports.ts';

export interface HandTimers extends Timers {
  /** Runs all timers of this length that are set; returns how many there were. */
  fire(ms: number): number;
  /** Lengths of the timers that are set. */
  set(): number[];
}

/** Creates timers that never fire by themselves. */
export function createHandTimers(): HandTimers {
  const timers = new Set<{ ms: number; work: () => void; once: boolean }>();
  const add = (ms: number, work: () => void, once: boolean): (() => void) => {
    const timer = { ms, work, once };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  return {
    every: (ms, work) => add(ms, work, false),
    after: (ms, work) => add(ms, work, true),
    fire(ms) {
      const due = [...timers].filter((timer) => timer.ms === ms);
      for (const timer of due) {
        if (timer.once) timers.delete(timer);
        timer.work();
      }
      return due.length;
    },
    set: () => [...timers].map(({ ms }) => ms).sort((a, b) => a - b),
  };
}
