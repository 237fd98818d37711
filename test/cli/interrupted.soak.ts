/** Ctrl-C while `cloudmr run` sends, waits and fetches: nothing is half done, and the same command goes on. */
import {
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { ControlClient } from '../../infra/local/control-client.ts';
import { HUB_ACCOUNT } from '../../infra/local/launch.ts';
import { type Laptop, startLaptop } from '../helpers/laptop.ts';
import { script } from '../helpers/script.ts';
import { type Person, person } from './helpers/cloudmr.ts';

const PHANTOM = script('infra/local/phantom/phantom.h5');
const MIB = 1024 ** 2;

let laptop: Laptop;
let ada: Person;
let folder: string;
let hub: ControlClient;
t.before(async () => {
  laptop = await startLaptop(t);
  hub = await laptop.control(HUB_ACCOUNT);
  ada = person(t, laptop.url);
  await ada.pipe('Correct-horse.7-battery\n', 'login', '--email', 'researcher@example.org');
  folder = mkdtempSync(join(tmpdir(), 'cloudmr-interrupted-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
});

/** Calls that the embedded cloud has counted under this name. */
async function calls(operation: string): Promise<number> {
  const counted = (await hub.calls()).filter((call) => call.operation === operation);
  return counted.reduce((sum, { count }) => sum + count, 0);
}

const jobs = async (): Promise<{ jobId: string; alias: string }[]> =>
  (await ada.json<{ jobs: { jobId: string; alias: string }[] }>('jobs', 'list')).jobs;

t.test('while it sends: the parts that have arrived are not sent again', async (t) => {
  const path = join(folder, 'large.h5');
  const file = openSync(path, 'w');
  for (let i = 0; i < 12; i++) writeSync(file, Buffer.alloc(10 * MIB, i));
  await hub.addFault({ id: 'slow', service: 's3', operation: 'UploadPart', kind: 'late', delayMs: 700 });
  const first = ada.terminal('run', path, '--mode', 'mode_1');
  await first.until(/sending large\.h5 +[3-9]\d\.\d MiB of 120\.0 MiB/);
  first.type('\x03');
  t.equal(await first.code, 130);
  t.match(first.screen(), /no job was started\. The same command goes on there/);
  await hub.clearFaults('slow');
  t.same(await jobs(), []);

  await hub.clearCalls();
  const again = await ada.run('run', path, '--mode', 'mode_1', '--estimate-only');
  t.match(again.code, /^[01]$/, 'all of it has arrived, whatever is thought of it');
  const sent = await calls('UploadPart');
  t.ok(sent >= 1 && sent <= 9, `${sent} of 12 parts were left`);
  t.equal(await calls('CompleteMultipartUpload'), 1);
});

t.test('while a connection is dropped: the part is sent again, and the file is the same', async (t) => {
  await hub.clearCalls();
  await hub.addFault({ id: 'cut', service: 's3', operation: 'UploadPart', kind: 'timeout_before', times: 1 });
  const out = join(folder, 'cut');
  t.match(await ada.run('run', PHANTOM, '--mode', 'mode_1', '--out', out, '--name', 'cut'), { code: 0 });
  t.ok((await calls('UploadPart')) >= 2);
});

t.test('while it waits: the job goes on, and the same command waits for the same job', async (t) => {
  const out = join(folder, 'waited');
  await hub.addFault({ id: 'slow', service: 's3', operation: 'GetObject', kind: 'late', delayMs: 4_000 });
  const command = ['run', PHANTOM, '--mode', 'mode_1', '--out', out, '--name', 'waited'];
  const first = ada.terminal(...command);
  await first.until(/queued|starting|running/);
  first.type('\x03');
  t.equal(await first.code, 130);
  t.match(first.screen(), /The job goes on without you\. Watch it: cloudmr jobs watch 01/);
  await hub.clearFaults('slow');
  t.match(await ada.run(...command), { code: 0, out: /median 61\.2/ });
  t.equal((await jobs()).filter(({ alias }) => alias === 'waited').length, 1, 'one job');
});

t.test(
  'while it fetches: what has arrived waits under another name, and the printed command goes on there',
  async (t) => {
    const [{ jobId }] = await jobs();
    const whole = join(folder, 'whole');
    t.match(await ada.run('jobs', 'download', jobId, '--out', whole), { code: 0 });
    const size = statSync(join(whole, 'result.zip')).size;

    const out = join(folder, 'the result');
    await hub.addFault({
      id: 'slow',
      service: 's3',
      operation: 'GetObject',
      kind: 'slow',
      bytesPerSecond: Math.ceil(size / 20),
    });
    const first = ada.terminal('jobs', 'download', jobId, '--out', out);
    await first.until(/[1-9]\d* % {2}downloading [1-9]/);
    first.type('\x03');
    t.equal(await first.code, 130);
    const [, command = ''] =
      /Stopped with [1-9].* fetched\. Go on there: cloudmr (.*?)\r?\n/.exec(first.screen()) ?? [];
    t.equal(command, `jobs download ${jobId} --out '${out}'`, first.screen());
    const [part, ...others] = readdirSync(out);
    t.match(part, /^result\.zip\.\w+(-\d+)?\.part$/);
    t.same(others, [], 'nothing else, and nothing under its name');
    const before = statSync(join(out, part)).size;
    t.ok(before > 0 && before < size, `${before} of ${size} bytes`);

    await hub.clearFaults();
    const again = await ada.pipe('', 'jobs', 'download', jobId, '--out', out);
    t.match(again, { code: 0, out: /median/ }, again.err);
    t.ok(
      readFileSync(join(out, 'result.zip')).equals(readFileSync(join(whole, 'result.zip'))),
      'the same bytes',
    );
    t.same(
      readdirSync(out).filter((name) => name.endsWith('.part')),
      [],
    );
  },
);

t.test('while `run` fetches: the same command goes on in the same folder', async (t) => {
  const home = join(folder, 'place');
  mkdirSync(home);
  const command = ['run', PHANTOM, '--mode', 'mode_1', '--name', 'in this folder'];
  const submitted = ada.terminalIn(home, ...command);
  await submitted.until(/queued|starting|running/);
  await hub.addFault({
    id: 'slow',
    service: 's3',
    operation: 'GetObject',
    kind: 'slow',
    bytesPerSecond: 200_000,
  });
  await submitted.until(/[1-9]\d* % {2}downloading [1-9]/, 60_000);
  submitted.type('\x03');
  t.equal(await submitted.code, 130);
  const [name, ...others] = readdirSync(home);
  t.match(name, /^cloudmr-01/);
  t.same(others, []);
  t.match(readdirSync(join(home, name)), [/\.part$/]);
  await hub.clearFaults();
  const again = ada.terminalIn(home, ...command);
  t.equal(await again.code, 0, again.screen());
  t.same(readdirSync(home), [name], 'the same folder');
  t.ok(readdirSync(join(home, name)).includes('overview.png'));
  t.equal((await jobs()).filter(({ alias }) => alias === 'in this folder').length, 1, 'one job');
});
