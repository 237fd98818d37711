/** White coil data for tests of reconstructions: an object seen by smooth coils, and noise models. */
import { type ComplexArray, complexZeros } from '../../../compute/array/complex.ts';
import { zeroMatrix } from '../../../compute/array/matrix.ts';
import { centredFft } from '../../../compute/math/fft.ts';
import { centralBlock, copyBlock } from '../../../compute/mr/calibration.ts';
import { decimateInPlace } from '../../../compute/mr/lattice.ts';
import { noiseModel } from '../../../compute/mr/noise.ts';
import type { WhitenedSlice } from '../../../compute/mr/recon/reconstruction.ts';
import { complexNoise, imageLines, memoryScan, noiseLines, normals } from './scan.ts';

/** A noise model with the covariance I. */
export function whiteNoiseModel(coils: number) {
  const products = zeroMatrix(coils);
  for (let i = 0; i < coils; i++) products.re[i * coils + i] = 1000;
  return noiseModel(
    { coils, readouts: 1, samples: 1000, products, bandwidthRatio: 1 },
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

/** Coil images `[coil, y, x]` of a textured ellipse: coils around it, each a wide Gaussian with a phase of its own. */
export function coilImages(
  [coils, ny, nx]: readonly [number, number, number],
  { snr = 100, noise = 1, seed = 5 } = {},
): ComplexArray {
  const images = complexZeros([coils, ny, nx]);
  const random = normals(seed);
  const noises = complexNoise(random, coils * ny * nx, noise ** 2);
  for (let coil = 0; coil < coils; coil++) {
    const angle = (2 * Math.PI * coil) / coils;
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++) {
        const [u, v] = [(2 * (x - nx / 2)) / nx, (2 * (y - ny / 2)) / ny];
        // A soft edge: with a hard one the outermost lines of k-space would hold much of the object.
        const edge = 1 / (1 + Math.exp(((u / 0.75) ** 2 + (v / 0.85) ** 2 - 1) / 0.06));
        const inside = edge > 1e-4 ? edge * (1 + 0.3 * Math.cos(9 * u + 4 * v)) : 0;
        const distance = (u - 1.1 * Math.cos(angle)) ** 2 + (v - 1.1 * Math.sin(angle)) ** 2;
        const size = snr * inside * Math.exp(-distance / 1.5);
        const phase = 2 * angle + u - v;
        const k = 2 * ((coil * ny + y) * nx + x);
        images.data[k] = size * Math.cos(phase) + noises[k];
        images.data[k + 1] = size * Math.sin(phase) + noises[k + 1];
      }
    }
  }
  return images;
}

/** The slice that decimation of the k-space of `images` gives. */
export function decimatedSlice(
  images: ComplexArray,
  factors: readonly [x: number, y: number],
  acl: readonly [number | null, number | null],
  offsets: readonly [x: number, y: number] = [0, 0],
): WhitenedSlice {
  const [coils, ny, nx] = images.shape;
  const kspace = centredFft(images, [1, 2], 'forward');
  const block = centralBlock([nx, ny], acl);
  const calibration = { kspace: copyBlock(kspace, block), block };
  const sampling = { factors, offsets };
  decimateInPlace(kspace, sampling);
  return { kspace, noise: whiteNoiseModel(coils), sampling, calibration };
}

/** A scan of a phantom with its noise lines. */
export function phantomScan(shape: readonly [number, number, number]) {
  const [coils, lines, columns] = shape;
  const kspace = centredFft(coilImages(shape), [1, 2], 'forward');
  return memoryScan({ columns, lines, coils }, [
    ...noiseLines(normals(4), coils, columns, 100),
    ...imageLines(kspace.data, shape),
  ]);
}
