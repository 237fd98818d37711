/** When to try again. Exponential with full jitter, so that many jobs that failed together do not return together. */

const BASE_MS = 500;
const CAP_MS = 60_000;

/** Milliseconds to wait after the `tries`-th failure in a row (1, 2, ...); `random` in [0, 1). */
export function backoffMs(tries: number, random: number): number {
  const ceiling = Math.min(CAP_MS, BASE_MS * 2 ** Math.min(tries, 20));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
