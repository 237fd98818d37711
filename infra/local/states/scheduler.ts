/** Waiting until a point in time; injected, so that tests move a clock instead of sleeping. */
import type { Clock } from '../contract.ts';

export interface Scheduler {
  /** Resolves at or after `epochMs`; rejects with the signal's reason as soon as `signal` fires. */
  sleepUntil(epochMs: number, signal: AbortSignal): Promise<void>;
}

/** Longest delay of a Node.js timer, ms. */
const LONGEST_TIMER = 2_147_483_647;

/** Sleeps by real timers against `clock`. */
export function createScheduler(clock: Clock): Scheduler {
  return {
    sleepUntil(epochMs, signal) {
      return new Promise((resolve, reject) => {
        let timer: NodeJS.Timeout | undefined;
        const abort = () => {
          clearTimeout(timer);
          reject(signal.reason);
        };
        const check = () => {
          const left = epochMs - clock();
          if (left > 0) {
            timer = setTimeout(check, Math.min(Math.ceil(left), LONGEST_TIMER));
            return;
          }
          signal.removeEventListener('abort', abort);
          resolve();
        };
        if (signal.aborted) return reject(signal.reason);
        signal.addEventListener('abort', abort, { once: true });
        check();
      });
    },
  };
}
