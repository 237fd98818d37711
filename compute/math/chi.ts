/**
 * The non-central chi distribution of a root-sum-of-squares magnitude M of n coils (2n degrees of
 * freedom, unit variance per component), non-centrality A = true SNR:
 *
 *   E[M] = sqrt(2) Gamma(n + 1/2) / Gamma(n) * 1F1(-1/2; n; -A^2/2),   Var[M] = 2n + A^2 - E[M]^2
 *
 * (Constantinides, Atalar, McVeigh, Magn Reson Med 38:852, 1997; n = 1 is the Rice distribution.)
 * 1F1 is summed after Kummer's transformation, exp(-x) 1F1(n + 1/2; n; x), all of whose terms are positive.
 */

/** Above this non-centrality the mean is inverted by its expansion in 1/A; exp(-A^2/2) is still normal here. */
const TABLE_END = 32;
const NODES = 513;

/** exp(-x) 1F1(a; b; x) for a > b > 0 and 0 <= x <= TABLE_END^2 / 2. */
function scaledKummer(a: number, b: number, x: number): number {
  let term = Math.exp(-x);
  let sum = 0;
  for (let k = 0; ; k++) {
    sum += term;
    term *= (((a + k) / (b + k)) * x) / (k + 1);
    if (k > x && term < sum * 1e-17) return sum;
  }
}

/** sqrt(2) Gamma(n + 1/2) / Gamma(n): the mean magnitude of pure noise. */
function noiseMean(n: number): number {
  let ratio = Math.sqrt(Math.PI / 2);
  for (let k = 1; k < n; k++) ratio *= (k + 0.5) / k;
  return ratio;
}

/** E[M] for n coils (n >= 1) at true SNR `a` >= 0. */
export function chiMean(n: number, a: number): number {
  if (a > TABLE_END) {
    const square = a * a;
    return Math.sqrt(square + 2 * n - 1 + (n - 0.5) / square);
  }
  return noiseMean(n) * scaledKummer(n + 0.5, n, (a * a) / 2);
}

/** Standard deviation of M for n coils at true SNR `a`. */
export function chiDeviation(n: number, a: number): number {
  return Math.sqrt(2 * n + a * a - chiMean(n, a) ** 2);
}

/** Where a monotone function was tabulated: its values, the squared argument, and d(square)/d(value). */
interface InverseTable {
  readonly mean: Float64Array;
  readonly square: Float64Array;
  readonly slope: Float64Array;
}

function inverseTable(n: number): InverseTable {
  const mean = new Float64Array(NODES);
  const square = new Float64Array(NODES);
  const slope = new Float64Array(NODES);
  const pureNoise = noiseMean(n);
  for (let i = 0; i < NODES; i++) {
    const t = ((TABLE_END * i) / (NODES - 1)) ** 2;
    square[i] = t;
    mean[i] = pureNoise * scaledKummer(n + 0.5, n, t / 2);
    // d/dt 1F1(-1/2; n; -t/2) = 1/(4n) 1F1(1/2; n + 1; -t/2)
    slope[i] = (4 * n) / (pureNoise * scaledKummer(n + 0.5, n + 1, t / 2));
  }
  return { mean, square, slope };
}

/**
 * The function that turns a measured magnitude M into the SNR whose mean magnitude is M (0 if M does
 * not exceed the mean of pure noise). Between table nodes A^2 is interpolated by cubics with the exact
 * slope: A^2 is a smooth function of M down to A = 0, A itself is not. Error below 1e-6 relative.
 */
export function chiMeanInverse(n: number): (magnitude: number) => number {
  const { mean, square, slope } = inverseTable(n);
  const last = NODES - 1;
  return (magnitude) => {
    if (!(magnitude > mean[0])) return 0;
    if (magnitude >= mean[last]) {
      const first = magnitude * magnitude - 2 * n + 1;
      return Math.sqrt(first - (n - 0.5) / first);
    }
    let low = 0;
    let high = last;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (mean[middle] <= magnitude) low = middle;
      else high = middle;
    }
    const width = mean[high] - mean[low];
    const u = (magnitude - mean[low]) / width;
    const v = 1 - u;
    const value =
      v * v * ((1 + 2 * u) * square[low] + u * width * slope[low]) +
      u * u * ((1 + 2 * v) * square[high] - v * width * slope[high]);
    return Math.sqrt(Math.max(0, value));
  };
}
