/** Refuses readouts with numbers that are not numbers. */
import { WorkerError } from '../errors.ts';
import type { Readout } from '../formats/scan.ts';

/** Throws `input_unreadable` naming the place if a sample is NaN or infinite. */
export function mustBeFinite(readout: Readout): void {
  const { data } = readout;
  let sum = 0;
  // 0 * NaN and 0 * Infinity are NaN; every other product is zero.
  for (let i = 0; i < data.length; i++) sum += data[i] * 0;
  if (sum === 0) return;
  const bad = data.findIndex((x) => !Number.isFinite(x)) >> 1;
  const coil = Math.floor(bad / readout.samples);
  throw new WorkerError(
    'input_unreadable',
    `The ${readout.kind} readout of slice ${readout.slice}, line ${readout.line}, repetition ` +
      `${readout.repetition} holds a value that is not a number (coil ${coil}, sample ${bad % readout.samples}).`,
  );
}
