/** From signing in to a measured region without a pointer; what one sees of the focus, and what a first load costs. */
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import t from 'tap';
import { noBrowser, openBrowser } from '../helpers/browser.ts';
import { startLaptop } from '../helpers/laptop.ts';

const PHANTOM = fileURLToPath(new URL('../../infra/local/phantom/phantom.h5', import.meta.url));
const FIRST_LOAD_BYTES = 300_000;
/** More stops of the Tab key than any page has on the way to what a person wants next. */
const MOST_STOPS = 90;

t.setTimeout(600_000);

t.test('the way from signing in to a measured region, by keyboard alone', { skip: noBrowser }, async (t) => {
  const laptop = await startLaptop(t);
  const { page, foreign } = await openBrowser(t, { webgl: true, viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(60_000);
  let loaded = 0;
  const sizes: Promise<void>[] = [];
  page.on('requestfinished', (request) => {
    if (!request.url().startsWith(`${laptop.url}/console`)) return;
    sizes.push(
      request.sizes().then(({ responseBodySize }) => {
        loaded += responseBodySize;
      }),
    );
  });
  const unseen: string[] = [];
  const to = (name: RegExp): Promise<void> => tabTo(page, name, unseen);

  await page.goto(`${laptop.url}/console`);
  await to(/^E-mail address/);
  await page.keyboard.type('researcher@example.org');
  await to(/^Password/);
  await page.keyboard.type('Correct-horse.7-battery');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: /^Hello/ }).waitFor();
  await page.locator('.skeleton').first().waitFor({ state: 'detached' });
  await page.waitForTimeout(500);
  await Promise.all(sizes);
  t.comment(`first load, as the browser received it: ${loaded} bytes`);
  t.ok(loaded > 10_000 && loaded < FIRST_LOAD_BYTES, 'below 300 kB without the viewer');

  await to(/^New job/);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'New job' }).waitFor();
  await to(/^SNR of my coil/);
  await page.keyboard.press('ArrowDown');
  t.ok(await page.getByLabel('g-factor R = 2').isChecked(), 'presets by arrow keys');
  await page.keyboard.press('ArrowUp');
  await to(/^Upload files/);
  await page.keyboard.press('Enter');
  await to(/^Choose files/);
  const chooser = page.waitForEvent('filechooser');
  await page.keyboard.press('Enter');
  await (await chooser).setFiles(PHANTOM);
  await page.getByText('Arrived, checksums verified').waitFor();
  await page.locator('[data-estimate]').waitFor();
  await to(/^Name of the job/);
  await page.keyboard.type('by keyboard');
  await to(/^Submit the job/);
  await page.keyboard.press('Enter');

  await page.getByRole('heading', { name: 'by keyboard' }).waitFor();
  t.equal(await page.evaluate('document.activeElement.id'), 'main', 'after a move the page is where one is');
  await page.locator('[data-shown="SNR"]').waitFor();
  await to(/^x: /);
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
  t.match(await page.locator('.readout').innerText(), /^x 52, y 49/, 'the crosshair follows');
  await to(/^Put circle/);
  await page.keyboard.press('Enter');
  await page.getByText('Standard deviation').waitFor();
  t.ok(
    await page.locator('[aria-live]', { hasText: 'Standard deviation' }).count(),
    'and what it measures is said aloud',
  );
  t.same(unseen, [], 'wherever one is, it is seen');
  t.same(foreign, [], 'nothing of other hosts');
});

/** Presses Tab until what has the focus is called so; stops at which no outline shows go to `unseen`. */
async function tabTo(page: Page, name: RegExp, unseen: string[]): Promise<void> {
  for (let stop = 0; stop < MOST_STOPS; stop++) {
    await page.keyboard.press('Tab');
    const [called, isSeen] = await page.evaluate<[string, boolean]>(`(() => {
      const one = document.activeElement;
      const label = one.labels?.[0]?.textContent ?? one.getAttribute('aria-label') ?? one.textContent;
      const shown = [one, one.closest('label'), one.nextElementSibling].some((box) => {
        if (!box) return false;
        const { outlineStyle, outlineWidth } = getComputedStyle(box);
        return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1;
      });
      return [(label ?? '').trim(), shown || one === document.body];
    })()`);
    if (!isSeen) unseen.push(called);
    if (name.test(called)) return;
  }
  throw new Error(`no stop of the Tab key is called ${name}`);
}
