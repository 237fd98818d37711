/** The console while the table of the broker is away: pages say so, and go on when it is back. */
import t from 'tap';
import { noBrowser, openBrowser } from '../helpers/browser.ts';
import { startTestCloud } from '../helpers/cloud.ts';
import { signInAt } from '../helpers/console.ts';
import { broker, HUB, PASSWORD } from '../helpers/http.ts';
import { tableIn } from '../helpers/table.ts';

t.setTimeout(300_000);

t.test(
  'a page that cannot be read and a sign-out that fails say why, and work afterwards',
  { skip: noBrowser },
  async (t) => {
    const cloud = await startTestCloud(t);
    const b = await broker(t, { table: await tableIn(cloud, HUB) });
    await b.person('ada@example.org');
    const url = await b.app.listen({ port: 0, host: '127.0.0.1' });
    const { page, errors } = await openBrowser(t, { viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(60_000);
    await signInAt(page, url, 'ada@example.org', PASSWORD);

    await cloud.control(HUB).addFault({ service: 'dynamodb', operation: '*', kind: 'deny' });
    // What the broker remembers for a moment is forgotten.
    b.pass(10_000);
    await page.getByRole('link', { name: 'Files', exact: true }).click();
    const alert = page.getByRole('alert').filter({ hasText: 'the store does not answer' }).first();
    await alert.waitFor();
    t.match(await alert.innerText(), /Try again after/);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('You are still signed in. Sign out again.').waitFor();
    t.equal(await page.getByRole('heading', { name: 'Sign in' }).count(), 0);

    await cloud.control(HUB).clearFaults();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await signInAt(page, url, 'ada@example.org', PASSWORD);
    await page.getByRole('link', { name: 'Files', exact: true }).click();
    await page.getByRole('heading', { name: 'Files', exact: true }).waitFor();
    t.equal(await page.getByRole('alert').count(), 0);
    t.same(
      errors.filter((text) => !/503/.test(text)),
      [],
      'nothing went wrong in the page itself',
    );
  },
);
