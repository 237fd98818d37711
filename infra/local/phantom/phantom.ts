/**
 * The phantom of the demo: an acquisition whose true SNR is known exactly, because object, coil maps and noise
 * covariance are ours. Arrays are C order `[y][x]` or `[coil][y][x]`, complex numbers interleaved.
 *
 * A unitary centred inverse DFT of the noise-free lines gives `object * maps` exactly; every acquired sample
 * carries complex Gaussian noise of covariance `A A^H` (`A` = `noiseFactor()`, real plus imaginary variance).
 */

/** Sizes; the lines are oversampled along the readout (x). */
export const PHANTOM = { matrix: 96, oversampling: 2, coils: 8, noiseLines: 48, seed: 20_240_601 } as const;

const N = PHANTOM.matrix;
const COILS = PHANTOM.coils;
const SAMPLES = N * PHANTOM.oversampling;

/** A head after Shepp and Logan with less contrast: value, centre, half axes (fractions of half the field of view), angle in degrees. */
const ELLIPSES = [
  [1, 0, 0, 0.69, 0.92, 0],
  [-0.5, 0, -0.0184, 0.6624, 0.874, 0],
  [-0.3, 0.22, 0, 0.11, 0.31, -18],
  [-0.3, -0.22, 0, 0.16, 0.41, 18],
  [0.25, 0, 0.35, 0.21, 0.25, 0],
  [0.2, 0, 0.1, 0.046, 0.046, 0],
  [0.2, 0, -0.1, 0.046, 0.046, 0],
  [0.2, -0.08, -0.605, 0.046, 0.023, 0],
  [0.2, 0, -0.605, 0.023, 0.023, 0],
  [0.2, 0.06, -0.605, 0.023, 0.046, 0],
] as const;
/** Brings the true SNR to 15 to 240 within the head. */
const SIGNAL = 75;

/** Position of a pixel in units of half the field of view; pixel floor(N / 2) is the centre. */
function place(pixel: number): number {
  return (pixel - Math.floor(N / 2)) / (N / 2);
}

/** The object, `[y][x]` complex: the head with a slowly varying phase. */
export function phantomObject(): Float64Array {
  const object = new Float64Array(2 * N * N);
  for (let y = 0; y < N; y++) {
    for (let x = 0; x < N; x++) {
      const [u, v] = [place(x), -place(y)];
      let value = 0;
      for (const [intensity, cx, cy, a, b, degrees] of ELLIPSES) {
        const angle = (degrees * Math.PI) / 180;
        const du = (u - cx) * Math.cos(angle) + (v - cy) * Math.sin(angle);
        const dv = (v - cy) * Math.cos(angle) - (u - cx) * Math.sin(angle);
        if ((du / a) ** 2 + (dv / b) ** 2 <= 1) value += intensity;
      }
      const phase = 0.8 * u - 0.5 * v + 0.6 * u * v;
      object[2 * (y * N + x)] = SIGNAL * value * Math.cos(phase);
      object[2 * (y * N + x) + 1] = SIGNAL * value * Math.sin(phase);
    }
  }
  return object;
}

/** Coil maps, `[coil][y][x]` complex: loops on a ring around the head, falling off with distance. */
export function phantomMaps(): Float64Array {
  const maps = new Float64Array(2 * COILS * N * N);
  for (let coil = 0; coil < COILS; coil++) {
    const angle = (2 * Math.PI * coil) / COILS;
    const [cx, cy] = [1.25 * Math.cos(angle), 1.25 * Math.sin(angle)];
    for (let y = 0; y < N; y++) {
      for (let x = 0; x < N; x++) {
        const [du, dv] = [place(x) - cx, -place(y) - cy];
        const magnitude = (1 + (du * du + dv * dv) / 0.64) ** -1.5;
        const phase = Math.atan2(dv, du);
        const at = 2 * ((coil * N + y) * N + x);
        maps[at] = 2 * magnitude * Math.cos(phase);
        maps[at + 1] = 2 * magnitude * Math.sin(phase);
      }
    }
  }
  return maps;
}

/** Lower triangular factor A of the noise covariance, `[coil][coil]` complex: unequal, correlated coils. */
export function noiseFactor(): Float64Array {
  const factor = new Float64Array(2 * COILS * COILS);
  for (let i = 0; i < COILS; i++) {
    const level = 1 + 0.3 * Math.sin(1 + 2 * i);
    for (let j = 0; j <= i; j++) {
      const size = level * 0.3 ** (i - j);
      factor[2 * (i * COILS + j)] = size * Math.cos(0.7 * (i - j));
      factor[2 * (i * COILS + j) + 1] = size * Math.sin(0.7 * (i - j));
    }
  }
  return factor;
}

/** The noise covariance A A^H, `[coil][coil]` complex. */
export function noiseCovariance(): Float64Array {
  const a = noiseFactor();
  const covariance = new Float64Array(2 * COILS * COILS);
  for (let i = 0; i < COILS; i++) {
    for (let j = 0; j < COILS; j++) {
      for (let k = 0; k < COILS; k++) {
        const [p, q, at] = [2 * (i * COILS + k), 2 * (j * COILS + k), 2 * (i * COILS + j)];
        covariance[at] += a[p] * a[q] + a[p + 1] * a[q + 1];
        covariance[at + 1] += a[p + 1] * a[q] - a[p] * a[q + 1];
      }
    }
  }
  return covariance;
}

/**
 * The true SNR of the fully sampled image, `[y][x]`: sqrt(2) |object| sqrt(s^H Sigma^-1 s), that is signal over
 * the standard deviation of the noise component in phase with it, for the best combination of the coils.
 */
export function trueSnr(): Float32Array {
  const object = phantomObject();
  const maps = phantomMaps();
  const a = noiseFactor();
  const snr = new Float32Array(N * N);
  const white = new Float64Array(2 * COILS);
  for (let pixel = 0; pixel < N * N; pixel++) {
    let energy = 0;
    for (let i = 0; i < COILS; i++) {
      // forward substitution: white = A^-1 s
      let re = maps[2 * (i * N * N + pixel)];
      let im = maps[2 * (i * N * N + pixel) + 1];
      for (let j = 0; j < i; j++) {
        const at = 2 * (i * COILS + j);
        re -= a[at] * white[2 * j] - a[at + 1] * white[2 * j + 1];
        im -= a[at] * white[2 * j + 1] + a[at + 1] * white[2 * j];
      }
      const diagonal = a[2 * (i * COILS + i)];
      white[2 * i] = re / diagonal;
      white[2 * i + 1] = im / diagonal;
      energy += white[2 * i] ** 2 + white[2 * i + 1] ** 2;
    }
    snr[pixel] = Math.sqrt(2 * energy) * Math.hypot(object[2 * pixel], object[2 * pixel + 1]);
  }
  return snr;
}

/** Normal numbers of variance 1/2 in pairs: complex numbers of variance 1 (mulberry32, Box-Muller). */
function complexNormals(seed: number): () => [re: number, im: number] {
  let state = seed;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
  return () => {
    const radius = Math.sqrt(-Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  };
}

/** Adds noise of covariance A A^H to every sample of a line `[coil][sample]`. */
function addNoise(line: Float64Array, samples: number, a: Float64Array, next: () => [number, number]): void {
  const white = new Float64Array(2 * COILS);
  for (let sample = 0; sample < samples; sample++) {
    for (let coil = 0; coil < COILS; coil++) white.set(next(), 2 * coil);
    for (let i = 0; i < COILS; i++) {
      for (let j = 0; j <= i; j++) {
        const [at, to] = [2 * (i * COILS + j), 2 * (i * samples + sample)];
        line[to] += a[at] * white[2 * j] - a[at + 1] * white[2 * j + 1];
        line[to + 1] += a[at] * white[2 * j + 1] + a[at + 1] * white[2 * j];
      }
    }
  }
}

/** Unitary centred DFT from `size` points that are the middle of `length` to `length` frequencies, as a matrix. */
function dftMatrix(size: number, length: number): Float64Array {
  const matrix = new Float64Array(2 * length * size);
  for (let k = 0; k < length; k++) {
    for (let n = 0; n < size; n++) {
      const turn = ((k - Math.floor(length / 2)) * (n - Math.floor(size / 2))) / length;
      matrix[2 * (k * size + n)] = Math.cos(2 * Math.PI * turn) / Math.sqrt(length);
      matrix[2 * (k * size + n) + 1] = -Math.sin(2 * Math.PI * turn) / Math.sqrt(length);
    }
  }
  return matrix;
}

/** `matrix` (rows x size) times `size` complex numbers of `data` from `start` in steps of `step`. */
function apply(
  matrix: Float64Array,
  rows: number,
  data: Float64Array,
  start: number,
  step: number,
): Float64Array {
  const size = matrix.length / (2 * rows);
  const result = new Float64Array(2 * rows);
  for (let row = 0; row < rows; row++) {
    for (let n = 0; n < size; n++) {
      const [m, d] = [2 * (row * size + n), 2 * (start + n * step)];
      result[2 * row] += matrix[m] * data[d] - matrix[m + 1] * data[d + 1];
      result[2 * row + 1] += matrix[m] * data[d + 1] + matrix[m + 1] * data[d];
    }
  }
  return result;
}

/** k-space of `object * maps` without noise, `[coil][ky][kx]` complex with the oversampled kx. */
function cleanLines(): Float64Array {
  const object = phantomObject();
  const maps = phantomMaps();
  const [alongX, alongY] = [dftMatrix(N, SAMPLES), dftMatrix(N, N)];
  const lines = new Float64Array(2 * COILS * N * SAMPLES);
  for (let coil = 0; coil < COILS; coil++) {
    const image = new Float64Array(2 * N * N);
    for (let pixel = 0; pixel < N * N; pixel++) {
      const [o, m] = [2 * pixel, 2 * (coil * N * N + pixel)];
      image[o] = object[o] * maps[m] - object[o + 1] * maps[m + 1];
      image[o + 1] = object[o] * maps[m + 1] + object[o + 1] * maps[m];
    }
    const half = new Float64Array(2 * N * SAMPLES);
    for (let y = 0; y < N; y++) half.set(apply(alongX, SAMPLES, image, y * N, 1), 2 * y * SAMPLES);
    for (let kx = 0; kx < SAMPLES; kx++) {
      const column = apply(alongY, N, half, kx, SAMPLES);
      for (let ky = 0; ky < N; ky++) {
        lines.set(column.subarray(2 * ky, 2 * ky + 2), 2 * ((coil * N + ky) * SAMPLES + kx));
      }
    }
  }
  return lines;
}

export interface PhantomLine {
  readonly kind: 'noise' | 'image';
  /** Phase-encoding line of an image line, running number of a noise line. */
  readonly line: number;
  /** `[coil][sample]`, interleaved complex float32. */
  readonly data: Float32Array;
}

/** All lines of the acquisition: first the noise, then the image from line 0 upwards. */
export function* phantomLines(): Generator<PhantomLine> {
  const a = noiseFactor();
  const next = complexNormals(PHANTOM.seed);
  for (let line = 0; line < PHANTOM.noiseLines; line++) {
    const data = new Float64Array(2 * COILS * SAMPLES);
    addNoise(data, SAMPLES, a, next);
    yield { kind: 'noise', line, data: Float32Array.from(data) };
  }
  const clean = cleanLines();
  for (let line = 0; line < N; line++) {
    const data = new Float64Array(2 * COILS * SAMPLES);
    for (let coil = 0; coil < COILS; coil++) {
      const from = 2 * (coil * N + line) * SAMPLES;
      data.set(clean.subarray(from, from + 2 * SAMPLES), 2 * coil * SAMPLES);
    }
    addNoise(data, SAMPLES, a, next);
    yield { kind: 'image', line, data: Float32Array.from(data) };
  }
}
