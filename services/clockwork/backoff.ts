/** When to try again. Exponential with jitter, so that what failed together does not return together. */

import { D_ROOM_MS } from './deadlines.ts';

/** Why something has to be tried again; each is waited for in its own way. */
export type ErrorClass =
  | 'throttled' // too fast: whoever else is too fast must slow down as well
  | 'unavailable' // no answer: mostly over soon
  | 'refused' // somebody has to change a role; looked at within D_CB_MS of that
  | 'missing' // not there (yet)
  | 'capacity' // the platform has no room: minutes
  | 'unexpected'; // a defect of the broker, or a broken item

interface Curve {
  /** Longest first pause; it doubles with every try. */
  readonly baseMs: number;
  readonly capMs: number;
}

/** Caps keep the deadlines of deadlines.ts: nothing waits longer than it may last after the fault is gone. */
export const CURVES: Readonly<Record<ErrorClass, Curve>> = {
  throttled: { baseMs: 2_000, capMs: 60_000 },
  unavailable: { baseMs: 1_000, capMs: 60_000 },
  refused: { baseMs: 10_000, capMs: 120_000 },
  missing: { baseMs: 1_000, capMs: 20_000 },
  capacity: { baseMs: 60_000, capMs: D_ROOM_MS },
  unexpected: { baseMs: 2_000, capMs: 30_000 },
};

/** Milliseconds to wait after the `tries`-th failure in a row (1, 2, ...); `random` in [0, 1). */
export function backoffMs(kind: ErrorClass, tries: number, random: number): number {
  const { baseMs, capMs } = CURVES[kind];
  const ceiling = Math.min(capMs, baseMs * 2 ** Math.min(tries - 1, 20));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
