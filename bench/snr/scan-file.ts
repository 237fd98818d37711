/** Raw-data files of any size with the phantom of the benchmark, for runs from file to result. */
import { protocolTexts, type TwixTestLine, writeTwix } from '../../test/helpers/raw/twix-writer.ts';
import { phantom } from './phantom.ts';

export interface ScanSize {
  readonly coils: number;
  readonly lines: number;
  readonly columns: number;
  readonly slices: number;
}

/** Readout oversampling of the file, as Siemens scanners store it. */
const OVERSAMPLING = 2;
/** Noise lines before the image lines. */
const NOISE_LINES = 64;

/** Writes a TWIX file: noise lines, then every slice with the same object. */
export function writeScan(path: string, { coils, lines, columns, slices }: ScanSize): void {
  const samples = OVERSAMPLING * columns;
  const { kspace } = phantom({ coils, lines, columns: samples }, OVERSAMPLING);
  const { kspace: noise } = phantom({ coils, lines: NOISE_LINES, columns: samples }, OVERSAMPLING, 0);
  const readout = (data: Float32Array, ofLines: number, line: number): Float32Array => {
    const out = new Float32Array(2 * coils * samples);
    for (let coil = 0; coil < coils; coil++) {
      const from = 2 * (coil * ofLines + line) * samples;
      out.set(data.subarray(from, from + 2 * samples), 2 * coil * samples);
    }
    return out;
  };
  const all = function* (): Generator<TwixTestLine> {
    for (let line = 0; line < NOISE_LINES; line++) {
      const data = readout(noise.data, NOISE_LINES, line);
      yield { flags: ['NOISEADJSCAN'], samples, coils, line, data };
    }
    const readouts = Array.from({ length: lines }, (_, line) => readout(kspace.data, lines, line));
    for (let slice = 0; slice < slices; slice++) {
      for (const [line, data] of readouts.entries()) {
        yield { samples, coils, slice, line, centerLine: lines / 2, data, position: [0, 0, 5 * slice] };
      }
    }
  };
  const texts = protocolTexts({ baseResolution: columns, lines });
  writeTwix(path, 'vd', [{ name: 'gre', texts, lines: all() }]);
}
