/**
 * Our arithmetic against BART 0.8.00 on the synthetic phantom with 8 coils. What BART gave is committed in
 * test/fixtures/bart with the commands below; where `bart` is installed they are run again. (`bart twixread` is
 * compared in formats/twix-oracle.test.ts.)
 */
import { copyFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { ComplexArray } from '../../compute/array/complex.ts';
import { complexFrom, realZeros } from '../../compute/array/complex.ts';
import { decimateInPlace } from '../../compute/mr/lattice.ts';
import { noiseModel } from '../../compute/mr/noise.ts';
import { createNoiseAccumulator } from '../../compute/mr/noise-statistics.ts';
import { prewhitenInPlace } from '../../compute/mr/prewhiten.ts';
import { sense } from '../../compute/mr/recon/sense.ts';
import { ESPIRIT_DEFAULTS, espirit } from '../../compute/mr/sensitivity/espirit.ts';
import { temporaryFolder } from '../helpers/raw/temporary.ts';
import { bart, hasBart, readCfl, writeCfl } from './helpers/bart.ts';
import { coilFirst, fixture, transposed } from './helpers/scan.ts';

const N = 96;
const COILS = 8;
const PIXELS = N * N;
/** The commands; `ksp`, `under`, `sig` and `noise` are written by us. */
const COMMANDS = [
  'whiten sig noise white optmat covar',
  'ecalib -m1 -k6 -r24 -t0.001 -c0.8 ksp maps',
  'pics -S -r0 -i200 under maps unfolded',
];
const COMMITTED = fileURLToPath(new URL('../fixtures/bart', import.meta.url));

const raw = coilFirst(fixture('oracle/phantom8/signal.c64'), N, N, COILS);
const noiseData = fixture('oracle/phantom8/noise.c64');
const samples = noiseData.length / 2 / COILS;

/** The noise model of the noise samples as they are; `noise.c64` has the coil as its fastest axis. */
function measuredNoise() {
  const readout = new Float32Array(noiseData.length);
  for (let m = 0; m < samples; m++) {
    for (let coil = 0; coil < COILS; coil++) {
      const to = 2 * (coil * samples + m);
      const from = 2 * (m * COILS + coil);
      readout.set(noiseData.subarray(from, from + 2), to);
    }
  }
  const accumulator = createNoiseAccumulator(COILS);
  accumulator.add(readout, samples);
  const factors = {
    oversampling: 1,
    bandwidthRatio: 1,
    bandwidthSource: 'cropped',
    noiseDwellMicroseconds: 1,
    imageDwellMicroseconds: 1,
    dwellRatio: 1,
    warnings: [],
  } as const;
  return { model: noiseModel(accumulator.finish(), factors), readout };
}

const { model, readout } = measuredNoise();
const trueSnr = transposed(fixture('oracle/phantom8/snr_true_fullysampled.f32'), N, N);

/** Whitened k-space `[coil, y, x]`, every second line of it if asked for. */
function whitened(acceleration: number): ComplexArray {
  const kspace = complexFrom(raw.slice(), [COILS, N, N]);
  prewhitenInPlace(kspace, model, 1);
  if (acceleration > 1) decimateInPlace(kspace, { factors: [1, acceleration], offsets: [0, 0] });
  return kspace;
}

const path = temporaryFolder(t);
const live = path('');
if (hasBart) {
  writeCfl(live, 'sig', raw, [N, N, 1, COILS]);
  writeCfl(live, 'noise', readout, [samples, 1, 1, COILS]);
  writeCfl(live, 'ksp', whitened(1).data, [N, N, 1, COILS]);
  writeCfl(live, 'under', whitened(2).data, [N, N, 1, COILS]);
  for (const command of COMMANDS) bart(live, command);
  if (process.argv.includes('--write-fixtures')) {
    for (const name of readdirSync(live)) {
      if (/^(optmat|covar|maps|unfolded)\.(cfl|hdr)$/.test(name))
        copyFileSync(path(name), `${COMMITTED}/${name}`);
    }
  }
}

for (const [what, folder] of [
  ['committed', COMMITTED],
  ...(hasBart ? [['live', live] as const] : []),
] as const) {
  t.test(`${what}: bart whiten`, async (t) => {
    const covariance = readCfl(folder, 'covar');
    const whitening = readCfl(folder, 'optmat');
    // BART divides by M - 1.
    const scale = samples / (samples - 1);
    let largest = 0;
    let [ofCovariance, ofWhitening] = [0, 0];
    for (let i = 0; i < COILS; i++) {
      for (let j = 0; j < COILS; j++) {
        const p = i * COILS + j;
        // Their covariance has its axes the other way round, their whitening matrix has not.
        const q = 2 * (j * COILS + i);
        largest = Math.max(largest, Math.abs(covariance[q]));
        ofCovariance = Math.max(
          ofCovariance,
          Math.hypot(
            covariance[q] - scale * model.covariance.re[p],
            covariance[q + 1] - scale * model.covariance.im[p],
          ),
        );
        ofWhitening = Math.max(
          ofWhitening,
          Math.hypot(
            whitening[2 * p] - model.whitening.re[p] / Math.sqrt(scale),
            whitening[2 * p + 1] - model.whitening.im[p] / Math.sqrt(scale),
          ),
        );
      }
    }
    const most = Math.max(...model.whitening.re.map(Math.abs));
    t.ok(ofCovariance / largest < 3e-4, `covariance ${ofCovariance / largest}`);
    t.ok(ofWhitening / most < 3e-4, `whitening ${ofWhitening / most}`);
  });

  t.test(`${what}: bart ecalib`, async (t) => {
    const theirs = readCfl(folder, 'maps');
    const block = { x: [0, N], y: [0, N] } as const;
    const { maps } = espirit(ESPIRIT_DEFAULTS).estimate({ kspace: whitened(1), block });
    const products: number[] = [];
    let onlyOne = 0;
    for (let i = 0; i < PIXELS; i++) {
      const product = normalisedProduct(theirs, maps.data, i);
      if (product === undefined) continue;
      if (product === 0) onlyOne += 1;
      else if (trueSnr[i] > 5) products.push(product);
    }
    products.sort((a, b) => a - b);
    t.ok(products.length > 0.3 * PIXELS, `${products.length} pixels in both`);
    t.ok(onlyOne < 0.01 * PIXELS, `${onlyOne} pixels in the object of one only`);
    t.ok(products[0] >= 0.999, `smallest ${products[0]}`);
    t.ok(products[Math.floor(products.length / 2)] > 0.9999, 'median');
  });

  t.test(`${what}: bart pics, R = 2`, async (t) => {
    const maps = complexFrom(readCfl(folder, 'maps'), [COILS, N, N]);
    const theirs = readCfl(folder, 'unfolded');
    const mask = realZeros([N, N]);
    for (let i = 0; i < PIXELS; i++)
      mask.data[i] = Math.hypot(maps.data[2 * i], maps.data[2 * i + 1]) > 0 ? 1 : 0;
    const { linear } = sense.reconstruct(
      {
        kspace: whitened(2),
        noise: model,
        sampling: { factors: [1, 2], offsets: [0, 0] },
        sensitivities: { maps, mask },
      },
      { rssUnweighted: false },
    );
    const ours = linear?.image.data as Float32Array;
    let [product, ownSquare, square] = [0, 0, 0];
    for (let k = 0; k < theirs.length; k++) {
      product += ours[k] * theirs[k];
      ownSquare += ours[k] ** 2;
      square += theirs[k] ** 2;
    }
    const ratio = product / square;
    // Both are the image rho of k = F S rho at the sampled points.
    t.ok(Math.abs(ratio - 1) < 1e-4, `ratio ${ratio}`);
    const rest = Math.sqrt(Math.max(0, ownSquare - product ** 2 / square) / ownSquare);
    t.ok(rest < 1e-5, `normalised difference ${rest}`);
  });
}

/** |<a, b>| / (||a|| ||b||) of a pixel; 0 if one of both is 0 there, undefined if both are. */
function normalisedProduct(a: Float32Array, b: Float32Array, pixel: number): number | undefined {
  let [re, im, aa, bb] = [0, 0, 0, 0];
  for (let coil = 0; coil < COILS; coil++) {
    const p = 2 * (coil * PIXELS + pixel);
    re += a[p] * b[p] + a[p + 1] * b[p + 1];
    im += a[p] * b[p + 1] - a[p + 1] * b[p];
    aa += a[p] ** 2 + a[p + 1] ** 2;
    bb += b[p] ** 2 + b[p + 1] ** 2;
  }
  if (aa === 0 && bb === 0) return undefined;
  return aa === 0 || bb === 0 ? 0 : Math.hypot(re, im) / Math.sqrt(aa * bb);
}
