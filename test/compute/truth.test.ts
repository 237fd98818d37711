import t from 'tap';
import { type ComplexArray, complexZeros, realZeros } from '../../compute/array/complex.ts';
import { zeroMatrix } from '../../compute/array/matrix.ts';
import { centredFft } from '../../compute/math/fft.ts';
import { multiplyLowerInto } from '../../compute/math/lower-product.ts';
import { normalStream } from '../../compute/math/random.ts';
import { rootSumSquares } from '../../compute/math/root-sum-squares.ts';
import { unfoldingOf } from '../../compute/math/unfolding.ts';
import { decimateInPlace } from '../../compute/mr/lattice.ts';
import { type NoiseModel, noiseModel } from '../../compute/mr/noise.ts';
import { prewhitenInPlace } from '../../compute/mr/prewhiten.ts';
import type { Sampling, WhitenedSlice } from '../../compute/mr/recon/reconstruction.ts';
import { RECONSTRUCTIONS } from '../../compute/mr/recon/registry.ts';
import { unitLength } from '../../compute/mr/sensitivity/inner.ts';
import { mapsOf, prepare } from '../../compute/mr/snr/prepare.ts';
import { METHODS } from '../../compute/mr/snr/registry.ts';
import { fillSampled } from '../../compute/mr/snr/replicas.ts';
import { coilImages } from './helpers/coils.ts';
import { copied, optionsOf, ratios } from './helpers/replicas.ts';

const SHAPE = [8, 64, 64] as const;
const [COILS, LINES, COLUMNS] = SHAPE;
const REPLICAS = 1000;

/** Correlated noise of unequal coils: Sigma = A A^H, exactly known. */
function knownNoise(): NoiseModel {
  const products = zeroMatrix(COILS);
  const random = new Float32Array(2 * COILS * COILS);
  normalStream(77).fill(random, 0.3);
  for (let i = 0; i < COILS; i++) random[2 * (i * COILS + i)] += 1 + 0.2 * i;
  for (let i = 0; i < COILS; i++) {
    for (let j = 0; j < COILS; j++) {
      for (let k = 0; k < COILS; k++) {
        const [a, b] = [2 * (i * COILS + k), 2 * (j * COILS + k)];
        products.re[i * COILS + j] += 1e4 * (random[a] * random[b] + random[a + 1] * random[b + 1]);
        products.im[i * COILS + j] += 1e4 * (random[a + 1] * random[b] - random[a] * random[b + 1]);
      }
    }
  }
  return noiseModel(
    { coils: COILS, readouts: 1, samples: 1e4, products, bandwidthRatio: 1 },
    {
      oversampling: 1,
      bandwidthRatio: 1,
      bandwidthSource: 'header',
      noiseDwellMicroseconds: undefined,
      imageDwellMicroseconds: undefined,
      dwellRatio: 1,
      warnings: [],
    },
  );
}

const noise = knownNoise();
/** The object as the coils see it without noise, and whitened. */
const clean = coilImages(SHAPE, { noise: 0, snr: 300 });
const whitenedClean = copied(clean);
prewhitenInPlace(whitenedClean, noise, 1);

/** Measured k-space number `repetition`: the object and noise of covariance Sigma, not whitened. */
function measured(repetition: number, sampling?: Sampling): ComplexArray {
  const kspace = centredFft(clean, [1, 2], 'forward');
  const added = complexZeros(SHAPE);
  fillSampled(added, undefined, normalStream(5, repetition));
  multiplyLowerInto(added, noise.factor, added);
  for (let i = 0; i < kspace.data.length; i++) kspace.data[i] += added.data[i];
  if (sampling) decimateInPlace(kspace, sampling);
  return kspace;
}

/** Sensitivities of unit length, so that the noise of combinations changes slowly from pixel to pixel. */
const maps = unitLength(copied(whitenedClean));
const mask = realZeros([LINES, COLUMNS]);
mask.data.fill(1);

function sliceOf(repetition: number, sampling?: Sampling): WhitenedSlice {
  const kspace = measured(repetition, sampling);
  prewhitenInPlace(kspace, noise, 1);
  const slice = { kspace, noise, sensitivities: { maps, mask } };
  return sampling ? { ...slice, sampling } : slice;
}

/** SNR of full sampling, sqrt(2) |rho| sqrt(s^H Sigma^-1 s); with SENSE divided by g sqrt(R). */
function truthOf(sampling?: Sampling): Float32Array {
  const full = rootSumSquares(whitenedClean).data.map((x) => Math.SQRT2 * x);
  if (!sampling) return full;
  const { gFactor } = unfoldingOf(maps, sampling.factors);
  return full.map((x, i) => {
    const g = gFactor.data[i] * Math.sqrt(sampling.factors[0] * sampling.factors[1]);
    return g > 0 ? x / g : 0;
  });
}

const HALF: Sampling = { factors: [1, 2], offsets: [0, 1] };

for (const [name, sampling] of [
  ['rss', undefined],
  ['b1', undefined],
  ['sense', HALF],
] as const) {
  t.test(`B3: ${name}: every method finds the true SNR: median ratio 1.00 +- 0.01`, async (t) => {
    const reconstruction = RECONSTRUCTIONS[name];
    const truth = truthOf(sampling);
    const object = [...truth.keys()].filter((i) => truth[i] > 20);
    const near = (method: string, snr: Float32Array): void => {
      const { median, count } = ratios(snr, truth, object);
      t.ok(Math.abs(median - 1) < 0.01, `${method}: median ratio ${median.toFixed(4)} over ${count} pixels`);
    };
    const of = (method: 'ac' | 'pmr' | 'cr', more = {}) =>
      METHODS[method].snr(
        sliceOf(0, sampling),
        reconstruction,
        optionsOf({ count: REPLICAS, boxSize: 3, ...more }),
      ).data;
    near('ac', of('ac'));
    near('pmr, fast', of('pmr'));
    near('pmr, exact', of('pmr', { mode: 'exact' }));
    near('cr', of('cr', { count: 125 }));

    const options = optionsOf({ count: REPLICAS });
    const prepared = prepare(sliceOf(0, sampling), reconstruction, options);
    const repetitions = METHODS.mr.collect(mapsOf(prepared), options);
    for (let j = 0; j < REPLICAS; j++) {
      repetitions.add(METHODS.mr.piece(prepared, j, sliceOf(j, sampling)));
    }
    near('mr', repetitions.finish().snr.data);
  });
}
