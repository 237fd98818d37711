/**
 * Where coil sensitivities are used: rules on the root of sums of squares m of the whitened reference image
 * (unitary transform: the noise of each coil has complex variance 1 where all of k-space was measured).
 * Masks found by a rule are closed (./morphology.ts); uploaded ones are taken as they are.
 */
import type { RealArray } from '../../array/complex.ts';
import { realZeros } from '../../array/complex.ts';
import { centredFft } from '../../math/fft.ts';
import { rootSumSquares } from '../../math/root-sum-squares.ts';
import type { Calibration } from '../recon/reconstruction.ts';
import { espirit } from '../sensitivity/espirit.ts';
import type { MaskRule } from './mask-rule.ts';
import { closeMask } from './morphology.ts';
import { nearest } from './nearest.ts';

type Rules = {
  readonly [M in MaskRule['method']]: (
    rule: Extract<MaskRule, { method: M }>,
    reference: Calibration,
    supplied: RealArray | undefined,
  ) => RealArray;
};

const RULES: Rules = {
  no: (_, { kspace }) => where(realZeros(kspace.shape.slice(1)), () => true),
  reference(_, reference) {
    const m = magnitudeOf(reference);
    const { mean, deviation } = momentsOf(m);
    return closeMask(where(m, (x) => x > mean - deviation));
  },
  percentage({ value }, reference) {
    const m = magnitudeOf(reference);
    const limit = (value / 100) * m.data.reduce((a, b) => Math.max(a, b), 0);
    return closeMask(where(m, (x) => x > limit));
  },
  percentagemean({ value }, reference) {
    const m = magnitudeOf(reference);
    const limit = value * momentsOf(m).mean;
    return closeMask(where(m, (x) => x > limit));
  },
  threshold: ({ value }, reference) => closeMask(where(magnitudeOf(reference), (x) => x > value)),
  espirit({ k, r, t, c }, reference) {
    const { support } = espirit({ kernel: k, region: r, threshold: t, crop: c }).estimate(reference);
    return closeMask(support);
  },
  upload(_, { kspace }, supplied) {
    if (!supplied) throw new RangeError('the slice came without its mask');
    return where(nearest(supplied, kspace.shape.slice(1)), (x) => x > 0);
  },
};

/**
 * The mask `[y, x]`, 1 inside and 0 outside, that a rule makes of a reference; `supplied` is the one of the
 * rule "upload".
 */
export function maskOf(rule: MaskRule, reference: Calibration, supplied?: RealArray): RealArray {
  const make = RULES[rule.method] as (
    rule: MaskRule,
    reference: Calibration,
    supplied: RealArray | undefined,
  ) => RealArray;
  return make(rule, reference, supplied);
}

function magnitudeOf({ kspace }: Calibration): RealArray {
  return rootSumSquares(centredFft(kspace, [1, 2], 'inverse'));
}

function where(values: RealArray, inside: (value: number) => boolean): RealArray {
  const out = realZeros(values.shape);
  for (let i = 0; i < out.data.length; i++) out.data[i] = inside(values.data[i]) ? 1 : 0;
  return out;
}

function momentsOf({ data }: RealArray): { mean: number; deviation: number } {
  let sum = 0;
  let squares = 0;
  for (const x of data) {
    sum += x;
    squares += x * x;
  }
  const mean = sum / data.length;
  return { mean, deviation: Math.sqrt(Math.max(0, squares / data.length - mean * mean)) };
}
