/** Every page of the console: for assistive technology, in both colours, on a phone. */
import type { Page } from 'playwright-core';
import t from 'tap';
import { noBrowser, openBrowser } from '../helpers/browser.ts';
import { signInAt, tooWide, violations } from '../helpers/console.ts';
import { broker, MODE_1, MODE_2, PASSWORD } from '../helpers/http.ts';

t.setTimeout(600_000);

/** A broker that listens, with an administrator, a unit of the platform and one of that person's own. */
async function listening(t: { teardown(close: () => Promise<void>): unknown }) {
  const made = await broker(t, { bucketOrigins: ['http://127.0.0.1:9'] });
  const admin = await made.administrator();
  await admin.post('/api/computing-unit/register', MODE_1);
  const own = (await made.proven(admin, MODE_2)).json();
  const url = await made.app.listen({ port: 0, host: '127.0.0.1' });
  const reset = (
    await admin.post(`/api/admin/users/${(await made.person('ada@example.org')).userId}/reset-code`)
  ).json();
  await admin.post('/api/auth/reset-password', {
    email: 'ada@example.org',
    code: reset.code,
    newPassword: PASSWORD,
  });
  await admin.put(`/api/admin/users/${(await made.login('ada@example.org')).userId}/role`, { role: 'admin' });
  const ada = await made.login('ada@example.org');
  return { ...made, admin, ada, url, unitId: own.computingUnitId as string };
}

const PAGES = [
  '',
  '/jobs',
  '/jobs/new',
  '/compare',
  '/files',
  '/units',
  '/units/connect',
  '/units/UNIT',
  '/units/01K9ZB4T8N5W3V6Q2R7S0M1XYA',
  '/jobs/01K9ZB4T8N5W3V6Q2R7S0M1XYA',
  '/costs',
  '/settings',
  '/admin',
  '/admin/units',
  '/admin/operations',
  '/admin/audit',
  '/no-such-page',
];

async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  await page.locator('.skeleton').first().waitFor({ state: 'detached' });
}

t.test(
  'axe-core finds nothing on any page, in light and dark, and no page is wider than a phone',
  {
    skip: noBrowser,
  },
  async (t) => {
    const { url, unitId } = await listening(t);
    const { page, errors, foreign } = await openBrowser(t, { viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(60_000);
    for (const path of ['', '/register', '/forgotten']) {
      await page.goto(`${url}/console${path}`);
      await page.locator('h1').waitFor();
      for (const colours of ['light', 'dark'] as const)
        t.same(await violations(page, colours), [], `${path} ${colours}`);
    }
    await signInAt(page, url, 'ada@example.org', PASSWORD);
    for (const path of PAGES) {
      await page.setViewportSize({ width: 1280, height: 900 });
      await page.goto(`${url}/console${path.replace('UNIT', unitId)}`);
      await settled(page);
      for (const colours of ['light', 'dark'] as const)
        t.same(await violations(page, colours), [], `${path} ${colours}`);
      await page.setViewportSize({ width: 320, height: 640 });
      t.same(await tooWide(page), [], `${path} at 320 pixels`);
    }
    t.same(await violations(page, 'light'), [], 'on a phone');
    await page.getByRole('button', { name: 'Menu' }).click();
    await page.getByRole('link', { name: 'Computing units' }).click();
    await page.getByRole('heading', { name: 'Computing units' }).waitFor();
    t.same(foreign, []);
    t.same(
      errors.filter((error) => !/status of 404/.test(error)),
      [],
    );
  },
);

t.test(
  'by keyboard: skip link, colours, sign out; the address of a page is kept',
  { skip: noBrowser },
  async (t) => {
    const { url } = await listening(t);
    const { page } = await openBrowser(t);
    await signInAt(page, url, 'ada@example.org', PASSWORD);
    await page.goto(`${url}/console/costs`);
    await page.getByRole('heading', { name: 'Costs' }).waitFor();
    await page.keyboard.press('Tab');
    t.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to the page');
    await page.keyboard.press('Enter');
    t.equal(await page.evaluate('location.hash'), '#main');
    t.match(await page.title(), 'Costs');
    for (const theme of ['light', 'dark', undefined]) {
      await page.getByRole('button', { name: /^Colours/ }).press('Enter');
      t.equal(await page.evaluate('document.documentElement.dataset.theme'), theme);
    }
    const cookies = await page.evaluate(
      'document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage })',
    );
    t.notMatch(cookies, /eyJ|refresh|cloudmr_session=/, 'no token where scripts or tabs could find it');
    await page.getByRole('button', { name: 'Sign out' }).press('Enter');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  },
);

t.test('two tabs renew one session without ending it', { skip: noBrowser }, async (t) => {
  const { url } = await listening(t);
  const { page, context } = await openBrowser(t);
  await signInAt(page, url, 'ada@example.org', PASSWORD);
  const others = await Promise.all([context.newPage(), context.newPage(), context.newPage()]);
  await Promise.all(others.map((other) => other.goto(`${url}/console`)));
  for (const other of [...others, page]) {
    await other.reload();
    await other.getByRole('heading', { name: /^Hello/ }).waitFor();
  }
  t.pass('all of them are signed in');
});
