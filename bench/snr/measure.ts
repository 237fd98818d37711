/** Times, medians and comparisons of the benchmark. */

/** One line of the table; ratio = other / ours, floor = what is asked of it. */
export interface Row {
  readonly name: string;
  readonly ours: number;
  readonly other: number;
  readonly ratio: number;
  readonly floor: number;
  /** Of `ours` and `other`. */
  readonly unit: 's' | 'MiB';
  /** How the results of both sides agree, and whether that is good enough. */
  readonly accuracy: string;
  readonly agrees: boolean;
}

/** What a row is made of before the ratio is known. */
export type Measured = Omit<Row, 'ratio'>;

export function rowOf(measured: Measured): Row {
  return { ...measured, ratio: measured.other / measured.ours };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** CPU seconds of this process, all its threads, that `work` takes. */
export function cpuSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Largest relative difference over the pixels where the expected value exceeds `floor` of its maximum. */
export function worstRelative(actual: Float32Array, expected: Float32Array, floor = 0.02): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  const top = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    if (Math.abs(expected[i]) <= floor * top) continue;
    worst = Math.max(worst, Math.abs(actual[i] / expected[i] - 1));
  }
  return worst;
}

/** Median and standard deviation of actual / expected over the object. */
export function ratioInObject(
  actual: Float32Array,
  expected: Float32Array,
  object: Float32Array,
): { median: number; deviation: number } {
  const ratios: number[] = [];
  for (let i = 0; i < object.length; i++) if (object[i] > 0) ratios.push(actual[i] / expected[i]);
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
  const square = ratios.reduce((sum, ratio) => sum + (ratio - mean) ** 2, 0) / ratios.length;
  return { median: median(ratios), deviation: Math.sqrt(square) };
}

/**
 * 1 - |<a, b>| / (||a|| ||b||) of coil vectors `[coil, pixel]`, the largest over the object where both are not 0: maps
 * are known up to a complex factor per pixel.
 */
export function worstMisalignment(a: Float32Array, b: Float32Array, object: Float32Array): number {
  const pixels = object.length;
  let worst = 0;
  for (let i = 0; i < pixels; i++) {
    if (!(object[i] > 0)) continue;
    let [re, im, aa, bb] = [0, 0, 0, 0];
    for (let p = 2 * i; p < a.length; p += 2 * pixels) {
      re += a[p] * b[p] + a[p + 1] * b[p + 1];
      im += a[p] * b[p + 1] - a[p + 1] * b[p];
      aa += a[p] ** 2 + a[p + 1] ** 2;
      bb += b[p] ** 2 + b[p + 1] ** 2;
    }
    if (aa > 0 && bb > 0) worst = Math.max(worst, 1 - Math.hypot(re, im) / Math.sqrt(aa * bb));
  }
  return worst;
}
