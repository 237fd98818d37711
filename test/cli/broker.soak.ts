/** Every command of `cloudmr` that talks to a broker, against the whole system of a laptop. */
import { existsSync, mkdtempSync, statSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { type Laptop, startLaptop } from '../helpers/laptop.ts';
import { script } from '../helpers/script.ts';
import { type Person, person } from './helpers/cloudmr.ts';

const PHANTOM = script('infra/local/phantom/phantom.h5');
const PASSWORD = 'Correct-horse.7-battery';
const EMAIL = 'researcher@example.org';

let laptop: Laptop;
let ada: Person;
let out: string;
t.before(async () => {
  laptop = await startLaptop(t);
  ada = person(t, laptop.url);
  out = mkdtempSync(join(tmpdir(), 'cloudmr-out-'));
});

t.test('who is not signed in is told how, with a code of its own', async (t) => {
  t.match(await ada.run('jobs', 'list'), { code: 3, err: /cloudmr login/ });
});

t.test('login reads the password from a pipe and keeps the session for this person alone', async (t) => {
  const wrong = await ada.pipe('not-the-password\n', 'login', '--email', EMAIL);
  t.match(wrong, { code: 3, err: /password/i });
  t.notMatch(wrong.err, /not-the-password/);
  const right = await ada.pipe(`${PASSWORD}\n`, 'login', '--email', EMAIL);
  t.match(right, { code: 0, out: /Signed in as researcher@example.org/ });
  t.equal(statSync(join(ada.folder, 'credentials.json')).mode & 0o777, 0o600);
  t.match(await ada.json('whoami'), { email: EMAIL, url: laptop.url });
});

t.test('login in a terminal asks, and does not show the password', async (t) => {
  const other = person(t, laptop.url);
  const terminal = other.terminal('login');
  await terminal.until(/E-mail: /);
  terminal.type(`${EMAIL}\r`);
  await terminal.until(/Password: /);
  terminal.type(`${PASSWORD}\r`);
  await terminal.until(/Signed in as researcher@example\.org/);
  t.equal(await terminal.code, 0);
  t.notMatch(terminal.screen(), PASSWORD);
  t.match(await other.run('logout'), { code: 0, out: /Signed out/ });
  t.match(await other.run('whoami'), { code: 3 });
});

t.test('a password that is typed before it is asked for is not shown either', async (t) => {
  const other = person(t, laptop.url);
  const terminal = other.terminal('login');
  await terminal.until(/E-mail: /);
  terminal.type(`${EMAIL}\r${PASSWORD}\r`);
  await terminal.until(/Signed in as researcher@example\.org/);
  t.equal(await terminal.code, 0);
  t.notMatch(terminal.screen(), PASSWORD.slice(0, 5));
});

t.test('Ctrl-C at the question for the password signs nobody in', async (t) => {
  const other = person(t, laptop.url);
  const terminal = other.terminal('login', '--email', EMAIL);
  await terminal.until(/Password: /);
  terminal.type('\x03');
  t.equal(await terminal.code, 130);
  t.notOk(existsSync(join(other.folder, 'credentials.json')));
});

t.test('units are listed and checked; a name that means nothing is refused with a remedy', async (t) => {
  t.match((await ada.run('units')).out, new RegExp(`${laptop.units.mode_2.computingUnitId} +ready`));
  t.match(await ada.json('units', 'list'), [{ mode: String }, { mode: String }]);
  const report = await ada.run('units', 'check', laptop.units.mode_2.computingUnitId);
  t.match(report, { code: 0, out: /passed +assume_role/ });
  t.match(await ada.run('units', 'check', 'nowhere'), { code: 1, err: /cloudmr units list/ });
  t.match(await ada.json('units', 'connect', '--no-wait'), {
    externalId: /^cloudmr-/,
    enrolmentCode: String,
    brokerRoleArn: /^arn:aws:iam::/,
  });
});

t.test('run sends, submits, waits, fetches, and says the SNR and where the picture is', async (t) => {
  const folder = join(out, 'first');
  const ran = await ada.run('run', PHANTOM, '--mode', 'mode_2', '--out', folder, '--name', 'first');
  t.match(ran, { code: 0, out: /Estimate about .*paid by the owner of the unit/ }, ran.err);
  t.match(ran.out, /SNR +median 61\.2 in the object/);
  const picture = /picture +(.+)/.exec(ran.out)?.[1] ?? '';
  t.ok(existsSync(picture), 'the picture is there');
  t.equal(ran.err, '');

  const { jobs } = await ada.json<{ jobs: { jobId: string; alias: string }[] }>('jobs', 'list');
  t.match(jobs, [{ alias: 'first', state: 'succeeded', mode: 'mode_2' }]);
  const { jobId } = jobs[0];
  t.match((await ada.run('jobs')).out, new RegExp(`${jobId} +succeeded +mode_2 +61\\.2`));
  t.match((await ada.run('jobs', 'show', jobId)).out, /history[\s\S]*queued by user[\s\S]*succeeded by/);
  t.match((await ada.run('jobs', 'logs', jobId)).out, /log of the worker/);
  t.match((await ada.run('jobs', 'watch', jobId)).out, new RegExp(`jobs download ${jobId}`));
  t.match(await ada.run('jobs', 'cancel', jobId), { code: 4, err: /ended|terminal|succeeded/ });
  t.match(await ada.run('jobs', 'retry', jobId), { code: 4 });
  t.match(await ada.json('jobs', 'download', jobId, '--out', join(out, 'again')), {
    map: join(out, 'again', 'data/SNR.nii.gz'),
  });
  const { computingUnitId } = laptop.units.mode_2;
  t.match(
    (await ada.run('jobs', 'show', jobId)).out,
    /cost +\$[\d.e-]+, paid by the owner of the unit, estimated \$/,
  );
  const { cost } = await ada.json<{ cost: { usd: number } }>('jobs', 'show', jobId);
  t.ok(cost.usd > 0);
  t.match(
    (await ada.run('costs')).out,
    new RegExp(`${computingUnitId} +mode_2 +1 +[\\d.]+ s +\\$[\\d.e-]+ +unit owner\\nIn all: \\$`),
  );
  t.match(await ada.json('costs'), { total: { unit_owner: cost.usd, platform: 0 }, units: [{ jobs: 1 }] });
  t.match(await ada.json('costs', '--month', '2001-01'), { units: [], total: { unit_owner: 0 } });
});

t.test('run --json prints one document and nothing else', async (t) => {
  const answer = await ada.json(
    'run',
    PHANTOM,
    '--mode',
    'mode_1',
    '--method',
    'pmr',
    '--replicas',
    '16',
    '--out',
    join(out, 'pmr'),
  );
  t.match(answer, { job: { state: 'succeeded', summary: { medianSnr: Number } }, map: /SNR\.nii\.gz$/ });
  t.match(await ada.json('run', PHANTOM, '--mode', 'mode_1', '--estimate-only'), { estimate: { usd: {} } });
  const { jobId } = await ada.json<{ jobId: string }>('run', PHANTOM, '--mode', 'mode_1', '--no-wait');
  t.match(await ada.json('jobs', 'watch', jobId), { state: 'succeeded' });
});

t.test('what the worker would refuse is refused before anything is sent', async (t) => {
  const before = await ada.json<{ jobs: unknown[] }>('jobs', 'list');
  t.match(await ada.run('run', PHANTOM, '--method', 'fly'), { code: 2, err: /choices|Allowed/ });
  t.match(await ada.run('run', join(out, 'missing.h5')), { code: 2, err: /is not a file/ });
  t.match(await ada.run('run', PHANTOM, '--acceleration', '2'), { code: 2, err: /as 1,2/ });
  t.match(await ada.run('run', PHANTOM, '--mode', 'mode_2', '--max-cost', '0'), {
    code: 4,
    err: /USD|cost/i,
  });
  t.same((await ada.json<{ jobs: unknown[] }>('jobs', 'list')).jobs.length, before.jobs.length);
});

t.test('a job that fails says why, what to do and who', async (t) => {
  const notRaw = script('openapi.yaml');
  const ran = await ada.run('run', notRaw, '--mode', 'mode_1', '--out', join(out, 'bad'));
  t.match(ran, { code: 1, err: /has failed[\s\S]*What to do: [\s\S]*Who: you/ }, ran.err);
});

t.test('tokens are made, used, listed and revoked', async (t) => {
  const made = await ada.json<{ token: string; tokenId: string }>(
    'tokens',
    'create',
    'pipeline',
    '--scope',
    'jobs:read',
    'profile:read',
    '--days',
    '7',
  );
  const pipeline = person(t, laptop.url);
  t.match(await pipeline.pipe(`${made.token}\n`, 'login', '--token'), { code: 0, out: new RegExp(EMAIL) });
  t.match(await pipeline.run('jobs', 'list'), { code: 0 });
  t.match(await pipeline.run('units', 'list'), { code: 4, err: /scope|may not/i });
  t.match((await ada.run('tokens')).out, new RegExp(made.tokenId));
  t.match(await ada.run('tokens', 'revoke', made.tokenId), { code: 0 });
  t.match(await pipeline.run('jobs', 'list'), { code: 3 });
});

t.test('a broker that is not there is named as the reason', async (t) => {
  const once = createServer();
  await new Promise<void>((listening) => once.listen(0, '127.0.0.1', listening));
  const { port } = once.address() as AddressInfo;
  await new Promise((closed) => once.close(closed));
  const lonely = person(t, `http://127.0.0.1:${port}`);
  t.match(await lonely.pipe('x\n', 'login', '--email', EMAIL), { code: 1, err: /Is the broker running/ });
});

t.test('units remove takes a unit out, once', async (t) => {
  const id = laptop.units.mode_2.computingUnitId;
  t.match(await ada.run('units', 'remove', id), { code: 0, out: /is removed/ });
  t.match(await ada.run('units', 'remove', id), { code: 1 });
});
