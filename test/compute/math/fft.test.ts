import t from 'tap';
import { complexFrom, complexZeros } from '../../../compute/array/complex.ts';
import type { Direction } from '../../../compute/math/fft.ts';
import { centredFft, centredFftInto } from '../../../compute/math/fft.ts';
import { complexNoise, normals, transposed, worstOfMaximum } from '../helpers/scan.ts';

/** The definition in float64. */
function dft(x: ArrayLike<number>, direction: Direction): Float64Array {
  const n = x.length / 2;
  const centre = Math.floor(n / 2);
  const sign = direction === 'forward' ? -1 : 1;
  const out = new Float64Array(2 * n);
  for (let u = 0; u < n; u++) {
    for (let m = 0; m < n; m++) {
      const angle = (sign * 2 * Math.PI * (((m - centre) * (u - centre)) % n)) / n;
      out[2 * u] += (x[2 * m] * Math.cos(angle) - x[2 * m + 1] * Math.sin(angle)) / Math.sqrt(n);
      out[2 * u + 1] += (x[2 * m] * Math.sin(angle) + x[2 * m + 1] * Math.cos(angle)) / Math.sqrt(n);
    }
  }
  return out;
}

const LENGTHS = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16, 17, 25, 27, 32, 49, 60, 64, 77, 96, 97, 100, 121, 127,
  128, 160, 192, 210, 251, 256, 260, 320, 384, 509, 512, 640,
];

t.test('equals the definition for even, odd, composite and prime lengths, on both axes', async (t) => {
  const random = normals(1);
  let worst = 0;
  for (const n of LENGTHS) {
    const rows = 1 + (n % 6);
    const x = complexNoise(random, rows * n);
    for (const direction of ['forward', 'inverse'] as const) {
      const expected = new Float64Array(x.length);
      for (let row = 0; row < rows; row++) {
        expected.set(dft(x.subarray(2 * row * n, 2 * (row + 1) * n), direction), 2 * row * n);
      }
      const along = centredFft(complexFrom(x, [rows, n]), [1], direction).data;
      const across = centredFft(complexFrom(transposed(x, rows, n, 2), [n, rows]), [0], direction).data;
      worst = Math.max(
        worst,
        worstOfMaximum(along, expected),
        worstOfMaximum(transposed(across, n, rows, 2), expected),
      );
    }
  }
  t.ok(worst < 1e-6, `worst ${worst}`);
});

t.test(
  'U1: an impulse at the centre is flat, energy stays, the inverse undoes the forward transform',
  async (t) => {
    for (const n of [8, 9, 96, 97, 160]) {
      const impulse = complexZeros([n]);
      impulse.data[2 * Math.floor(n / 2)] = 1;
      const flat = centredFft(impulse, [0], 'forward').data;
      t.ok(
        flat.every((value, i) => Math.abs(value - (i % 2 === 0 ? 1 / Math.sqrt(n) : 0)) < 1e-6),
        `impulse ${n}`,
      );

      const x = complexFrom(complexNoise(normals(n), 3 * n * n), [3, n, n]);
      const energy = (data: Float32Array): number => data.reduce((sum, value) => sum + value * value, 0);
      const image = centredFft(x, [1, 2], 'inverse');
      t.ok(Math.abs(energy(image.data) / energy(x.data) - 1) < 1e-6, `Parseval ${n}`);
      const back = centredFft(image, [1, 2], 'forward');
      t.ok(worstOfMaximum(back.data, x.data) < 1e-6, `round trip ${n}`);
    }
  },
);

t.test('axes of a volume can be transformed one by one or together, in place too', async (t) => {
  const x = complexFrom(complexNoise(normals(5), 2 * 6 * 7 * 9), [2, 6, 7, 9]);
  const together = centredFft(x, [1, 2, 3], 'forward');
  const steps = [3, 1, 2].reduce((array, axis) => centredFft(array, [axis], 'forward'), x);
  t.ok(worstOfMaximum(steps.data, together.data) < 1e-6);
  const copy = complexFrom(x.data.slice(), x.shape);
  centredFftInto(copy, copy, [3, 2, 1], 'forward');
  t.same(copy.data, together.data);
});

t.test('axes and shapes that do not fit are refused; empty arrays and no axes are fine', async (t) => {
  const x = complexZeros([2, 3]);
  t.throws(() => centredFft(x, [2], 'forward'), RangeError);
  t.throws(() => centredFft(x, [1, 1], 'forward'), RangeError);
  t.throws(() => centredFft(x, [0.5], 'forward'), RangeError);
  t.throws(() => centredFftInto(complexZeros([2, 2]), x, [1], 'forward'), RangeError);
  t.equal(centredFft(complexZeros([0, 4]), [1], 'forward').data.length, 0);
  const same = complexFrom(Float32Array.from([1, 2, 3, 4]), [2]);
  t.same(centredFft(same, [], 'forward').data, same.data);
});
