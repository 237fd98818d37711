/** When a message is tried again: the schedule that Standard Webhooks recommends, about 76 hours in all. */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
/** Pauses after the first failure, the second, and so on. */
const PAUSES_MS = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];
/** A receiver may ask for patience, but not for ever. */
const LONGEST_WISH_MS = 24 * HOUR_MS;

/**
 * Milliseconds until the next try after the `tries`-th failure in a row (1, 2, ...), up to a tenth longer by
 * `random` in [0, 1); undefined after the last. `retryAfter`: seconds the receiver asked for.
 */
export function nextTryMs(tries: number, random: number, retryAfter = 0): number | undefined {
  const pause = PAUSES_MS[tries - 1];
  if (pause === undefined) return undefined;
  const wish = Math.min(retryAfter * SECOND_MS, LONGEST_WISH_MS);
  return Math.round(Math.max(pause * (1 + random / 10), wish));
}
