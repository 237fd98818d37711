/**
 * The console end to end, as two people use it: from the first start of a broker to SNR maps in the viewer, on the
 * platform and in a researcher's own account; and a job that fails, with its remedy.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { createControlClient } from '../../infra/local/control-client.ts';
import { createKeyRing, openMasterKey } from '../../infra/local/credentials.ts';
import { send } from '../../infra/local/demo/api.ts';
import { startBroker } from '../../infra/local/demo/broker-process.ts';
import { mode2Registration, signChallenge } from '../../infra/local/demo/units.ts';
import { cloudDir, HUB_ACCOUNT, LOCAL_REGION, RESEARCHER_ACCOUNT } from '../../infra/local/launch.ts';
import { mode1Names } from '../../infra/local/stacks/hub.ts';
import { mode2Stack } from '../../infra/local/stacks/mode2.ts';
import { noBrowser, openBrowser } from '../helpers/browser.ts';
import { coloursOf, pictures, signInAt, tooWide, violations } from '../helpers/console.ts';
import { endpointOf } from '../helpers/laptop.ts';

const PHANTOM = fileURLToPath(new URL('../../infra/local/phantom/phantom.h5', import.meta.url));
const EMAIL = 'ada@example.org';
const PASSWORD = 'Correct-horse.7-battery';
const LONG = { timeout: 90_000 };

t.setTimeout(600_000);

t.test(
  'B2: from the first start to an SNR map in the viewer, in both modes',
  {
    skip: noBrowser,
  },
  async (t) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'cloudmr-journey-'));
    const broker = await startBroker({ dataDir });
    t.teardown(async () => {
      await broker.stop();
      rmSync(dataDir, { recursive: true, force: true });
    });
    const { page, errors, foreign } = await openBrowser(t, {
      webgl: true,
      viewport: { width: 1280, height: 900 },
    });
    page.setDefaultTimeout(60_000);

    // A person asks for an account; the administrator registers the platform's unit and lets the person in.
    await page.goto(`${broker.url}/console`);
    await page.getByRole('link', { name: 'Ask for an account' }).click();
    await page.getByLabel('First name').fill('Ada');
    await page.getByLabel('Last name').fill('Lovelace');
    await page.getByLabel('E-mail address').fill(EMAIL);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Ask for an account' }).click();
    await page.getByRole('heading', { name: 'Your account waits' }).waitFor();
    await signInAt(page, broker.url, 'admin@localhost', broker.adminPassword ?? '');
    await page.getByRole('heading', { name: 'From raw data to an SNR map' }).waitFor();
    await pictures(page, 'first-steps');
    await registerPlatformUnit(page);
    await page.getByRole('link', { name: 'Administration' }).click();
    await page.getByRole('region', { name: EMAIL }).getByRole('button', { name: 'Approve' }).click();
    await page.getByRole('region', { name: EMAIL }).getByText('active', { exact: true }).waitFor();
    await pictures(page, 'people');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();

    // The person connects an account: this test is the stack that registers itself with the code.
    await signInAt(page, broker.url, EMAIL, PASSWORD);
    await page.goto(`${broker.url}/console/units/connect`);
    await connectAccount(page, broker.url, dataDir);
    await page.getByText('The stack has registered.').waitFor();
    await page.getByText('Nobody may enter without the external ID').waitFor();
    await pictures(page, 'connected');
    t.same(await violations(page, 'light'), [], 'axe on the checks');

    for (const [unit, place] of [
      ['Mode 2', 'Your account'],
      ['Mode 1', 'Platform'],
    ]) {
      await page.goto(`${broker.url}/console/jobs/new`);
      await chooseUnit(page, unit);
      await page.getByText('Upload files').click();
      if (unit === 'Mode 1') await drop(page, PHANTOM);
      else await page.setInputFiles('input[type=file]', PHANTOM);
      await page.getByText('Arrived, checksums verified').waitFor();
      await page.locator('[data-estimate]').waitFor();
      const estimate = await page.locator('[data-estimate]').innerText();
      t.match(estimate, /Time\s+\d/, 'the time comes before the job');
      t.match(estimate, /Price\s+(< )?\$0\.\d+/, 'so does the price');
      t.match(estimate, /Runs on\s+Lambda/, 'and the platform');
      await page.getByLabel('Name of the job').fill(`phantom ${unit}`);
      if (unit === 'Mode 2') await pictures(page, 'new-job');
      await page.getByRole('button', { name: 'Submit the job' }).click();
      await page.locator('[data-shown="SNR"]').waitFor(LONG);
      t.match(await page.locator('main').innerText(), place);
      t.match(await page.locator('.figures').innerText(), /61\.\d+\s+median SNR/);
      await page.waitForTimeout(500);
      t.ok((await coloursOf(page.locator('.stage'))) > 40, `${unit}: the viewer shows a map`);
      await pictures(page, `result-mode-${unit.slice(-1)}`);
    }
    t.same(await violations(page, 'light'), [], 'axe on a result');
    t.same(await violations(page, 'dark'), [], 'axe on a result in the dark');
    await failAndRemedy(t, page, broker.url);
    await cancelOne(t, page, broker.url);
    await costsOfMonth(t, page, broker.url);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await signInAt(page, broker.url, 'admin@localhost', broker.adminPassword ?? '');
    await administration(t, page, broker.url);

    t.same(foreign, [], 'nothing of other hosts');
    t.same(
      errors.filter((error) => !/status of 40[149]/.test(error)),
      [],
    );
  },
);

async function registerPlatformUnit(page: Page): Promise<void> {
  const { stateMachineArn, buckets } = mode1Names(HUB_ACCOUNT, LOCAL_REGION);
  const outputs = {
    StateMachineArn: stateMachineArn,
    DataBucket: buckets.data,
    ResultsBucket: buckets.results,
    FailedBucket: buckets.failed,
  };
  await page.getByRole('link', { name: 'register the unit of the platform' }).click();
  await page.getByLabel('Outputs of the stack (JSON)').fill(JSON.stringify(outputs));
  await page.getByRole('button', { name: 'Register' }).click();
  await page.getByRole('heading', { name: 'Mode 1' }).waitFor();
  await page.getByText('Ready', { exact: true }).waitFor();
}

/** What CloudFormation and the registration function of the stack do. */
async function connectAccount(page: Page, url: string, dataDir: string): Promise<void> {
  const answered = page.waitForResponse(/computing-unit\/challenges$/);
  await page.getByRole('button', { name: 'Ask for a code' }).click();
  const challenge = await (await answered).json();
  const { externalId, brokerRoleArn, enrolmentCode } = challenge;
  await page.getByText(enrolmentCode).first().waitFor();
  const keys = createKeyRing(await openMasterKey(cloudDir(dataDir)));
  const credentials = keys.rootCredentials(RESEARCHER_ACCOUNT);
  const account = createControlClient({
    endpoint: endpointOf(dataDir),
    accountId: RESEARCHER_ACCOUNT,
    credentials,
  });
  const stackName = 'mroptimum-mode2';
  await account.applyStack(
    mode2Stack({
      stackName,
      accountId: RESEARCHER_ACCOUNT,
      region: LOCAL_REGION,
      appId: 'mroptimum',
      brokerRoleArn,
      externalId,
      corsOrigins: [url],
    }),
  );
  const proof = signChallenge(challenge, credentials);
  await send(url, 'POST', '/api/computing-unit/enrol', {
    ...mode2Registration(stackName),
    externalId,
    enrolmentCode,
    proof,
  });
}

async function chooseUnit(page: Page, name: string): Promise<void> {
  const select = page.getByLabel('Computing unit');
  await select.waitFor();
  const value = await select.locator('option', { hasText: name }).getAttribute('value');
  await select.selectOption(value);
}

/** What a person does who drags a file from a folder onto the page. */
async function drop(page: Page, path: string): Promise<void> {
  const dataTransfer = await page.evaluateHandle<object>(`(() => {
    const bytes = Uint8Array.from(atob('${readFileSync(path).toString('base64')}'), (one) => one.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], 'phantom.h5'));
    return transfer;
  })()`);
  await page.dispatchEvent('.drop', 'drop', { dataTransfer });
}

/** A long job is stopped while it runs; its progress is followed until then. */
async function cancelOne(t: Test, page: Page, url: string): Promise<void> {
  await page.goto(`${url}/console/jobs/new?preset=grappa`);
  await chooseUnit(page, 'Mode 1');
  const signal = page.getByLabel('Signal', { exact: true });
  await signal.locator('option', { hasText: 'phantom.h5' }).waitFor({ state: 'attached' });
  await signal.selectOption({ label: 'phantom.h5' });
  await page.getByRole('spinbutton', { name: 'Replicas' }).fill('20000');
  await page.locator('[data-estimate]').waitFor();
  await page.getByRole('button', { name: 'Submit the job' }).click();
  await page.getByRole('progressbar', { name: 'Progress of the job' }).waitFor();
  await page.getByText('Running', { exact: true }).first().waitFor(LONG);
  await pictures(page, 'running');
  await page.getByRole('button', { name: 'Cancel job' }).click();
  await page.getByRole('button', { name: 'Stop the job' }).click();
  await page.getByText('This job was stopped before its end.').waitFor(LONG);
  await page.getByText('Cancel requested').waitFor(LONG);
  t.ok(await page.getByRole('button', { name: 'Try again' }).isVisible());
}

async function costsOfMonth(t: Test, page: Page, url: string): Promise<void> {
  await page.goto(`${url}/console/costs`);
  const figures = page.getByRole('region', { name: /^Costs of / });
  await figures.waitFor();
  t.match(await figures.innerText(), /4\s+jobs/, 'two that succeeded, one that failed, one that was stopped');
  const table = page.getByRole('region', { name: 'By computing unit' });
  await table.getByRole('link', { name: 'Mode 2' }).waitFor();
  t.match(await table.innerText(), /Mode 2\s+its account\s+1\s/);
  t.match(await table.innerText(), /the platform\s+3\s/);
  await pictures(page, 'costs');
}

/** What an administrator sees of a broker that has worked. */
async function administration(t: Test, page: Page, url: string): Promise<void> {
  for (const [path, sign] of [
    ['operations', 'Calls to AWS'],
    ['audit', 'Entries'],
    ['units', 'Mode 1'],
  ]) {
    await page.goto(`${url}/console/admin/${path}`);
    await page.getByRole(path === 'units' ? 'link' : 'region', { name: sign, exact: true }).waitFor();
    await page.locator('.skeleton').first().waitFor({ state: 'detached' });
    await pictures(page, path);
    await page.setViewportSize({ width: 390, height: 780 });
    t.same(await tooWide(page), [], `${path} is no wider than a phone`);
    await page.setViewportSize({ width: 1280, height: 900 });
  }
}

async function failAndRemedy(t: Test, page: Page, url: string): Promise<void> {
  await page.goto(`${url}/console/files`);
  const folder = mkdtempSync(join(tmpdir(), 'cloudmr-not-raw-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'not-raw.dat'), 'this is no raw data, only text\n'.repeat(100));
  await page.setInputFiles('input[type=file]', join(folder, 'not-raw.dat'));
  await page.getByText('Arrived, checksums verified').waitFor();
  const row = page.getByRole('row', { name: /^not-raw\.dat/ });
  await row.getByRole('button', { name: 'Rename' }).click();
  const dialog = page.getByRole('dialog', { name: 'Rename the file' });
  await dialog.getByLabel('Name of the file').fill('text, not-raw.dat');
  await dialog.getByRole('button', { name: 'Rename' }).click();
  await page.getByRole('row', { name: /^text, not-raw\.dat/ }).waitFor();
  await pictures(page, 'files');
  await page.goto(`${url}/console/jobs/new`);
  const signal = page.getByLabel('Signal', { exact: true });
  const option = signal.locator('option', { hasText: 'not-raw.dat' });
  await option.waitFor({ state: 'attached' });
  await signal.selectOption(await option.getAttribute('value'));
  await page.getByRole('button', { name: 'Submit the job' }).click();
  const failure = page.getByRole('region', { name: 'Why it failed' });
  await failure.waitFor(LONG);
  const text = await failure.innerText();
  t.match(text, 'input_unreadable');
  t.match(text, 'What to do: Use an ISMRMRD .h5 or a Siemens TWIX .dat file');
  t.match(text, 'Who must act: You');
  await pictures(page, 'failure');
  t.same(await violations(page, 'light'), [], 'axe on a failure');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('Attempt 2; earlier ones have ended.').waitFor(LONG);
  await failure.waitFor(LONG);
  await page.getByRole('button', { name: 'Rename' }).click();
  await page.getByLabel('Name of the job').fill('no raw data');
  await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
  await page.getByRole('heading', { name: 'no raw data' }).waitFor();
  await page.goto(`${url}/console/jobs`);
  await page.getByRole('link', { name: 'no raw data' }).waitFor();
  await page.getByRole('link', { name: 'phantom Mode 1' }).waitFor();
  await pictures(page, 'jobs');
}
