import { PNG } from 'pngjs';
import t from 'tap';
import { colourTable } from '../../../compute/formats/colour.ts';
import type { Preview } from '../../../compute/formats/preview.ts';
import { encodePreview } from '../../../compute/formats/preview.ts';

const base: Preview = {
  title: 'Signal-to-noise ratio',
  subtitle: '1 coil',
  footer: 'median 1',
  width: 4,
  height: 2,
  pixelAspect: 1,
  planes: [{ data: Float32Array.from([0, 1, 2, 3, 4, 5, 6, 10]), label: '' }],
  range: [0, 10],
  unit: 'SNR',
};

function pixel(png: PNG, x: number, y: number): number[] {
  return [...png.data.subarray(4 * (y * png.width + x), 4 * (y * png.width + x) + 3)];
}

/** Places of a colour, as the smallest box around them. */
function boxOf(png: PNG, colour: number[]): [left: number, top: number, right: number, bottom: number] {
  let box: [number, number, number, number] = [png.width, png.height, -1, -1];
  for (let y = 0; y < png.height; y++) {
    for (let x = 0; x < png.width; x++) {
      if (pixel(png, x, y).some((value, i) => value !== colour[i])) continue;
      box = [Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x), Math.max(box[3], y)];
    }
  }
  return box;
}

t.test('the colour map rises evenly in lightness and stays displayable', async (t) => {
  const table = colourTable();
  const luminance = Array.from({ length: 256 }, (_, i) => {
    const [r, g, b] = [0, 1, 2].map((c) => (table[3 * i + c] / 255) ** 2.2);
    return Math.cbrt(0.2126 * r + 0.7152 * g + 0.0722 * b);
  });
  t.ok(
    luminance.every((value, i) => i < 4 || value > luminance[i - 4]),
    'always brighter',
  );
  t.ok(luminance[0] < 0.25 && luminance[255] > 0.9);
});

t.test('pixels are shown in the colour of their value, at the same place and of equal size', async (t) => {
  const png = PNG.sync.read(Buffer.from(encodePreview(base)));
  const table = colourTable();
  const colour = (value: number): number[] => [
    ...table.subarray(3 * Math.round(25.5 * value), 3 * Math.round(25.5 * value) + 3),
  ];
  const [left, top] = [28, 104];
  const size = 160;
  for (let y = 0; y < 2; y++) {
    for (let x = 0; x < 4; x++) {
      const value = base.planes[0].data[4 * y + x];
      t.same(pixel(png, left + size * x + 3, top + size * y + 3), colour(value), `pixel ${x}, ${y}`);
      t.same(pixel(png, left + size * x + size - 3, top + size * y + size - 3), colour(value));
    }
  }
  // The bar: darkest at its foot, brightest at its top.
  const bar = left + 4 * size + 24 + 10;
  t.same(pixel(png, bar, top), colour(10));
  t.same(pixel(png, bar, top + 2 * size - 1), colour(0));
});

t.test('values beyond the range, NaN and an empty range do no harm', async (t) => {
  const data = Float32Array.from([Number.NaN, -5, 100, Number.POSITIVE_INFINITY, 0, 0, 0, 0]);
  for (const range of [
    [0, 10],
    [0, 0],
    [5, 5],
  ] as const) {
    const png = PNG.sync.read(Buffer.from(encodePreview({ ...base, planes: [{ data, label: '' }], range })));
    t.ok(png.width > 100);
  }
});

t.test('many planes make a mosaic that is not larger than one plane; large planes are reduced', async (t) => {
  const plane = (value: number) => ({ data: new Float32Array(8).fill(value), label: 'x' });
  const many = PNG.sync.read(
    Buffer.from(encodePreview({ ...base, planes: Array.from({ length: 100 }, (_, i) => plane(i % 10)) })),
  );
  t.ok(many.width < 900 && many.height < 900, `${many.width} x ${many.height}`);
  const large = {
    ...base,
    width: 2000,
    height: 1000,
    planes: [{ data: new Float32Array(2e6).fill(10), label: '' }],
  };
  const reduced = PNG.sync.read(Buffer.from(encodePreview(large)));
  const [left, top, right, bottom] = boxOf(reduced, [...colourTable().subarray(765)]);
  t.ok(left === 28 && top === 104 && right > 660 && bottom === 104 + 319, `${[left, top, right, bottom]}`);
});

t.test('pixels that are not square keep their shape', async (t) => {
  const data = new Float32Array(64).fill(10);
  const tall = { ...base, width: 8, height: 8, pixelAspect: 2, planes: [{ data, label: '' }] };
  const png = PNG.sync.read(Buffer.from(encodePreview(tall)));
  t.same(pixel(png, 28 + 319, 104 + 639), [...colourTable().subarray(765)]);
  t.same(pixel(png, 28 + 322, 104 + 300), [255, 255, 255]);
});
