/** What people and broken discs send: each is refused with a code, a message and a remedy, soon, in little memory. */
import { copyFileSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { WorkerError } from '../../compute/errors.ts';
import { openRawScan } from '../../compute/formats/open.ts';
import { runToFolder } from '../../compute/run-job.ts';
import { createRunLog } from '../../compute/run-log.ts';
import { fixture } from '../helpers/raw/samples.ts';
import { temporaryFolder } from '../helpers/raw/temporary.ts';
import { CASES, type Case } from './helpers/bad-cases.ts';
import { writeBadFile } from './helpers/bad-files.ts';
import { taskDocument } from './helpers/run.ts';

/** Longer than any of them takes on a busy machine, and shorter than what never ends. */
const SECONDS = 20;
/** Opening an HDF5 file alone takes some tens of MiB. */
const MOST_GROWTH_MIB = 160;

const path = temporaryFolder(t);
mkdirSync(path('folder'));
const log = createRunLog(() => 0);

/** Path of a case's file. Fixtures are cut to three quarters unless `whole`. */
async function fileOf(source: Case['signal'], name: string): Promise<string> {
  if (source instanceof Uint8Array) {
    writeFileSync(path(name), source);
    return path(name);
  }
  if (typeof source === 'object') {
    await writeBadFile(path(name), source);
    return path(name);
  }
  if (source === 'folder' || source === 'missing') return path(source);
  if (source.endsWith(' whole')) return fixture(source.replace(' whole', ''));
  copyFileSync(fixture(source), path(name));
  truncateSync(path(name), Math.floor(0.75 * statSync(path(name)).size));
  return path(name);
}

const peakMiB = (): number => process.resourceUsage().maxRSS / 1024;

async function outcomeOf(inputs: { signal: string; noise?: string }, task: unknown): Promise<unknown> {
  return runToFolder(
    {
      task,
      inputs,
      output: { coilsensitivity: false, gfactor: true, matlab: false },
      seed: 1,
      openScan: openRawScan,
      clock: () => 0,
      log,
      onProgress: () => undefined,
    },
    path('result'),
  ).then(
    () => undefined,
    (error: unknown) => error,
  );
}

t.test('a sound file runs (so that the peak of memory is that of the libraries)', async (t) => {
  const signal = await fileOf({}, 'sound.h5');
  t.equal(await outcomeOf({ signal }, taskDocument()), undefined);
  t.equal(await outcomeOf({ signal: fixture('brain16.h5') }, taskDocument()), undefined);
  t.ok(readFileSync(path('result/info.json')).length > 0);
});

for (const [i, { what, signal, noise, task, code, message }] of CASES.entries()) {
  t.test(`${what}: ${code}`, async (t) => {
    const inputs = {
      signal: await fileOf(signal, `signal-${i}`),
      noise: noise === undefined ? undefined : await fileOf(noise, `noise-${i}`),
    };
    const before = { peak: peakMiB(), time: performance.now() };
    const error = await outcomeOf(inputs, taskDocument(task));
    const seconds = (performance.now() - before.time) / 1000;
    t.type(error, WorkerError);
    t.match(error, { code, message });
    const { remedy, message: text } = error as WorkerError;
    t.ok(remedy.length > 20, 'a remedy');
    t.notMatch(text, /\bat \S+ \(|node_modules|\.ts:\d/, 'no stack');
    t.ok(seconds < SECONDS, `${seconds} s`);
    t.ok(peakMiB() - before.peak < MOST_GROWTH_MIB, `${peakMiB() - before.peak} MiB`);
  });
}
