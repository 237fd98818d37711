/**
 * The pictures of the README, made with the real console, broker and worker from the phantom: two pages, and two maps as
 * the worker draws them.
 */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { openBrowser } from '../helpers/browser.ts';
import { signInAt } from '../helpers/console.ts';
import { type Laptop, startLaptop } from '../helpers/laptop.ts';

const PHANTOM = fileURLToPath(new URL('../../infra/local/phantom/phantom.h5', import.meta.url));
/** Where the README looks for them. */
export const PICTURES = fileURLToPath(new URL('../../docs/pictures', import.meta.url));
export const NAMES = ['job-form.png', 'viewer.png', 'snr.png', 'g-factor.png'] as const;
const SIZE = { width: 1200, height: 860 };

/** Makes all of them in `folder`. What it starts ends with `t`. */
export async function makePictures(
  t: { teardown(fn: () => unknown): unknown },
  folder: string,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const laptop = await startLaptop(t);
  const { page } = await openBrowser(t, { webgl: true, viewport: SIZE, colorScheme: 'light' });
  page.setDefaultTimeout(90_000);
  await signInAt(page, laptop.url, 'researcher@example.org', 'Correct-horse.7-battery');

  await page.goto(`${laptop.url}/console/files`);
  await page.getByLabel('Upload to').selectOption(laptop.units.mode_2.computingUnitId);
  await page.setInputFiles('input[type=file]', PHANTOM);
  await page.getByText('Arrived, checksums verified').waitFor();
  await fillForm(page, laptop, 'snr', 'Head coil, 8 channels');
  await page.screenshot({ path: join(folder, 'job-form.png') });
  const snr = await submit(page);
  await page.getByRole('button', { name: 'Put circle' }).click();
  await page.getByText('Standard deviation').waitFor();
  // High enough for all controls: the head of a page stays where it is, and would lie over them.
  await page.setViewportSize({ ...SIZE, height: 1_190 });
  await page.evaluate('scrollTo(0, 0)');
  await page.mouse.move(1, 1);
  await page.waitForTimeout(800);
  await page.screenshot({ path: join(folder, 'viewer.png') });
  await page.setViewportSize(SIZE);

  await fillForm(page, laptop, 'g2', 'g-factor at R = 2');
  const gFactor = await submit(page);
  for (const [jobId, wanted, name] of [
    [snr, /^SNR$/, 'snr.png'],
    [gFactor, /g.?factor/i, 'g-factor.png'],
  ] as const) {
    const result = await laptop.fetch(jobId);
    copyFileSync(join(result, previewOf(result, wanted)), join(folder, name));
  }
}

async function fillForm(page: Page, laptop: Laptop, preset: string, alias: string): Promise<void> {
  const unit = laptop.units.mode_2.computingUnitId;
  await page.goto(`${laptop.url}/console/jobs/new?preset=${preset}&unit=${unit}`);
  const signal = page.getByLabel('Signal', { exact: true });
  await signal.locator('option', { hasText: 'phantom.h5' }).waitFor({ state: 'attached' });
  await signal.selectOption({ label: 'phantom.h5' });
  await page.getByLabel('Name of the job').fill(alias);
  await page.locator('[data-estimate]').waitFor();
  await page.evaluate('document.activeElement.blur()');
}

/** Submits the form and answers the job's id when its map is shown. */
async function submit(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Submit the job' }).click();
  await page.locator('[data-shown]').waitFor();
  return new URL(page.url()).pathname.split('/').at(-1) ?? '';
}

function previewOf(folder: string, wanted: RegExp): string {
  const info: { data: { id: number; name: string }[]; previews: { id: number; filename: string }[] } =
    JSON.parse(readFileSync(join(folder, 'info.json'), 'utf8'));
  const map = info.data.find(({ name }) => wanted.test(name));
  const found = info.previews.find(({ id }) => id === map?.id);
  if (!found)
    throw new Error(`no picture of ${wanted} among ${info.data.map(({ name }) => name).join(', ')}`);
  return found.filename;
}
