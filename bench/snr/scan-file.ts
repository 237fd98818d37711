/** Raw-data files of any size with the phantom of the benchmark, for runs from file to result. */
import { createIsmrmrdWriter, ismrmrdXml } from '../../test/helpers/raw/ismrmrd-writer.ts';
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

interface Readout {
  readonly samples: number;
  readonly coils: number;
  readonly data: Float32Array;
  readonly isNoise: boolean;
  readonly slice: number;
  readonly line: number;
}

/** Noise lines, then every slice with the same object. */
function* readouts({ coils, lines, columns, slices }: ScanSize): Generator<Readout> {
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
  const common = { samples, coils };
  for (let line = 0; line < NOISE_LINES; line++) {
    yield { ...common, isNoise: true, slice: 0, line, data: readout(noise.data, NOISE_LINES, line) };
  }
  const image = Array.from({ length: lines }, (_, line) => readout(kspace.data, lines, line));
  for (let slice = 0; slice < slices; slice++) {
    for (const [line, data] of image.entries()) yield { ...common, isNoise: false, slice, line, data };
  }
}

const positionOf = (slice: number): [number, number, number] => [0, 0, 5 * slice];

/** Writes a TWIX file. */
export function writeScan(path: string, size: ScanSize): void {
  const { lines, columns } = size;
  const all = function* (): Generator<TwixTestLine> {
    for (const { isNoise, slice, ...readout } of readouts(size)) {
      if (isNoise) yield { ...readout, flags: ['NOISEADJSCAN'] };
      else yield { ...readout, slice, centerLine: lines / 2, position: positionOf(slice) };
    }
  };
  const texts = protocolTexts({ baseResolution: columns, lines });
  writeTwix(path, 'vd', [{ name: 'gre', texts, lines: all() }]);
}

/** Number of the flag of noise acquisitions (ismrmrd.h). */
const IS_NOISE = 19;

/** Writes an ISMRMRD file. */
export async function writeIsmrmrdScan(path: string, size: ScanSize): Promise<void> {
  const { coils, lines, columns } = size;
  const encoded = [OVERSAMPLING * columns, lines, 1] as const;
  const xml = ismrmrdXml({ encoded: [...encoded], recon: [columns, lines, 1], coils });
  const writer = await createIsmrmrdWriter(path, xml);
  for (const { isNoise, slice, ...readout } of readouts(size)) {
    const flags = isNoise ? [IS_NOISE] : [];
    writer.append([{ ...readout, slice, flags, position: positionOf(slice) }]);
  }
  writer.close();
}
