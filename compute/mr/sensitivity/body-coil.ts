/**
 * Sensitivities relative to a body coil, whose own sensitivity is flat: s_c = p_c / b, fitted over the w x w pixels
 * around each one so that the noise of both images averages out,
 *
 *   s_c(r) = sum over q of p_c(q) conj(b(q)) / sum over q of |b(q)|^2,
 *
 * where b exceeds five times its noise.
 */
import type { ComplexArray, RealArray } from '../../array/complex.ts';
import { complexZeros, plane, realZeros } from '../../array/complex.ts';
import { centredFft } from '../../math/fft.ts';
import { nearest } from '../mask/nearest.ts';
import type { SensitivityEstimator } from './estimator.ts';
import { hannWindowed } from './hann.ts';

/** Side of the window in pixels. */
const WINDOW = 5;
const LEAST_SNR = 5;

export const bodyCoil: SensitivityEstimator = {
  label: 'Relative to the body coil',
  estimate(reference, supplied) {
    if (!supplied?.body) throw new RangeError('the slice came without its body-coil image');
    const images = centredFft(hannWindowed(reference), [1, 2], 'inverse');
    const [coils, ny, nx] = images.shape;
    const body = nearest(supplied.body.image, [ny, nx], 2);
    const support = realZeros([ny, nx]);
    const limit = (LEAST_SNR * supplied.body.noise) ** 2;
    const power = complexZeros([ny, nx]);
    for (let i = 0; i < support.data.length; i++) {
      power.data[2 * i] = body.data[2 * i] ** 2 + body.data[2 * i + 1] ** 2;
      support.data[i] = power.data[2 * i] > limit ? 1 : 0;
    }
    const total = windowSums(power);
    const maps = complexZeros(images.shape);
    for (let coil = 0; coil < coils; coil++) {
      const fitted = windowSums(timesConjugate(plane(images, coil), body));
      for (let i = 0; i < support.data.length; i++) {
        const factor = support.data[i] === 1 ? 1 / total.data[2 * i] : 0;
        fitted.data[2 * i] *= factor;
        fitted.data[2 * i + 1] *= factor;
      }
      plane(maps, coil).data.set(fitted.data);
    }
    return { maps, support };
  },
};

function timesConjugate(a: ComplexArray, b: RealArray): ComplexArray {
  const out = complexZeros(a.shape);
  for (let k = 0; k < out.data.length; k += 2) {
    out.data[k] = a.data[k] * b.data[k] + a.data[k + 1] * b.data[k + 1];
    out.data[k + 1] = a.data[k + 1] * b.data[k] - a.data[k] * b.data[k + 1];
  }
  return out;
}

/** Sums over the window around each pixel, cut off at the edges. */
function windowSums(image: ComplexArray): ComplexArray {
  const [ny, nx] = image.shape;
  return alongAxis(alongAxis(image, nx, 2), ny, 2 * nx);
}

/** Sums along an axis of n elements that lie `stride` numbers apart. */
function alongAxis({ data, shape }: ComplexArray, n: number, stride: number): ComplexArray {
  const reach = (WINDOW - 1) / 2;
  const out = complexZeros(shape);
  for (let k = 0; k < data.length; k++) {
    const at = Math.floor(k / stride) % n;
    for (let d = Math.max(-reach, -at); d <= Math.min(reach, n - 1 - at); d++)
      out.data[k] += data[k + d * stride];
  }
  return out;
}
