/** The console in a browser: people who sign in, and what an accessibility checker says of a page. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Locator, Page } from 'playwright-core';
import { PNG } from 'pngjs';
import { artefact } from './browser.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Signs in at the address of a broker. */
export async function signInAt(page: Page, url: string, email: string, password: string): Promise<void> {
  await page.goto(`${url}/console`);
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: /^Hello/ }).waitFor();
}

/** What axe-core finds on the page as it is, in the given colours: rule and where. */
export async function violations(page: Page, colorScheme: 'light' | 'dark'): Promise<string[]> {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  // By the debugger: the page itself lets no foreign script in.
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: AXE });
  const { result } = await session.send('Runtime.evaluate', {
    expression: `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => JSON.stringify(
      violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target, failureSummary }) =>
        target.join(' ') + ' ' + failureSummary.split('\\n')[1]).join('; '))))`,
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  if (typeof result.value !== 'string') throw new Error(`axe did not run: ${JSON.stringify(result)}`);
  return JSON.parse(result.value);
}

/** What makes the page wider than the screen; what scrolls within itself does not. */
export function tooWide(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll('main *, header *')]
      .filter((one) => one.getBoundingClientRect().right > width + 0.5)
      .map((one) => one.tagName + '.' + one.className + ' ' + one.textContent.slice(0, 40));
  })()`);
}

/** Colours that are seen where an element is, to steps of 16: a map has dozens, what is blank has one or two. */
export async function coloursOf(element: Locator): Promise<number> {
  return coloursIn(await element.screenshot());
}

/** The same of a PNG. */
export function coloursIn(png: Buffer): number {
  const { data } = PNG.sync.read(png);
  const found = new Set<number>();
  for (let i = 0; i < data.length; i += 4) {
    found.add(((data[i] >> 4) << 8) | ((data[i + 1] >> 4) << 4) | (data[i + 2] >> 4));
  }
  return found.size;
}

/** Pictures of a page for people: light and dark at a desk, and on a phone. */
export async function pictures(page: Page, name: string): Promise<void> {
  const take = async (what: string): Promise<void> => {
    await page.evaluate('scrollTo(0, 0)');
    await page.screenshot({ path: artefact(`console-${name}-${what}.png`), fullPage: true });
  };
  const size = page.viewportSize();
  await page.emulateMedia({ colorScheme: 'dark' });
  await take('dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await take('light');
  await page.setViewportSize({ width: 390, height: 780 });
  await take('phone');
  if (size) await page.setViewportSize(size);
}
