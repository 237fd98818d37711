/** What came out: the SNR map read back, and its deviation from the known truth. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import * as hdf5 from 'h5wasm/node';

export interface Volume {
  readonly data: Float32Array;
  /** x (readout), y (phase encoding), z (slice). */
  readonly shape: readonly [number, number, number];
}

/** Reads a float32 NIfTI-1 volume, gzipped or not. */
export function readNifti(path: string): Volume {
  const raw = readFileSync(path);
  const bytes = raw[0] === 0x1f ? gunzipSync(raw) : raw;
  const FLOAT32 = 16;
  if (bytes.readInt32LE(0) !== 348 || bytes.readInt16LE(70) !== FLOAT32) {
    throw new Error(`${path} is not a float32 NIfTI-1 file`);
  }
  const [x, y, z] = [42, 44, 46].map((at) => Math.max(1, bytes.readInt16LE(at)));
  const start = bytes.readFloatLE(108);
  const data = new Float32Array(x * y * z);
  for (let i = 0; i < data.length; i++) data[i] = bytes.readFloatLE(start + 4 * i);
  return { data, shape: [x, y, z] };
}

/** The true SNR that a phantom file carries, `[y][x]` with x fastest like the volume. */
export async function readTruth(path: string): Promise<Volume> {
  await hdf5.ready;
  const file = new hdf5.File(path, 'r');
  try {
    const truth = file.get('truth_snr');
    if (
      !(truth instanceof hdf5.Dataset) ||
      !(truth.value instanceof Float32Array) ||
      truth.shape?.length !== 2
    ) {
      throw new Error(`${path} carries no truth`);
    }
    const [y, x] = truth.shape;
    return { data: truth.value.slice(), shape: [x, y, 1] };
  } finally {
    file.close();
  }
}

/** Median of the positive values. */
export function median(values: Iterable<number>): number {
  const sorted = Float64Array.from([...values].filter((value) => value > 0)).sort();
  return sorted.length === 0 ? 0 : sorted[sorted.length >> 1];
}

/**
 * Median over the object of measured / true SNR, minus 1. The object is where the true SNR is at least
 * `floor`: below about 20 the magnitude of an RSS image is biased upwards, and no correction was asked for.
 */
export function deviation(measured: Volume, truth: Volume, floor = 20): number {
  if (measured.shape.join() !== truth.shape.join()) {
    throw new Error(`the map is ${measured.shape.join(' x ')}, the truth ${truth.shape.join(' x ')}`);
  }
  const ratios: number[] = [];
  for (let i = 0; i < truth.data.length; i++) {
    if (truth.data[i] >= floor) ratios.push(measured.data[i] / truth.data[i]);
  }
  if (ratios.length < 100) throw new Error('the truth has too few pixels above the floor');
  return median(ratios) - 1;
}
