/** The console for people who have much, or automate: tokens that work, units far down a list, uploads of scripts. */
import t from 'tap';
import { noBrowser, openBrowser } from '../helpers/browser.ts';
import { pictures, signInAt } from '../helpers/console.ts';
import { broker, MODE_1, MODE_2, PASSWORD } from '../helpers/http.ts';
import { sampleUnit } from '../helpers/samples.ts';

/** More units of the platform than one page of the list holds. */
const PLATFORM_UNITS = 110;

t.setTimeout(300_000);

async function listening(t: Parameters<typeof broker>[0]) {
  const made = await broker(t, { bucketOrigins: ['http://127.0.0.1:9'] });
  const ada = await made.person('ada@example.org');
  const url = await made.app.listen({ port: 0, host: '127.0.0.1' });
  return { ...made, ada, url };
}

t.test(
  'a token is made, shown once, does what was ticked, and is revoked',
  { skip: noBrowser },
  async (t) => {
    const { url } = await listening(t);
    const { page, errors } = await openBrowser(t, { viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(60_000);
    const status = async (token: string, method: string, path: string) =>
      (await fetch(url + path, { method, headers: { authorization: `Bearer ${token}` } })).status;

    await signInAt(page, url, 'ada@example.org', PASSWORD);
    await page.goto(`${url}/console/settings`);
    await page.getByLabel('What it is for').fill('nightly phantom');
    for (const unwanted of ['Submit, cancel and delete jobs', 'Upload and delete files']) {
      await page.getByLabel(unwanted).uncheck();
    }
    await page.getByRole('button', { name: 'Make a token' }).click();
    await page.getByText('It is shown this once').waitFor();
    const token = (await page.getByRole('region', { name: 'token', exact: true }).innerText()).trim();
    t.equal(await status(token, 'GET', '/api/job'), 200, 'what was ticked');
    t.equal(await status(token, 'POST', '/api/task/queue'), 403, 'and no more');
    await pictures(page, 'tokens');

    await page.reload();
    await page.getByText('nightly phantom', { exact: true }).waitFor();
    const shown = await page.locator('main').innerText();
    t.notOk(shown.includes(token), 'never again');
    t.match(shown, /jobs:read/);
    await page.getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('button', { name: 'Revoke the token' }).click();
    await page.getByText('nightly phantom', { exact: true }).waitFor({ state: 'detached' });
    t.equal(await status(token, 'GET', '/api/job'), 401);
    t.same(errors, []);
  },
);

t.test(
  'one’s own default unit is chosen although the list is long; files that scripts have PUT are there',
  {
    skip: noBrowser,
  },
  async (t) => {
    const { ada, url, cloud, administrator, unitStore, proven } = await listening(t);
    const admin = await administrator();
    await admin.post('/api/computing-unit/register', MODE_1);
    for (let i = 0; i < PLATFORM_UNITS; i++) {
      await unitStore.put(
        sampleUnit({
          unitId: `PLATFORM${i}`,
          ownerId: admin.userId,
          mode: 'mode_1',
          isShared: true,
          alias: `platform ${i}`,
          stateMachineArn: `arn:aws:states:us-east-1:111111111111:stateMachine:m-${i}`,
          proof: undefined,
        }),
      );
    }
    const own = (await proven(ada, { ...MODE_2, alias: 'my account' })).json();
    await ada.post(`/api/computing-unit/${own.computingUnitId}/default`);
    const { page } = await openBrowser(t);
    page.setDefaultTimeout(60_000);
    await signInAt(page, url, 'ada@example.org', PASSWORD);
    cloud.prompt = false;
    const announce = { operation: 'put', filename: 'script.dat', computingUnitId: own.computingUnitId };
    const { bucket, key } = (await ada.post('/api/data/presign', announce)).json();
    await page.goto(`${url}/console/files`);
    await page.getByText('PUT the file to its URL').waitFor();
    await pictures(page, 'not-there-yet');

    cloud.objects.set(`${bucket}/${key}`, { sizeBytes: 9, etag: 'e', metadata: {} });
    await page.goto(`${url}/console/jobs/new`);
    const unit = page.getByLabel('Computing unit');
    await unit.waitFor();
    await unit.locator('option', { hasText: 'my account' }).waitFor({ state: 'attached' });
    t.equal(await unit.inputValue(), own.computingUnitId);
    const signal = page.getByLabel('Signal', { exact: true });
    await signal.locator('option', { hasText: 'script.dat' }).waitFor({ state: 'attached' });
    t.equal(await unit.locator('option', { hasText: 'my account' }).count(), 1, 'named once');
  },
);
