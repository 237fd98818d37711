/** Removal of readout oversampling. */
import type { ComplexArray } from '../array/complex.ts';
import { complexZeros } from '../array/complex.ts';
import { centredFft, centredFftInto } from '../math/fft.ts';

/**
 * Lines `[coil, stored]` -> `[coil, columns]`: to image space, the middle `columns` points, back. The
 * scale divides the noise variance by stored / columns and leaves the signal amplitude: with unitary
 * transforms that is sqrt(columns / stored). (The convention of the usual Siemens readers.)
 */
export function removeOversampling(lines: ComplexArray, columns: number): ComplexArray {
  const [coils, stored] = lines.shape;
  if (columns === stored) return lines;
  const image = centredFft(lines, [1], 'inverse').data;
  const out = complexZeros([coils, columns]);
  const start = Math.floor(stored / 2) - Math.floor(columns / 2);
  const scale = Math.sqrt(columns / stored);
  for (let coil = 0; coil < coils; coil++) {
    const from = 2 * (coil * stored + start);
    const to = 2 * coil * columns;
    for (let k = 0; k < 2 * columns; k++) out.data[to + k] = scale * image[from + k];
  }
  centredFftInto(out, out, [1], 'forward');
  return out;
}
