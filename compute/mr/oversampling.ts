/** Removal of readout oversampling. */
import type { ComplexArray } from '../array/complex.ts';
import { complexZeros } from '../array/complex.ts';
import { centredFftInto } from '../math/fft.ts';

/**
 * A function that takes lines `[coil, stored]` to `[coil, columns]`: to image space, the middle `columns`
 * points, back. The scale divides the noise variance by stored / columns and leaves the signal amplitude:
 * with unitary transforms that is sqrt(columns / stored). (The convention of the usual Siemens readers.)
 * What it returns is valid until the next call: readouts come by the thousand, memory is not taken anew.
 */
export function createOversamplingRemover(
  coils: number,
  stored: number,
  columns: number,
): (lines: ComplexArray) => ComplexArray {
  if (columns === stored) return (lines) => lines;
  const image = complexZeros([coils, stored]);
  const out = complexZeros([coils, columns]);
  const start = Math.floor(stored / 2) - Math.floor(columns / 2);
  const scale = Math.sqrt(columns / stored);
  return (lines) => {
    centredFftInto(image, lines, [1], 'inverse');
    for (let coil = 0; coil < coils; coil++) {
      const from = 2 * (coil * stored + start);
      const to = 2 * coil * columns;
      for (let k = 0; k < 2 * columns; k++) out.data[to + k] = scale * image.data[from + k];
    }
    centredFftInto(out, out, [1], 'forward');
    return out;
  };
}
