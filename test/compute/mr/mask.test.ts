import t from 'tap';
import type { RealArray } from '../../../compute/array/complex.ts';
import { complexZeros } from '../../../compute/array/complex.ts';
import { centredFft } from '../../../compute/math/fft.ts';
import { maskOf } from '../../../compute/mr/mask/masks.ts';
import { closeMask, dilate, erode, fillHoles } from '../../../compute/mr/mask/morphology.ts';
import { nearest } from '../../../compute/mr/mask/nearest.ts';
import type { Calibration } from '../../../compute/mr/recon/reconstruction.ts';
import { estimateSensitivities } from '../../../compute/mr/sensitivity/sensitivities.ts';
import { coilImages, whiteNoiseModel } from '../helpers/coils.ts';

/** A picture of rows of "#" and ".". */
function picture(...rows: string[]): RealArray {
  const data = Float32Array.from(rows.join(''), (c) => (c === '#' ? 1 : 0));
  return { data, shape: [rows.length, rows[0].length] };
}

function rowsOf({ data, shape }: RealArray): string[] {
  return Array.from({ length: shape[0] }, (_, y) =>
    Array.from(data.subarray(y * shape[1], (y + 1) * shape[1]), (x) => (x === 1 ? '#' : '.')).join(''),
  );
}

t.test('holes are filled; what is open to the edge over a side is none', async (t) => {
  t.same(rowsOf(fillHoles(picture('#####', '#...#', '#.#.#', '#...#', '#####'))), Array(5).fill('#####'));
  t.same(rowsOf(fillHoles(picture('##.##', '#...#', '#####'))), ['##.##', '#...#', '#####']);
  // A corner is no opening.
  t.same(rowsOf(fillHoles(picture('.#..', '#.#.', '.#..'))), ['.#..', '###.', '.#..']);
});

t.test('dilation and erosion by the square; the edge of the image does not erode', async (t) => {
  t.same(rowsOf(dilate(picture('.....', '.....', '..#..', '.....', '.....'))), [
    '.....',
    '.###.',
    '.###.',
    '.###.',
    '.....',
  ]);
  t.same(rowsOf(erode(picture('###..', '###..', '###..', '.....'))), ['##...', '##...', '.....', '.....']);
});

t.test('closing keeps a convex outline and bridges gaps of two pixels', async (t) => {
  const square = picture('......', '.####.', '.#..#.', '.####.', '......');
  t.same(rowsOf(closeMask(square)), ['......', '.####.', '.####.', '.####.', '......']);
  t.same(rowsOf(closeMask(picture('........', '.#..#...', '........'))), [
    '........',
    '.####...',
    '........',
  ]);
});

/** One coil whose image has the given values. */
function reference(values: number[][]): Calibration {
  const [ny, nx] = [values.length, values[0].length];
  const image = complexZeros([1, ny, nx]);
  values.flat().forEach((value, i) => {
    image.data[2 * i] = value;
  });
  return { kspace: centredFft(image, [1, 2], 'forward'), block: { x: [0, nx], y: [0, ny] } };
}

const ramp = reference(Array.from({ length: 10 }, () => [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
const columns = (mask: RealArray): string => rowsOf(mask)[4];

t.test('rules on the magnitude m', async (t) => {
  t.equal(columns(maskOf({ method: 'no' }, ramp)), '##########');
  t.equal(columns(maskOf({ method: 'percentage', value: 45 }, ramp)), '....######', 'above 4.5');
  t.equal(columns(maskOf({ method: 'percentagemean', value: 1 }, ramp)), '.....#####', 'above 5.5');
  t.equal(columns(maskOf({ method: 'threshold', value: 7.5 }, ramp)), '.......###');
  // Mean 5.5, deviation 2.87.
  t.equal(columns(maskOf({ method: 'reference' }, ramp)), '..########', 'above 2.63');
});

t.test(
  'an uploaded mask counts above zero, as it is, and serves another grid by its nearest pixels',
  async (t) => {
    const supplied = picture('#........#', ...Array(8).fill('.#........'), '..........');
    supplied.data[0] = 7;
    supplied.data[9] = -1;
    const mask = maskOf({ method: 'upload' }, ramp, supplied);
    t.same(rowsOf(mask), ['#.........', ...Array(8).fill('.#........'), '..........']);
    t.throws(() => maskOf({ method: 'upload' }, ramp), RangeError);
    const line = { data: Float32Array.of(0, 1, 2, 3, 4, 5, 6), shape: [1, 7] };
    t.same([...nearest(line, [1, 8]).data], [0, 0, 1, 2, 3, 4, 5, 6], 'centre 3 upon centre 4');
    t.equal(nearest(line, [1, 7]), line);
  },
);

t.test('the ESPIRiT mask covers the object and leaves the background', async (t) => {
  const images = coilImages([6, 64, 64], { noise: 1 });
  const kspace = centredFft(images, [1, 2], 'forward');
  const whole = { kspace, block: { x: [0, 64], y: [0, 64] } } as const;
  const mask = maskOf({ method: 'espirit', k: 8, r: 24, t: 0.01, c: 0.995 }, whole);
  const inside = (y: number, x: number): number => mask.data[y * 64 + x];
  t.equal(inside(32, 32), 1);
  for (const [y, x] of [
    [0, 0],
    [0, 63],
    [63, 0],
    [63, 63],
  ]) {
    t.equal(inside(y, x), 0);
  }
  const part = mask.data.reduce((a, b) => a + b, 0) / mask.data.length;
  t.ok(part > 0.4 && part < 0.75, `the object covers about half: ${part}`);
});

t.test('maps are zero outside the mask', async (t) => {
  const images = coilImages([3, 32, 32]);
  const kspace = centredFft(images, [1, 2], 'forward');
  const slice = { kspace, noise: whiteNoiseModel(3) };
  const rule = { method: 'percentage', value: 30 } as const;
  const { maps, mask } = estimateSensitivities(slice, { method: 'inner', mask: rule });
  const part = mask.data.reduce((a, b) => a + b, 0) / 1024;
  t.ok(part > 0.2 && part < 0.7, `${part}`);
  mask.data.forEach((inside, i) => {
    for (let c = 0; c < 3; c++) {
      const k = 2 * (c * 1024 + i);
      if (inside === 0 && (maps.data[k] !== 0 || maps.data[k + 1] !== 0)) t.fail(`pixel ${i}`);
    }
  });
});
