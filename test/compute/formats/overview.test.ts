import { PNG } from 'pngjs';
import t from 'tap';
import { colourTable } from '../../../compute/formats/colour.ts';
import type { Overview } from '../../../compute/formats/overview.ts';
import { encodeOverview } from '../../../compute/formats/overview.ts';
import type { Preview } from '../../../compute/formats/preview.ts';
import { distributionOf } from '../../../compute/statistics.ts';

const map = (width: number, planes: number, value: number): Preview => ({
  title: 'map',
  subtitle: '',
  footer: '',
  width,
  height: width,
  pixelAspect: 1,
  planes: Array.from({ length: planes }, (_, i) => ({
    data: new Float32Array(width * width).fill(value),
    label: `${i}`,
  })),
  range: [0, 10],
  unit: 'SNR',
});

const base: Overview = {
  title: 'Signal-to-noise ratio',
  subtitle: 'how',
  footer: 'foot',
  main: map(8, 1, 10),
  histogram: {
    title: 'SNR in the object',
    counts: [0, 5, 10, 5],
    range: [0, 10],
    colours: [0, 10],
    median: 6,
    medianLabel: 'median 6',
    unit: 'SNR',
  },
  panels: [
    { kind: 'map', title: 'Noise correlation', map: map(4, 1, 0) },
    { kind: 'coils', title: 'Noise', chart: { values: [0.5, 1, 1.5], reference: 1 } },
  ],
  numbers: [{ label: 'median', value: '6' }],
};

const draw = (overview: Overview): PNG => PNG.sync.read(Buffer.from(encodeOverview(overview)));

function count(png: PNG, colour: readonly number[]): number {
  let found = 0;
  for (let p = 0; p < png.data.length; p += 4) {
    if (colour.every((value, channel) => png.data[p + channel] === value)) found += 1;
  }
  return found;
}

t.test('it has the shape of a slide and shows the maps, the histogram and the panels', async (t) => {
  const png = draw(base);
  t.same([png.width, png.height], [1600, 900]);
  const [brightest, darkest] = [colourTable().subarray(765), colourTable().subarray(0, 3)];
  t.ok(count(png, [...brightest]) >= 576 * 576, 'the main map');
  t.ok(count(png, [...darkest]) >= 240 * 240, 'the correlation');
  const third = colourTable().subarray(3 * 159, 3 * 160);
  t.ok(count(png, [...third]) > 150 * 150, 'the tallest bar, in the colour of its values');
});

t.test('many slices, odd numbers and nothing at all do no harm', async (t) => {
  const long = 'a very long text '.repeat(40);
  const cases: Partial<Overview>[] = [
    { main: map(5, 70, 3) },
    { main: { ...map(300, 1, 1), height: 100, pixelAspect: 3.2 } },
    { panels: [], numbers: [] },
    { title: long, subtitle: long, footer: long, numbers: [{ label: long, value: '1' }] },
    { histogram: { ...base.histogram, counts: [], range: [0, 0], median: null } },
    { histogram: { ...base.histogram, median: 9.9 } },
    { panels: [{ kind: 'coils', title: '128', chart: { values: Array(128).fill(1), reference: 1 } }] },
    { panels: [{ kind: 'coils', title: 'none', chart: { values: [], reference: 0 } }] },
  ];
  for (const more of cases) t.equal(draw({ ...base, ...more }).width, 1600);
});

t.test('the distribution over the object', async (t) => {
  const values = Float32Array.from({ length: 1000 }, (_, i) => (i < 500 ? 0.01 : 1 + i / 1000));
  const { counts, pixels, spread } = distributionOf(values, 2, 4);
  t.equal(pixels, 500);
  t.same(counts, [0, 0, 0, 500]);
  t.ok(spread && Math.abs(spread[0] - 1.525) < 0.01 && Math.abs(spread[1] - 1.975) < 0.01, `${spread}`);
  t.same(distributionOf(new Float32Array(5), 1, 2), { counts: [0, 0], top: 1, pixels: 0, spread: null });
  t.same(distributionOf(new Float32Array(), 0, 1), { counts: [0], top: 0, pixels: 0, spread: null });
});
