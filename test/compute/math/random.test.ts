import t from 'tap';
import { normalStream, splitmix64 } from '../../../compute/math/random.ts';

const SAMPLES = 2 ** 24;

function drawn(count: number, seed: number, ...key: number[]): Float32Array {
  const out = new Float32Array(count);
  normalStream(seed, ...key).fill(out);
  return out;
}

t.test('splitmix64 gives the published numbers', async (t) => {
  t.same(splitmix64(1234567n, 3), [6457827717110365317n, 3203168211198807973n, 9817491932198370423n]);
});

t.test('the numbers are those of xoshiro128+ and Box and Muller in float64', async (t) => {
  const stream = normalStream(42, 1, 2);
  const words = stream.state.slice();
  const numbers = new Float32Array(8 * 1000);
  stream.fill(numbers);
  let worst = 0;
  for (let lane = 0; lane < 4; lane++) {
    let [s0, s1, s2, s3] = [0, 1, 2, 3].map((word) => words[4 * word + lane]);
    const next = (): number => {
      const sum = (s0 + s3) | 0;
      const t = s1 << 9;
      s2 ^= s0;
      s3 ^= s1;
      s1 ^= s2;
      s0 ^= s3;
      s2 ^= t;
      s3 = (s3 << 11) | (s3 >>> 21);
      return sum;
    };
    for (let group = 0; group < 1000; group++) {
      const [a, b] = [next(), next()];
      const u = Math.fround(Math.fround(Math.abs(Math.fround(a)) * 2 ** -31) + 2 ** -33);
      const radius = Math.sqrt(-2 * Math.log(u));
      const angle = (Math.PI / 2) * (b * 2 ** -31);
      const x = radius * Math.cos(angle) * (a < 0 ? -1 : 1);
      const at = 8 * group + 2 * lane;
      worst = Math.max(
        worst,
        Math.abs(numbers[at] - x),
        Math.abs(numbers[at + 1] - radius * Math.sin(angle)),
      );
    }
  }
  t.ok(worst < 5e-6, `largest difference ${worst}`);
});

t.test('moments, neighbours and tails of 16 million numbers', async (t) => {
  const x = drawn(SAMPLES, 1);
  const moments = [0, 0, 0, 0];
  let [neighbour, pair, squares, beyond3, beyond4, beyond5, largest] = [0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < SAMPLES; i++) {
    const v = x[i];
    const size = Math.abs(v);
    moments[0] += v;
    moments[1] += v * v;
    moments[2] += v ** 3;
    moments[3] += v ** 4;
    neighbour += v * x[(i + 1) % SAMPLES];
    pair += v * x[(i + 8) % SAMPLES];
    squares += (v * v - 1) * (x[i ^ 1] ** 2 - 1);
    if (size > 3) beyond3 += 1;
    if (size > 4) beyond4 += 1;
    if (size > 5) beyond5 += 1;
    if (size > largest) largest = size;
  }
  // Each within four of its own standard deviations.
  const near = (value: number, expected: number, variance: number, what: string): void => {
    const deviations = (value / SAMPLES - expected) / Math.sqrt(variance / SAMPLES);
    t.ok(Math.abs(deviations) < 4, `${what}: ${deviations.toFixed(2)} standard deviations`);
  };
  near(moments[0], 0, 1, 'mean');
  near(moments[1], 1, 2, 'variance');
  near(moments[2], 0, 15, 'third moment');
  near(moments[3], 3, 96, 'fourth moment');
  near(neighbour, 0, 1, 'correlation of neighbours');
  near(pair, 0, 1, 'correlation with the next of the same lane');
  near(squares, 0, 4, 'correlation of the squares of a pair');
  near(beyond3, 2.699796e-3, 2.7e-3, 'beyond 3');
  near(beyond4, 6.334248e-5, 6.3e-5, 'beyond 4');
  near(beyond5, 5.733031e-7, 5.7e-7, 'beyond 5');
  t.ok(largest > 5 && largest < 6.8, `largest ${largest}`);
});

t.test('the distribution function is that of Gauss (Kolmogorov and Smirnov)', async (t) => {
  const sorted = drawn(2 ** 20, 9).sort();
  const n = sorted.length;
  let distance = 0;
  for (let i = 0; i < n; i += 16) distance = Math.max(distance, Math.abs(cumulative(sorted[i]) - i / n));
  // 1.95 / sqrt(n): one in a thousand.
  t.ok(distance < 1.95 / Math.sqrt(n), `distance ${distance * Math.sqrt(n)} / sqrt(n)`);
});

t.test('the radius reaches beyond six standard deviations', async (t) => {
  // A lane whose first sum of words is 1: the smallest radius word but 0.
  const stream = normalStream(1);
  stream.state.set([1, 1, 1, 1], 0);
  stream.state.set([0, 0, 0, 0], 12);
  const out = new Float32Array(8);
  stream.fill(out);
  t.ok(Math.hypot(out[0], out[1]) > 6.5);
});

t.test('streams of other seeds and keys are others, and independent', async (t) => {
  const count = 2 ** 20;
  const names = [[1], [2], [1, 0], [0, 1], [1, 0, 0], [1, 0, 1], [1, 1, 0], [2 ** 52, 7, 9]];
  const streams = names.map(([seed, ...key]) => drawn(count, seed, ...key));
  for (let a = 0; a < streams.length; a++) {
    for (let b = 0; b < a; b++) {
      let sum = 0;
      for (let i = 0; i < count; i++) sum += streams[a][i] * streams[b][i];
      t.ok(Math.abs(sum) < 4 * Math.sqrt(count), `${names[a]} and ${names[b]}`);
    }
  }
  t.same(drawn(1000, 5, 3, 4), drawn(1000, 5, 3, 4), 'the same name gives the same numbers');
});

t.test('any length, any deviation; a stream goes on where it stopped', async (t) => {
  const whole = drawn(20_000, 3);
  const stream = normalStream(3);
  const first = new Float32Array(8192);
  const rest = new Float32Array(20_000 - 8192);
  stream.fill(first);
  stream.fill(rest, 2);
  t.same(first, whole.subarray(0, 8192));
  t.same(
    rest.map((v) => Math.fround(v / 2)).map((v, i) => Math.round(1e5 * (v - whole[8192 + i]))),
    rest.map(() => 0),
  );
  t.same(drawn(13, 3), whole.slice(0, 13));
  t.equal(drawn(0, 3).length, 0);
});

/** Distribution function of the normal distribution (Abramowitz and Stegun 7.1.26, error 1e-7). */
function cumulative(x: number): number {
  const s = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2);
  const p = s * (0.254829592 + s * (-0.284496736 + s * (1.421413741 + s * (-1.453152027 + s * 1.061405429))));
  const half = (p * Math.exp((-x * x) / 2)) / 2;
  return x > 0 ? 1 - half : half;
}
