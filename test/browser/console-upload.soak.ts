/**
 * B5, the half of the console: a file that is larger than memory should ever be goes through a page in Chromium. Its
 * memory stays flat, a dropped connection and a closed page cost no more than the parts that were under way, and what
 * lies in the bucket is the file. `UPLOAD_MIB` says how large it is; the command line's twin is
 * test/cli/large-upload.soak.ts.
 */
import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Page } from 'playwright-core';
import t from 'tap';
import { HUB_ACCOUNT } from '../../infra/local/launch.ts';
import { noBrowser, openBrowser } from '../helpers/browser.ts';
import { signInAt } from '../helpers/console.ts';
import { startLaptop } from '../helpers/laptop.ts';

const MIB = 1024 ** 2;
const LARGE_MIB = Number(process.env['UPLOAD_MIB'] ?? 2_048);
const SMALL_MIB = 60;
const PART_MIB = 10;
const LANES = 3;
/** More than the small file has taken: a few copies of the parts under way. The large one is many times as much. */
const MEMORY_SLACK_MIB = 200;
const skip = noBrowser || (process.platform === 'linux' ? false : 'needs /proc');

t.setTimeout(1_800_000);

t.test(`B5: ${LARGE_MIB} MiB through the console`, { skip }, async (t) => {
  const laptop = await startLaptop(t);
  const hub = await laptop.control(HUB_ACCOUNT);
  const { page, errors } = await openBrowser(t);
  page.on('dialog', (dialog) => dialog.accept());
  page.setDefaultTimeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'cloudmr-large-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const [small, large] = [join(folder, 'small.h5'), join(folder, 'large.h5')];
  await write(small, SMALL_MIB);
  await write(large, LARGE_MIB);
  const sent = async (): Promise<number> => {
    const counted = (await hub.calls()).filter(({ operation }) => operation === 'UploadPart');
    return counted.reduce((sum, { count }) => sum + count, 0);
  };
  await signInAt(page, laptop.url, 'researcher@example.org', 'Correct-horse.7-battery');
  await choose(page, laptop.url, laptop.units.mode_1.computingUnitId, small);
  const base = await peakUntil(() => arrived(page));

  await hub.clearCalls();
  await hub.addFault({ id: 'cut', service: 's3', operation: 'UploadPart', kind: 'timeout_before', times: 2 });
  const parts = Math.ceil(LARGE_MIB / PART_MIB);
  await choose(page, laptop.url, laptop.units.mode_1.computingUnitId, large);
  const first = await peakUntil(async () => (await sent()) >= parts / 2);

  // The page is closed in the middle; the same file, chosen again, goes on.
  await page.reload();
  const half = await sent();
  t.ok(half < parts, `${half} of ${parts} parts had begun`);
  await choose(page, laptop.url, laptop.units.mode_1.computingUnitId, large);
  await page.getByText('going on where it stopped').waitFor();
  const second = await peakUntil(() => arrived(page));
  const all = await sent();
  t.ok(all <= parts + 2 + 2 * LANES, `${all} parts were sent in all, ${parts} were needed`);
  t.ok(all > parts, 'some of them again: the connections that were cut');
  for (const peak of [first, second]) {
    t.ok(
      peak < base + MEMORY_SLACK_MIB,
      `${peak} MiB at most, ${base} with ${SMALL_MIB} MiB: memory does not follow the file`,
    );
  }
  t.comment(
    `${LARGE_MIB} MiB: peak ${first} and ${second} MiB in all processes of the browser, ${base} with the small file`,
  );

  const rows = await laptop.researcher.call<
    { filename: string; link: string; size: string; status: string }[]
  >('GET', '/api/data/read');
  const found = rows.filter(({ filename }) => filename === 'large.h5');
  t.match(found, [{ size: String(LARGE_MIB * MIB), status: 'available' }], 'one file, and all of it');
  const [stored, own] = [createHash('sha256'), createHash('sha256')];
  await pipeline((await fetch(found[0].link)).body as never, stored);
  await pipeline(createReadStream(large), own);
  t.equal(stored.digest('hex'), own.digest('hex'), 'what lies in the bucket is the file');
  t.same(
    errors.filter((error) => !/ERR_|status of 5/.test(error)),
    [],
  );
});

/** A file without two equal parts, of holes in between: as long as it says, and small on the disk. */
async function write(path: string, mib: number): Promise<void> {
  const file = await open(path, 'w');
  const mark = Buffer.alloc(8);
  for (let i = 0; i < mib; i++) {
    mark.writeUInt32LE(i + 1, 0);
    await file.write(mark, 0, mark.length, i * MIB);
  }
  await file.truncate(mib * MIB);
  await file.close();
  if (statSync(path).size !== mib * MIB) throw new Error(`${path} was not written`);
}

async function choose(page: Page, url: string, unitId: string, path: string): Promise<void> {
  await page.goto(`${url}/console/files`);
  const select = page.getByLabel('Upload to');
  await select.waitFor();
  await select.selectOption(unitId);
  await page.setInputFiles('input[type=file]', path);
}

async function arrived(page: Page): Promise<boolean> {
  return (await page.getByText('Arrived, checksums verified').count()) > 0;
}

/** The most memory that all processes of the browser have held until then, in MiB, looked at five times a second. */
async function peakUntil(done: () => Promise<boolean>): Promise<number> {
  let peak = 0;
  for (;;) {
    peak = Math.max(peak, browserMib());
    if (await done()) return Math.round(peak);
    await new Promise((later) => setTimeout(later, 200));
  }
}

/** What the processes that this one has started, and which are Chromium's, hold: each shared page counted once. */
function browserMib(): number {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const parent = /^\d+$/.test(name) && /PPid:\s+(\d+)/.exec(read(`/proc/${name}/status`))?.[1];
    if (parent) parents.set(Number(name), Number(parent));
  }
  const isOurs = (pid: number | undefined): boolean =>
    pid !== undefined && (pid === process.pid || isOurs(parents.get(pid)));
  let sum = 0;
  for (const pid of parents.keys()) {
    if (!isOurs(pid) || !/chrom/.test(read(`/proc/${pid}/cmdline`))) continue;
    sum += Number(/Pss:\s+(\d+)/.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1024;
  }
  return sum;
}

/** A file of /proc; empty if its process has ended between two looks. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as { code?: string }).code ?? '')) return '';
    throw error;
  }
}
