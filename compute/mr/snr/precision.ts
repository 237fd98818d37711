/** How well a standard deviation is known that was estimated with nu degrees of freedom. */

/** Relative standard deviation of s, and of anything divided by it: 1 / sqrt(2 nu). */
export function relativeDeviation(freedom: number): number {
  return 1 / Math.sqrt(2 * freedom);
}

/** Mean of sigma / s to first order: 1 + 3 / (4 nu), by which SNR is overestimated. */
export function meanInverse(freedom: number): number {
  return 1 + 3 / (4 * freedom);
}

/**
 * Degrees of freedom with the same uncertainty for differences of neighbours among n numbers: the variance of
 * the mean squared difference is (3n - 4) / (n - 1)^2 (von Neumann, Ann Math Stat 12:153, 1941).
 */
export function freedomOfDifferences(n: number): number {
  return (2 * (n - 1) ** 2) / (3 * n - 4);
}

/** Mean absolute deviation of a normal number in units of its standard deviation, in percent. */
const MEAN_DEVIATION_PERCENT = 100 * Math.sqrt(2 / Math.PI);

/**
 * Replicas for which the SNR of a pixel deviates from that of infinitely many by `percent` in the mean:
 * N = 1 + (79.8 / percent)^2 / 2. Throws RangeError unless `percent` is positive.
 */
export function suggestedReplicas(percent: number): number {
  if (!(percent > 0)) throw new RangeError(`no precision: ${percent} %`);
  return Math.ceil(1 + 0.5 * (MEAN_DEVIATION_PERCENT / percent) ** 2);
}

/** The inverse: mean deviation in percent of an SNR from nu degrees of freedom. */
export function meanDeviationPercent(freedom: number): number {
  return MEAN_DEVIATION_PERCENT * relativeDeviation(freedom);
}
