/** SENSE and B1: g-factors, SNR, sizes, refusals. */
import t from 'tap';
import { complexFrom, complexZeros, plane } from '../../../compute/array/complex.ts';
import { centredFft } from '../../../compute/math/fft.ts';
import { rootSumSquares } from '../../../compute/math/root-sum-squares.ts';
import { copyBlock } from '../../../compute/mr/calibration.ts';
import { decimateInPlace } from '../../../compute/mr/lattice.ts';
import { b1 } from '../../../compute/mr/recon/b1.ts';
import { foldedImages } from '../../../compute/mr/recon/fold.ts';
import { onLatticeGrid } from '../../../compute/mr/recon/lattice-grid.ts';
import type { CombinedImage } from '../../../compute/mr/recon/reconstruction.ts';
import { sense } from '../../../compute/mr/recon/sense.ts';
import { inner } from '../../../compute/mr/sensitivity/inner.ts';
import { coilImages, decimatedSlice, whiteNoiseModel } from '../helpers/coils.ts';
import { pseudoInverse } from '../helpers/pseudo-inverse.ts';
import { type Pair, randomMaps, sampled, withMask } from '../helpers/sampled.ts';
import { complexNoise, normals, worstOfMaximum, worstRelative } from '../helpers/scan.ts';

const OFF = { rssUnweighted: false };
const INNER = { ...OFF, sensitivity: { method: 'inner', mask: { method: 'no' } } } as const;

function snrOf({ magnitude, noiseDeviation }: CombinedImage): Float32Array {
  return magnitude.data.map((m, i) => {
    const sigma = noiseDeviation?.data[i] ?? 1;
    return sigma > 0 ? (Math.SQRT2 * m) / sigma : 0;
  });
}

t.test('U7: two coils, R = 2: g = 1 / sqrt(1 - c^2)', async (t) => {
  // Rows of S = [[1, 0.5], [0.5, 1]] are the coils, columns the two pixels: c = 0.8, g = 5 / 3.
  const maps = complexZeros([2, 8, 4]);
  for (let y = 0; y < 8; y++) {
    for (let x = 0; x < 4; x++) {
      maps.data[2 * (y * 4 + x)] = y < 4 ? 1 : 0.5;
      maps.data[2 * (32 + y * 4 + x)] = y < 4 ? 0.5 : 1;
    }
  }
  const { gFactor } = sense.reconstruct(sampled(maps, new Float32Array(64).fill(1), [1, 2]), OFF);
  t.ok(gFactor?.data.every((g) => Math.abs(g / (5 / 3) - 1) < 1e-6));
});

t.test('U9: random maps in both directions: as the pseudo-inverse in float64', async (t) => {
  for (const [factors, shape] of [
    [
      [1, 2],
      [8, 12, 10],
    ],
    [
      [1, 3],
      [8, 12, 10],
    ],
    [
      [1, 4],
      [8, 12, 9],
    ],
    [
      [2, 2],
      [8, 12, 10],
    ],
    [
      [3, 1],
      [7, 5, 21],
    ],
    [
      [2, 3],
      [9, 9, 14],
    ],
    [
      [1, 5],
      [6, 15, 7],
    ],
  ] as [Pair, number[]][]) {
    const maps = randomMaps(shape);
    const [, ny, nx] = shape;
    const object = complexNoise(normals(3), ny * nx, 100);
    for (const offsets of [
      [0, 0],
      [factors[0] - 1, factors[1] - 1],
    ] as Pair[]) {
      const slice = sampled(maps, object, factors, offsets);
      const folded = foldedImages(slice.kspace, { factors, offsets });
      const expected = pseudoInverse(maps, folded, factors);
      const { gFactor, noiseDeviation, linear, magnitude } = sense.reconstruct(slice, OFF);
      const name = `R = [${factors}] from [${offsets}]`;
      const root = Math.sqrt(factors[0] * factors[1]);
      t.ok(worstRelative(gFactor?.data ?? [], expected.gFactor) < 1e-5, `${name}: g`);
      t.ok(
        worstRelative(
          noiseDeviation?.data ?? [],
          expected.deviation.map((v) => root * v),
        ) < 1e-5,
        `${name}: noise`,
      );
      const size = Float64Array.from(
        magnitude.data,
        (_, i) => root * Math.hypot(expected.image[2 * i], expected.image[2 * i + 1]),
      );
      t.ok(worstOfMaximum(magnitude.data, size) < 1e-5, `${name}: magnitude`);
      t.ok(worstOfMaximum(linear?.image.data ?? [], object) < 2e-5, `${name}: the object with its phase`);
    }
  }
});

t.test('nearly equal sensitivities are unfolded in float64; equal ones are given up', async (t) => {
  const shape = [4, 8, 8];
  const maps = randomMaps(shape, 7);
  const offset = 2 * 4 * 8;
  for (let c = 0; c < 4; c++) {
    const data = plane(maps, c).data;
    // The lower half is the upper one but for 0.5 %; in the last column it is the same.
    for (let k = 0; k < offset; k++) {
      const differs = k % 16 < 14 ? 0.005 * Math.sin(1 + k + 31 * c) : 0;
      data[offset + k] = data[k] + differs;
    }
  }
  const object = complexNoise(normals(3), 64, 100);
  const slice = sampled(maps, object, [1, 2]);
  const folded = foldedImages(slice.kspace, { factors: [1, 2], offsets: [0, 0] });
  const expected = pseudoInverse(maps, folded, [1, 2]);
  const { gFactor, noiseDeviation } = sense.reconstruct(slice, OFF);
  const separable = (_: number, i: number): boolean => i % 8 < 7;
  t.ok(
    expected.gFactor.filter(separable).some((g) => g > 100),
    'g beyond 100 is tested',
  );
  t.ok(worstRelative(gFactor?.data.filter(separable) ?? [], expected.gFactor.filter(separable), 0) < 1e-5);
  t.ok(gFactor?.data.filter((_, i) => i % 8 === 7).every((g) => g === 0));
  t.ok(noiseDeviation?.data.filter((_, i) => i % 8 === 7).every((v) => v === 0));
});

t.test('U8: orthogonal maps have g = 1, and a masked pixel leaves g = 1 to its alias', async (t) => {
  const maps = complexZeros([2, 8, 4]);
  for (let y = 0; y < 8; y++) {
    for (let x = 0; x < 4; x++) maps.data[2 * ((y < 4 ? 0 : 32) + y * 4 + x)] = 1 + x;
  }
  const object = new Float32Array(64).fill(2);
  const orthogonal = sense.reconstruct(sampled(maps, object, [1, 2]), OFF);
  t.ok(orthogonal.gFactor?.data.every((g) => Math.abs(g - 1) < 1e-6));

  const masked = randomMaps([3, 8, 4], 4);
  for (let c = 0; c < 3; c++) plane(masked, c).data.fill(0, 0, 2 * 4 * 4);
  const half = sense.reconstruct(sampled(masked, object, [1, 2]), OFF);
  t.ok(half.gFactor?.data.subarray(0, 16).every((g) => g === 0));
  t.ok(half.gFactor?.data.subarray(16).every((g) => Math.abs(g - 1) < 1e-6));
  t.ok(half.magnitude.data.subarray(0, 16).every((m) => m === 0));
  t.equal(snrOf(half)[0], 0);
});

t.test('U8: R = 1 is B1; SNR g sqrt(R) is that of full sampling', async (t) => {
  const maps = randomMaps([6, 12, 12], 9);
  const object = complexNoise(normals(3), 144, 100);
  const full = snrOf(b1.reconstruct(sampled(maps, object, [1, 1]), OFF));
  const same = sense.reconstruct(sampled(maps, object, [1, 1]), OFF);
  t.ok(worstRelative(snrOf(same), full) < 1e-6);
  t.ok(same.gFactor?.data.every((g) => g === 1));
  for (const factors of [
    [1, 2],
    [2, 2],
  ] as Pair[]) {
    const found = sense.reconstruct(sampled(maps, object, factors), OFF);
    const root = Math.sqrt(factors[0] * factors[1]);
    const restored = snrOf(found).map((snr, i) => snr * root * (found.gFactor?.data[i] ?? 0));
    t.ok(worstRelative(restored, full, 0.01) < 1e-4, `[${factors}]`);
  }
});

t.test('U6: maps times a complex number per pixel give the same SNR and g', async (t) => {
  const maps = randomMaps([5, 8, 12], 11);
  const object = complexNoise(normals(3), 96, 100);
  const slice = sampled(maps, object, [1, 2]);
  const changed = complexZeros(maps.shape);
  const factors = complexNoise(normals(8), 96, 1e4);
  for (let k = 0; k < maps.data.length; k += 2) {
    const f = k % 192;
    changed.data[k] = maps.data[k] * factors[f] - maps.data[k + 1] * factors[f + 1];
    changed.data[k + 1] = maps.data[k] * factors[f + 1] + maps.data[k + 1] * factors[f];
  }
  const kspace = complexFrom(slice.kspace.data.slice(), slice.kspace.shape);
  const before = sense.reconstruct(slice, OFF);
  const after = sense.reconstruct({ ...slice, kspace, sensitivities: withMask(changed) }, OFF);
  t.ok(worstRelative(snrOf(after), snrOf(before), 0.01) < 1e-5);
  t.ok(worstRelative(after.gFactor?.data ?? [], before.gFactor?.data ?? [], 0) < 1e-5);
});

t.test('U19: sizes that the acceleration does not divide, odd sizes and odd numbers of coils', async (t) => {
  // With the sensitivities of the full image itself, unfolding its aliased pixels gives its RSS exactly.
  for (const [coils, ny, nx, factors, offsets] of [
    [8, 97, 96, [1, 2], [0, 0]],
    [8, 97, 96, [1, 2], [0, 1]],
    [7, 98, 99, [1, 3], [0, 0]],
    [7, 100, 97, [1, 3], [0, 0]],
    [8, 90, 50, [1, 4], [0, 0]],
    [8, 97, 99, [2, 2], [0, 0]],
    [4, 255, 40, [1, 2], [0, 0]],
  ] as [number, number, number, Pair, Pair][]) {
    const images = coilImages([coils, ny, nx], { noise: 0 });
    const slice = decimatedSlice(images, factors, [null, null], offsets);
    const gridded = onLatticeGrid(slice).calibration?.kspace ?? images;
    const full = rootSumSquares(centredFft(gridded, [1, 2], 'inverse'));
    const { magnitude, gFactor } = sense.reconstruct(slice, INNER);
    const size = [Math.ceil(ny / factors[1]) * factors[1], Math.ceil(nx / factors[0]) * factors[0]];
    const name = `${ny} x ${nx} / [${factors}] from [${offsets}]`;
    t.same(magnitude.shape, size, name);
    const good = (_: number, i: number): boolean =>
      (gFactor?.data[i] ?? 0) > 0 && (gFactor?.data[i] ?? 0) < 10;
    // One lattice line of 49 lies beyond the 97 measured ones if the lattice begins at line 1.
    const scale = offsets[1] === 1 ? Math.sqrt(49 / 48) : 1;
    const expected = full.data.map((x) => scale * x);
    const tolerance = offsets[1] === 1 ? 0.02 : 1e-4;
    t.ok(worstOfMaximum(magnitude.data.filter(good), expected.filter(good)) < tolerance, name);
  }
});

t.test('noise drawn in the image has the covariance of reconstructed noise', async (t) => {
  const maps = randomMaps([3, 8, 6], 13);
  for (const factors of [
    [1, 2],
    [2, 1],
  ] as Pair[]) {
    const slice = sampled(maps, new Float32Array(96), factors, [factors[0] - 1, 1 % factors[1]]);
    const { linear, noiseDeviation } = sense.reconstruct(slice, OFF);
    if (!linear) throw new Error('SENSE is linear');
    const random = normals(21);
    const source = {
      fill(into: Float32Array, deviation = 1) {
        for (let i = 0; i < into.length; i++) into[i] = deviation * random();
      },
    };
    const reconstructed = (): Float32Array => {
      const kspace = complexFrom(complexNoise(random, 3 * 48), [3, 8, 6]);
      decimateInPlace(kspace, { factors, offsets: [factors[0] - 1, 1 % factors[1]] });
      return linear.combine(kspace).data;
    };
    const drawn = covariances(() => linear.drawNoise(source).data, factors);
    const exact = covariances(reconstructed, factors);
    const sigma = noiseDeviation?.data ?? [];
    drawn.variance.forEach((v, i) => {
      // 3000 draws: 1.8 % standard deviation of a variance; 48 pixels stay within 4.5 of them.
      t.ok(Math.abs(v / sigma[i] ** 2 - 1) < 0.082, `[${factors}] pixel ${i}: ${v / sigma[i] ** 2}`);
      t.ok(Math.abs(exact.variance[i] / sigma[i] ** 2 - 1) < 0.082);
    });
    t.ok(worstOfMaximum(drawn.cross, exact.cross) < 0.1, `[${factors}]: covariance of aliases`);
  }
});

/** Variances of all pixels, and the complex covariances of each pixel with its first alias, of 3000 draws. */
function covariances(draw: () => Float32Array, [rx]: Pair) {
  const variance = new Float64Array(48);
  const cross = new Float64Array(96);
  for (let n = 0; n < 3000; n++) {
    const y = draw();
    for (let i = 0; i < 48; i++) {
      const other = rx === 2 ? Math.floor(i / 6) * 6 + ((i + 3) % 6) : (i + 24) % 48;
      variance[i] += (y[2 * i] ** 2 + y[2 * i + 1] ** 2) / 3000;
      cross[2 * i] += (y[2 * i] * y[2 * other] + y[2 * i + 1] * y[2 * other + 1]) / 3000;
      cross[2 * i + 1] += (y[2 * i + 1] * y[2 * other] - y[2 * i] * y[2 * other + 1]) / 3000;
    }
  }
  return { variance, cross };
}

t.test('an acceleration beyond the number of coils is refused by name', async (t) => {
  const maps = randomMaps([3, 12, 12]);
  t.throws(() => sense.reconstruct(sampled(maps, new Float32Array(288), [2, 2]), OFF), {
    code: 'bad_options',
    message: /3 coils cannot separate the 4 pixels/,
  });
});

t.test('maps of another size, or none, are no sensitivities', async (t) => {
  const slice = sampled(randomMaps([3, 12, 12]), new Float32Array(288), [1, 2]);
  t.throws(() => sense.reconstruct({ ...slice, sensitivities: undefined }, OFF), /no coil sensitivities/);
  const small = withMask(randomMaps([3, 6, 12]));
  t.throws(() => b1.reconstruct({ ...slice, sensitivities: small }, OFF), /do not fit/);
});

t.test('B1 with the maps of the image itself is its root of sums of squares', async (t) => {
  const images = coilImages([4, 20, 30]);
  const kspace = centredFft(images, [1, 2], 'forward');
  const block = { x: [0, 30], y: [0, 20] } as const;
  const { maps } = inner.estimate({ kspace: copyBlock(kspace, block), block });
  const noise = whiteNoiseModel(4);
  const { magnitude } = b1.reconstruct({ kspace, noise, sensitivities: withMask(maps) }, OFF);
  t.ok(worstRelative(magnitude.data, rootSumSquares(images).data, 0) < 1e-5);
});
