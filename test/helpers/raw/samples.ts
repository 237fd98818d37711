/** Deterministic samples and ways to look at what a reader gave. */
import { createHash } from 'node:crypto';
import type { RawScan, Readout, ReadoutIndex } from '../../../compute/formats/scan.ts';

/** The repository's real and reference files. */
export function fixture(name: string): string {
  return new URL(`../../fixtures/raw/${name}`, import.meta.url).pathname;
}

/** `count` complex numbers that differ for every seed and are exact in float32. */
export function testSamples(count: number, seed: number): Float32Array {
  let state = (seed + 1) * 2_654_435_761;
  return Float32Array.from({ length: 2 * count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) / 2 ** 20 - 8;
  });
}

/** All wanted readouts with copies of their samples. */
export async function readAll(
  scan: RawScan,
  wanted: (readout: ReadoutIndex, position: number) => boolean = () => true,
): Promise<Readout[]> {
  const readouts: Readout[] = [];
  for await (const readout of scan.readouts(wanted))
    readouts.push({ ...readout, data: readout.data.slice() });
  return readouts;
}

/** The image lines of a 2-D scan in BART's order: sample fastest, then line, then coil. */
export async function asBartArray(scan: RawScan): Promise<Float32Array> {
  const { x, y } = scan.header.encodedMatrix;
  const array = new Float32Array(2 * x * y * scan.header.coils);
  for await (const { line, coils, samples, data } of scan.readouts(({ kind }) => kind === 'image')) {
    for (let coil = 0; coil < coils; coil++) {
      const from = 2 * coil * samples;
      array.set(data.subarray(from, from + 2 * samples), 2 * x * (line + y * coil));
    }
  }
  return array;
}

export function sha256(array: Float32Array): string {
  return createHash('sha256')
    .update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
    .digest('hex');
}
