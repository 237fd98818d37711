/** Headline numbers of a map. */

export interface MapStatistics {
  /** Median over the object: pixels above 10 % of the 99th percentile. Null if there is nothing. */
  readonly median: number | null;
  readonly maximum: number | null;
  /** 99.8th percentile: the top of a colour scale that a single bright pixel does not spoil. */
  readonly top: number;
}

/** Value below which the given part of a sorted, non-empty array lies. */
function quantile(sorted: Float32Array, part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
}

/** Statistics of a map of non-negative numbers. */
export function statisticsOf(map: Float32Array): MapStatistics {
  if (map.length === 0) return { median: null, maximum: null, top: 0 };
  const sorted = map.slice().sort();
  const maximum = sorted[sorted.length - 1];
  const threshold = 0.1 * quantile(sorted, 0.99);
  const object = sorted.subarray(sorted.findIndex((value) => value > threshold));
  if (!(maximum > 0)) return { median: null, maximum, top: 0 };
  return { median: quantile(object, 0.5), maximum, top: quantile(sorted, 0.998) || maximum };
}

/** How the values of the object are distributed. */
export interface Distribution {
  /** Pixels of the object in each bin; the bins divide 0..top evenly, values beyond top are in the last one. */
  readonly counts: readonly number[];
  readonly top: number;
  readonly pixels: number;
  /** 5th and 95th percentile; null if there is nothing. */
  readonly spread: readonly [number, number] | null;
}

/** The distribution over the object of `statisticsOf`, up to `top`. */
export function distributionOf(map: Float32Array, top: number, bins: number): Distribution {
  const counts = new Array<number>(bins).fill(0);
  const sorted = map.slice().sort();
  if (sorted.length === 0 || !(sorted[sorted.length - 1] > 0) || !(top > 0)) {
    return { counts, top, pixels: 0, spread: null };
  }
  const threshold = 0.1 * quantile(sorted, 0.99);
  const object = sorted.subarray(sorted.findIndex((value) => value > threshold));
  for (const value of object) counts[Math.min(bins - 1, Math.floor((bins * value) / top))] += 1;
  return { counts, top, pixels: object.length, spread: [quantile(object, 0.05), quantile(object, 0.95)] };
}
