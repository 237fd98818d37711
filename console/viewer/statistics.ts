/** Numbers of a map: what lies in a region, how values are distributed, which window shows them well. */

export interface RegionStatistics {
  readonly pixels: number;
  readonly mean: number;
  /** Of a sample: divided by n - 1. */
  readonly deviation: number;
  readonly median: number;
  readonly minimum: number;
  readonly maximum: number;
}

/** Of the values where `inside` is not zero; undefined if there are none. */
export function regionStatistics(
  values: ArrayLike<number>,
  inside: ArrayLike<number>,
): RegionStatistics | undefined {
  const found: number[] = [];
  for (let i = 0; i < inside.length; i++)
    if (inside[i] > 0 && Number.isFinite(values[i])) found.push(values[i]);
  if (found.length === 0) return undefined;
  let sum = 0;
  for (const value of found) sum += value;
  const mean = sum / found.length;
  let squares = 0;
  for (const value of found) squares += (value - mean) ** 2;
  found.sort((a, b) => a - b);
  const half = found.length >> 1;
  return {
    pixels: found.length,
    mean,
    deviation: found.length > 1 ? Math.sqrt(squares / (found.length - 1)) : 0,
    median: found.length % 2 ? found[half] : (found[half - 1] + found[half]) / 2,
    minimum: found[0],
    maximum: found[found.length - 1],
  };
}

export interface Histogram {
  readonly counts: readonly number[];
  readonly low: number;
  readonly high: number;
}

/** Of the values that are not zero: background that was never computed is zero. */
export function histogramOf(values: ArrayLike<number>, bins: number): Histogram {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value === 0 || !Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const counts = new Array<number>(bins).fill(0);
  if (low > high) return { counts, low: 0, high: 1 };
  low = Math.min(low, 0);
  const width = (high - low) / bins || 1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value === 0 || !Number.isFinite(value)) continue;
    counts[Math.min(bins - 1, Math.floor((value - low) / width))]++;
  }
  return { counts, low, high: low + width * bins };
}

/** From zero to the 99.5th percentile of what is not zero: a few bright pixels do not make the rest dark. */
export function goodWindow(values: ArrayLike<number>): readonly [low: number, high: number] {
  const { counts, low, high } = histogramOf(values, 2_000);
  const total = counts.reduce((sum, n) => sum + n, 0);
  if (total === 0) return [0, 1];
  let seen = 0;
  for (let i = 0; i < counts.length; i++) {
    seen += counts[i];
    if (seen >= 0.995 * total) return [Math.min(0, low), low + ((high - low) * (i + 1)) / counts.length];
  }
  return [0, high || 1];
}

/** Marks an ellipse of one slice: centre and diameters in pixels. */
export function ellipse(
  dims: readonly [number, number, number],
  at: { x: number; y: number; z: number; width: number; height: number },
): Uint8Array<ArrayBuffer> {
  const [nx, ny, nz] = dims;
  const inside = new Uint8Array(nx * ny * nz);
  if (at.z < 0 || at.z >= nz) return inside;
  for (let y = 0; y < ny; y++) {
    for (let x = 0; x < nx; x++) {
      const dx = (x - at.x) / (at.width / 2);
      const dy = (y - at.y) / (at.height / 2);
      if (dx * dx + dy * dy <= 1) inside[x + nx * (y + ny * at.z)] = 1;
    }
  }
  return inside;
}
