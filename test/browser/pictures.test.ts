/** The pictures of the README show what the console and the worker show today. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import t from 'tap';
import { noBrowser } from '../helpers/browser.ts';
import { makePictures, NAMES, PICTURES } from './make-pictures.ts';

const MOST_BYTES = 1_500_000;
/** Fields of a picture, along its width and its height: smaller than what matters, larger than letters. */
const FIELDS = [24, 16] as const;
/** Of 255, on average over all fields: dates, times and fonts differ by less, another page by far more. */
const TOLERANCE = 6;

t.setTimeout(300_000);

t.test('the README shows them, and they are small', async (t) => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  let bytes = 0;
  for (const name of NAMES) {
    t.match(readme, `](docs/pictures/${name})`, name);
    bytes += statSync(join(PICTURES, name)).size;
  }
  t.ok(bytes < MOST_BYTES, `${bytes} bytes in all`);
});

t.test('B6: made again they show the same', { skip: noBrowser }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cloudmr-pictures-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  await makePictures(t, folder);
  for (const name of NAMES) {
    const [now, kept] = [fieldsOf(join(folder, name)), fieldsOf(join(PICTURES, name))];
    t.ok(Math.abs(now.aspect / kept.aspect - 1) < 0.05, `${name} has its shape`);
    const off =
      now.means.reduce((sum, mean, i) => sum + Math.abs(mean - kept.means[i]), 0) / now.means.length;
    t.ok(off < TOLERANCE, `${name} is off by ${off.toFixed(2)} of 255; npm run screenshots makes it anew`);
  }
  // What would not be noticed is not worth a test: another picture is off by more.
  const [form, viewer] = [fieldsOf(join(PICTURES, NAMES[0])), fieldsOf(join(PICTURES, NAMES[1]))];
  const apart = form.means.reduce((sum, mean, i) => sum + Math.abs(mean - viewer.means[i]), 0);
  t.ok(apart / form.means.length > 3 * TOLERANCE);
});

/** Mean of red, green and blue of each field, and width over height. */
function fieldsOf(path: string): { means: number[]; aspect: number } {
  const { width, height, data } = PNG.sync.read(readFileSync(path));
  const [columns, rows] = FIELDS;
  const sums = new Float64Array(columns * rows * 3);
  const counts = new Float64Array(columns * rows);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const field = Math.floor((x * columns) / width) + columns * Math.floor((y * rows) / height);
      counts[field]++;
      for (let c = 0; c < 3; c++) sums[3 * field + c] += data[4 * (y * width + x) + c];
    }
  }
  return { means: [...sums].map((sum, i) => sum / counts[Math.floor(i / 3)]), aspect: width / height };
}
