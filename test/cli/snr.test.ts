import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { Io } from '../../src/cli/command.ts';
import { main } from '../../src/cli/main.ts';

const raw = (name: string): string => fileURLToPath(new URL(`../fixtures/raw/${name}`, import.meta.url));

function task(signal: string, noise?: string, more: object = {}) {
  const file = (filename: string) => ({
    type: 'file',
    options: { type: 'local', filename, multiraid: !noise, vendor: 'Siemens', options: {} },
  });
  const options = { signal: file(signal), ...(noise ? { noise: file(noise) } : {}), ...more };
  return {
    version: 'v0',
    acquisition: 2,
    type: 'SNR',
    id: 0,
    name: 'AC',
    options: { reconstructor: { type: 'recon', id: 1, name: 'RSS', options } },
  };
}

/** Runs a command line and collects what it prints. */
async function cloudmr(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const io: Io = { out: (line) => out.push(line), err: (line) => err.push(line), terminal: false };
  const code = await main(args, { io });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

t.test('the program itself, as npx starts it', async (t) => {
  const dir = t.testdir({ 'task.json': JSON.stringify(task(raw('gre.dat'), raw('noise.dat'))) });
  const bin = fileURLToPath(new URL('../../bin/cloudmr.js', import.meta.url));
  const args = [
    bin,
    'snr',
    '-j',
    join(dir, 'task.json'),
    '-o',
    join(dir, 'out'),
    '-l',
    join(dir, 'log.json'),
    '--matlab',
    '--no-parallel',
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  t.equal(status, 0, stderr);
  t.match(stdout, /median 47\.5 in the object, maximum 69\.5/);
  t.match(stdout, join('out', 'data', 'SNR.png'));
  t.equal(stderr, '', 'no progress where nobody watches');
  for (const name of [
    'data/SNR.nii.gz',
    'data/SNR.png',
    'data/NC.nii.gz',
    'data/NCC.nii.gz',
    'matlab.mat',
    'info.json',
  ]) {
    t.ok(existsSync(join(dir, 'out', name)), name);
  }
  const log = JSON.parse(readFileSync(join(dir, 'log.json'), 'utf8')) as { type: string }[];
  t.equal(log.at(-1)?.type, 'END');
});

t.test('files are found beside the task; a job envelope brings its output flags', async (t) => {
  const dir = t.testdir({
    'job.json': JSON.stringify({ alias: 'x', output: { matlab: true }, task: task('scan.dat') }),
    'scan.dat': readFileSync(raw('multi.dat')),
  });
  const { code, err } = await cloudmr(
    'snr',
    '-j',
    join(dir, 'job.json'),
    '-o',
    join(dir, 'out'),
    '--verbose',
  );
  t.equal(code, 0);
  t.match(err, /Slice 1 of 1/);
  t.ok(existsSync(join(dir, 'out', 'matlab.mat')));
  t.equal(
    (await cloudmr('snr', '-j', join(dir, 'job.json'), '-o', join(dir, 'bare'), '--no-matlab')).code,
    0,
  );
  t.notOk(existsSync(join(dir, 'bare', 'matlab.mat')));
  const info = JSON.parse(readFileSync(join(dir, 'bare', 'info.json'), 'utf8')) as {
    headers: { options: unknown };
  };
  t.match(info.headers.options, {
    options: { reconstructor: { options: { signal: { options: { filename: 'scan.dat' } } } } },
  });
});

t.test('failures: exit code 1, code, message, remedy, and the log ends with the error', async (t) => {
  const dir = t.testdir();
  const fails = async (document: unknown, expected: RegExp) => {
    writeFileSync(join(dir, 'task.json'), typeof document === 'string' ? document : JSON.stringify(document));
    const { code, err } = await cloudmr(
      'snr',
      '-j',
      join(dir, 'task.json'),
      '-o',
      join(dir, 'out'),
      '-l',
      join(dir, 'log.json'),
    );
    t.equal(code, 1);
    t.match(err, expected);
    const log = JSON.parse(readFileSync(join(dir, 'log.json'), 'utf8')) as { what: string }[];
    t.equal(log.at(-1)?.what, 'ERROR');
  };
  await fails(task(raw('epi.dat')), /unsupported_sequence.*EPI[\s\S]*Cartesian/);
  await fails(task('nowhere.dat'), /input_not_found.*nowhere\.dat/);
  await fails('{', /bad_options.*not JSON/);
  await fails('[]', /bad_options.*not a JSON object/);
  const remote = task('x');
  remote.options.reconstructor.options.signal.options.type = 's3';
  await fails(remote, /bad_options.*type "local"/);
  const { code, err } = await cloudmr('snr', '-j', join(dir, 'missing.json'), '-o', dir);
  t.equal(code, 1);
  t.match(err, /cannot be read/);
});

t.test('as one JSON document, wherever --json stands', async (t) => {
  const dir = t.testdir({ 'task.json': JSON.stringify(task(raw('gre.dat'), raw('noise.dat'))) });
  const args = ['-j', join(dir, 'task.json'), '-o', join(dir, 'out')];
  const { code, out } = await cloudmr('--json', 'snr', ...args);
  t.equal(code, 0);
  const { summary, files } = JSON.parse(out) as { summary: { medianSnr: number }; files: string[] };
  t.equal(summary.medianSnr.toFixed(1), '47.5');
  t.ok(
    files.every((file) => existsSync(file)),
    files.join(),
  );
  const failed = await cloudmr('snr', '--json', '-j', join(dir, 'none.json'), '-o', dir);
  t.equal(failed.code, 1);
  t.match(JSON.parse(failed.out), { error: { code: String, remedy: String } });
  const wrong = await cloudmr('snr', '--json');
  t.equal(wrong.code, 2);
  t.match(JSON.parse(wrong.out), { error: { code: 'usage', message: /^-j names/ } });
});

t.test('wrong usage is explained', async (t) => {
  t.match(await cloudmr(), { code: 2, out: /snr \[options\] +compute SNR maps/ });
  t.match(await cloudmr('--help'), { code: 0, out: /Usage/ });
  t.match(await cloudmr('fly'), { code: 2, err: /unknown command 'fly'/ });
  t.match(await cloudmr('constructor'), { code: 2, err: /unknown command/ });
  t.match(await cloudmr('snr', '--help'), { code: 0, out: /--matlab/ });
  t.match(await cloudmr('snr', '-o', 'x'), { code: 2, err: /-j names/ });
  t.match(await cloudmr('snr', '-j', 'x'), { code: 2, err: /-o names/ });
  t.match(await cloudmr('snr', '--jump'), { code: 2, err: /Unknown option/ });
});
