/** The viewer of the console: what it says is compared with the values of the maps themselves. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { readHeader, readImage } from 'nifti-reader-js';
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import yazl from 'yazl';
import { openZip } from '../../console/viewer/zip.ts';
import { noBrowser, openBrowser } from '../helpers/browser.ts';
import { coloursIn, pictures, signInAt, violations } from '../helpers/console.ts';
import { startLaptop } from '../helpers/laptop.ts';
import { writeVolume } from '../helpers/raw/volume.ts';

const PHANTOM = fileURLToPath(new URL('../../infra/local/phantom/phantom.h5', import.meta.url));
const EMAIL = 'researcher@example.org';
const PASSWORD = 'Correct-horse.7-battery';

t.setTimeout(600_000);

t.test('maps are measured, windowed, saved and compared', { skip: noBrowser }, async (t) => {
  const laptop = await startLaptop(t);
  const slices = join(laptop.dataDir, 'slices.h5');
  await writeVolume(slices, 3);
  const jobs = await Promise.all([
    laptop.submit('mode_1', { signal: PHANTOM }),
    laptop.submit('mode_2', { signal: PHANTOM }),
    laptop.submit('mode_1', { signal: slices }),
  ]);
  const { page, errors, foreign } = await openBrowser(t, {
    webgl: true,
    viewport: { width: 1280, height: 900 },
  });
  page.setDefaultTimeout(60_000);
  await signInAt(page, laptop.url, EMAIL, PASSWORD);
  for (const job of jobs) t.equal((await laptop.ended(job, 180_000)).state, 'succeeded');
  await page.goto(`${laptop.url}/console/jobs/${jobs[0]}`);
  await page.locator('[data-shown="SNR"]').waitFor();

  const map = readMap(await saved(page, 'NIfTI', '-SNR.nii.gz'));
  await t.test('the readout, the histogram and the window are those of the map', (t) => values(t, page, map));
  await t.test('the mean of a region is the mean of the values there', (t) => region(t, page, map));
  await t.test('a PNG shows the map, in the colours that were chosen', (t) => picture(t, page));
  await t.test('noise correlation of the coils', (t) => noise(t, page));
  await t.test('the zip is the result', async (t) => {
    const bytes = await saved(page, 'Download zip', '.zip');
    const files = openZip(new Uint8Array(bytes).buffer);
    t.ok(files.has('info.json') && files.has('data/SNR.nii.gz'), [...files.keys()].join());
  });
  await t.test('a result of the format for more than 4 GiB opens as well', (t) => zip64(t, page, map));
  await t.test('two results: one cursor, one region', (t) => compare(t, page, laptop.url, jobs, map));
  await t.test('a volume: slices, planes, 3D', async (t) => {
    await page.goto(`${laptop.url}/console/jobs/${jobs[2]}`);
    await page.locator('[data-shown="SNR"]').waitFor();
    await volume(t, page);
  });
  t.same(foreign, [], 'nothing of other hosts');
  t.same(errors, []);
});

interface Map {
  readonly dims: readonly number[];
  /** Value at a pixel counted to the right and to the front of the patient. */
  at(x: number, y: number): number;
  readonly values: Float32Array;
}

function readMap(file: Buffer): Map {
  const bytes = new Uint8Array(gunzipSync(file));
  const header = readHeader(bytes.buffer as ArrayBuffer);
  if (!header) throw new Error('no NIfTI');
  const values = new Float32Array(readImage(header, bytes.buffer as ArrayBuffer));
  const [, nx, ny] = header.dims;
  const flipped = [header.affine[0][0] < 0, header.affine[1][1] < 0];
  const turn = (i: number, n: number, flip: boolean): number => (flip ? n - 1 - i : i);
  return {
    dims: [nx, ny],
    values,
    at: (x, y) => values[turn(x, nx, flipped[0]) + nx * turn(y, ny, flipped[1])],
  };
}

async function saved(page: Page, button: string, ending: string): Promise<Buffer> {
  const event = page.waitForEvent('download');
  await page.getByRole('button', { name: button, exact: true }).click();
  const download = await event;
  if (!download.suggestedFilename().endsWith(ending)) throw new Error(download.suggestedFilename());
  return readFileSync(await download.path());
}

const four = (value: number): string => Number(value.toPrecision(4)).toString();

async function slide(page: Page, name: RegExp, to: number): Promise<void> {
  await page.getByLabel(name).fill(String(to));
}

async function values(t: Test, page: Page, map: Map): Promise<void> {
  t.same(map.dims, [96, 96]);
  for (const [x, y] of [
    [30, 40],
    [55, 70],
  ]) {
    await slide(page, /^x: /, x);
    await slide(page, /^y: /, y);
    const readout = await page.locator('.readout').innerText();
    t.equal(readout.replace(/\s+/g, ' '), `x ${x + 1}, y ${y + 1}, z 1 ${four(map.at(x, y))}`);
  }
  const largest = map.values.reduce((a, b) => Math.max(a, b));
  const label = await page.locator('.histogram').getAttribute('aria-label');
  t.match(label, `Histogram from 0 to ${four(largest)}`);
  const sorted = [...map.values].filter((value) => value !== 0).sort((a, b) => a - b);
  const high = Number(await page.getByLabel('To', { exact: true }).inputValue());
  const percentile = sorted[Math.floor(0.995 * sorted.length)];
  t.ok(Math.abs(high / percentile - 1) < 0.01, `the window ends at ${high}, 99.5 % lie below ${percentile}`);
  const before = await page.locator('.stage').screenshot();
  await page.getByLabel('To', { exact: true }).fill('80');
  await page.waitForTimeout(300);
  t.notSame(await page.locator('.stage').screenshot(), before, 'another window is another picture');
  await page.getByRole('button', { name: 'Best window' }).click();
  t.equal(Number(await page.getByLabel('To', { exact: true }).inputValue()), high);
}

/** The circle of a diameter around a pixel, as its values. */
function circle(map: Map, x: number, y: number, diameter: number): number[] {
  const found: number[] = [];
  for (let j = 0; j < map.dims[1]; j++) {
    for (let i = 0; i < map.dims[0]; i++) {
      if (Math.hypot(i - x, j - y) <= diameter / 2) found.push(map.at(i, j));
    }
  }
  return found;
}

function moments(list: readonly number[]): { mean: number; deviation: number } {
  const mean = list.reduce((a, b) => a + b) / list.length;
  const squares = list.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (list.length - 1)) };
}

async function region(t: Test, page: Page, map: Map): Promise<void> {
  await page.getByLabel('Diameter (pixels)').fill('12');
  await page.getByRole('button', { name: 'Put circle' }).click();
  const figures = page.locator('dl.facts', { hasText: 'Standard deviation' });
  await figures.waitFor();
  const text = (await figures.innerText()).replace(/\s+/g, ' ');
  const inside = circle(map, 55, 70, 12);
  const { mean, deviation } = moments(inside);
  t.match(text, `Mean ${four(mean)} `);
  t.match(text, `Standard deviation ${four(deviation)} `);
  t.match(text, new RegExp(`Pixels ${inside.length}$`));
  await page.getByRole('button', { name: 'Clear' }).click();
  await figures.waitFor({ state: 'detached' });

  // With the pen: a closed line, filled.
  await page.getByRole('button', { name: 'Draw' }).click();
  const box = await page.locator('.stage canvas').boundingBox();
  if (!box) throw new Error('no canvas');
  const [cx, cy] = [box.x + box.width / 2, box.y + box.height * 0.4];
  await page.mouse.move(cx + 60, cy);
  await page.mouse.down();
  for (let step = 1; step <= 24; step++) {
    const angle = (step * Math.PI) / 12;
    await page.mouse.move(cx + 60 * Math.cos(angle), cy + 60 * Math.sin(angle));
  }
  await page.mouse.up();
  await figures.waitFor();
  const [, pixels] = /Pixels\s+(\d+)/.exec(await figures.innerText()) ?? [];
  t.ok(Number(pixels) > 100, `what lies inside the line is marked: ${pixels} pixels`);
  await pictures(page, 'region');
  await page.getByRole('button', { name: 'Clear' }).click();
}

async function picture(t: Test, page: Page): Promise<void> {
  const coloured = await saved(page, 'PNG', '-SNR.png');
  t.ok(coloursIn(coloured) > 40, `${coloursIn(coloured)} colours`);
  await page.getByLabel('Colour map').selectOption('gray');
  await page.waitForTimeout(300);
  const grey = await saved(page, 'PNG', '-SNR.png');
  t.ok(coloursIn(grey) < coloursIn(coloured), `${coloursIn(grey)} colours in grey`);
  t.ok(coloursIn(grey) >= 10, 'and no blank picture');
  await page.getByLabel('Colour map').selectOption('viridis');
}

async function noise(t: Test, page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Noise Coefficients' }).click();
  await page.getByText('Strongest between two coils').first().waitFor();
  const file = readMap(await saved(page, 'NIfTI', '.nii.gz'));
  const [coils] = file.dims;
  let strongest = 0;
  for (let row = 0; row < coils; row++) {
    for (let column = 0; column < row; column++) {
      const at = 2 * (column * coils + row);
      strongest = Math.max(strongest, Math.hypot(file.values[at], file.values[at + 1]));
    }
  }
  t.match(await page.locator('.matrix-box').innerText(), `Strongest between two coils: ${four(strongest)} `);
  const box = await page.locator('canvas.matrix').boundingBox();
  t.ok(box && Math.abs(box.width / box.height - 1) < 0.02, 'a matrix is square');
  t.ok(coloursIn(await saved(page, 'PNG', '.png')) >= 4);
  await pictures(page, 'noise');
}

/** The bucket answers the same result, packed as large ones are. */
async function zip64(t: Test, page: Page, map: Map): Promise<void> {
  let served = 0;
  await page.route(/result[^?]*\.zip\?/, async (route) => {
    const response = await route.fetch();
    const zip = new yazl.ZipFile();
    for (const [name, file] of openZip(new Uint8Array(await response.body()).buffer)) {
      zip.addBuffer(Buffer.from(await file.read()), name, { forceZip64Format: true });
    }
    zip.end({ forceZip64Format: true, comment: '' });
    const { 'content-length': _, ...headers } = response.headers();
    await route.fulfill({ status: 200, headers, body: await buffer(zip.outputStream) });
    served++;
  });
  await page.reload();
  await page.locator('[data-shown="SNR"]').waitFor();
  t.equal(served, 1);
  await slide(page, /^x: /, 30);
  await slide(page, /^y: /, 40);
  const readout = (await page.locator('.readout').innerText()).replace(/\s+/g, ' ');
  t.equal(readout, `x 31, y 41, z 1 ${four(map.at(30, 40))}`);
  await page.unrouteAll();
}

async function volume(t: Test, page: Page): Promise<void> {
  const slider = page.getByLabel(/^Slice \d of 3$/);
  const atCentre: number[] = [];
  await slide(page, /^x: /, 16);
  await slide(page, /^y: /, 16);
  for (const slice of [0, 1, 2]) {
    await slider.fill(String(slice));
    const readout = (await page.locator('.readout').innerText()).replace(/\s+/g, ' ');
    t.match(readout, new RegExp(`^x 17, y 17, z ${slice + 1} `));
    atCentre.push(Number(readout.split(' ').at(-1)));
  }
  const [one, two, three] = atCentre;
  t.ok(one > 1 && Math.abs(two / one - 2) < 0.02 && Math.abs(three / one - 3) < 0.03, atCentre.join());
  const seen = new Set<string>();
  for (const plane of ['Axial', 'Coronal', 'Sagittal', 'All three', '3D']) {
    await page.getByRole('button', { name: plane, exact: true }).click();
    await page.waitForTimeout(300);
    const png = await page.locator('.stage').screenshot();
    t.ok(coloursIn(png) > 10, `${plane} shows something`);
    seen.add(png.toString('base64'));
  }
  t.equal(seen.size, 5, 'each plane another picture');
  await page.getByRole('button', { name: 'All three' }).click();
  await pictures(page, 'volume');
}

async function compare(t: Test, page: Page, url: string, jobs: string[], map: Map): Promise<void> {
  await page.goto(`${url}/console/compare`);
  await page.getByLabel('Left').locator('option').nth(2).waitFor({ state: 'attached' });
  await page.getByLabel('Left').selectOption(jobs[0]);
  await page.getByLabel('Right').selectOption(jobs[1]);
  await page.locator('[data-shown="SNR, right"]').waitFor();
  await page.waitForTimeout(500);
  const box = await page.locator('.stage').first().boundingBox();
  if (!box) throw new Error('no left stage');
  await page.mouse.click(box.x + 0.5 * box.width, box.y + 0.3 * box.height);
  await page.waitForTimeout(500);
  const [a, b] = await page.locator('.readout').allInnerTexts();
  t.equal(a, b, 'one cursor, and the same data in both accounts');
  t.notMatch(a, 'x 49, y 49', 'which has moved');
  await slide(page, /^x: /, 40);
  await slide(page, /^y: /, 60);
  for (const readout of await page.locator('.readout').allInnerTexts()) {
    t.match(readout, 'x 41, y 61', 'by keyboard too');
    t.match(readout, four(map.at(40, 60)));
  }
  await page.getByLabel('Diameter (pixels)').fill('10');
  await page.getByRole('button', { name: 'Put circle' }).click();
  const { mean } = moments(circle(map, 40, 60, 10));
  for (const side of ['left', 'right']) {
    const figures = page.getByRole('region', { name: `Region, ${side}` });
    await figures.waitFor();
    t.match((await figures.innerText()).replace(/\s+/g, ' '), `Mean ${four(mean)} `, side);
  }
  t.match(await page.locator('main').innerText(), /Mean, right over left: 1\n/);
  const { width, height } = page.viewportSize() ?? { width: 1280, height: 800 };
  for (const wide of [width, 390]) {
    await page.setViewportSize({ width: wide, height });
    const lines = await page
      .locator('.region-figures dd')
      .evaluateAll((all) => all.map((figure) => figure.getBoundingClientRect().height));
    t.ok(lines.length === 10 && Math.max(...lines) < 30, `no figure breaks at ${wide} pixels: ${lines}`);
  }
  await page.setViewportSize({ width, height });
  await pictures(page, 'compare');
  t.same(await violations(page, 'light'), [], 'axe on the comparison');
  t.same(await violations(page, 'dark'), [], 'and in the dark');
}
