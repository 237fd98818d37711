/** Real timers. None of them keeps the process alive. */
import type { Timers } from '../services/ports.ts';

/** Creates the timers of a process. */
export function createTimers(): Timers {
  return {
    every(ms, work) {
      const timer = setInterval(work, ms).unref();
      return () => clearInterval(timer);
    },
    after(ms, work) {
      const timer = setTimeout(work, ms).unref();
      return () => clearTimeout(timer);
    },
  };
}
