/**
 * `cloudmr run` with a file that is larger than memory should ever be: memory stays flat, a dropped connection and a
 * Ctrl-C cost no more than the parts that were under way, and what lies in the bucket is the file. `UPLOAD_MIB` says how
 * large it is.
 */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import t from 'tap';
import { HUB_ACCOUNT } from '../../infra/local/launch.ts';
import { startLaptop } from '../helpers/laptop.ts';
import { LOADER, ROOT, script } from '../helpers/script.ts';
import { person } from './helpers/cloudmr.ts';

const MIB = 1024 ** 2;
const LARGE_MIB = Number(process.env['UPLOAD_MIB'] ?? 256);
const SMALL_MIB = 60;
const PART_MIB = 10;
/** Linux says what a process has used at most. */
const linux = process.platform === 'linux' ? false : 'needs /proc';

/** A file without two equal parts. */
async function write(path: string, mib: number): Promise<string> {
  const file = await open(path, 'w');
  const hash = createHash('sha256');
  const block = randomBytes(MIB);
  for (let i = 0; i < mib; i++) {
    block.writeUInt32LE(i, 0);
    hash.update(block);
    await file.write(block);
  }
  await file.close();
  return hash.digest('hex');
}

t.test(`${LARGE_MIB} MiB through the command line`, { skip: linux, timeout: 1_800_000 }, async (t) => {
  const laptop = await startLaptop(t);
  const hub = await laptop.control(HUB_ACCOUNT);
  const ada = person(t, laptop.url);
  await ada.pipe('Correct-horse.7-battery\n', 'login', '--email', 'researcher@example.org');
  const folder = mkdtempSync(join(tmpdir(), 'cloudmr-large-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));

  /** Sends a file; the most memory the program has used, in MiB. `stopAt`: Ctrl-C when so many parts have arrived. */
  async function send(
    path: string,
    stopAt = Number.POSITIVE_INFINITY,
  ): Promise<{ code: number; peakMib: number }> {
    const args = ['run', path, '--mode', 'mode_1', '--estimate-only'];
    const child = spawn(process.execPath, [...LOADER, script('test/cli/helpers/program'), ...args], {
      cwd: ROOT,
      env: { ...process.env, CLOUDMR_URL: laptop.url, CLOUDMR_HOME: ada.folder, CLOUDMR_TOKEN: '' },
      stdio: 'ignore',
    });
    let peakMib = 0;
    let stopped = false;
    const watch = setInterval(async () => {
      try {
        const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
        peakMib = Math.max(peakMib, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
      } catch (error) {
        // It has ended between two looks.
        if (!['ENOENT', 'ESRCH'].includes((error as { code?: string }).code ?? '')) throw error;
      }
      // Once: a second Ctrl-C ends it at once.
      if (stopped || (await arrived()) < stopAt) return;
      if (stopped) return;
      stopped = true;
      child.kill('SIGINT');
    }, 200);
    const [code] = await once(child, 'exit');
    clearInterval(watch);
    return { code, peakMib };
  }
  const arrived = async (): Promise<number> => {
    const counted = (await hub.calls()).filter(({ operation }) => operation === 'UploadPart');
    return counted.reduce((sum, { count }) => sum + count, 0);
  };

  const [small, large] = [join(folder, 'small.h5'), join(folder, 'large.h5')];
  await write(small, SMALL_MIB);
  const sha256 = await write(large, LARGE_MIB);
  await hub.clearCalls();
  const base = await send(small);

  await hub.clearCalls();
  await hub.addFault({ id: 'cut', service: 's3', operation: 'UploadPart', kind: 'timeout_before', times: 2 });
  const parts = Math.ceil(LARGE_MIB / PART_MIB);
  const first = await send(large, Math.floor(parts / 2));
  t.equal(first.code, 130, 'stopped half way');
  const half = await arrived();
  t.ok(half < parts, `${half} of ${parts}`);
  const second = await send(large);
  t.match(String(second.code), /^[01]$/, 'all of it has arrived, whatever is thought of it');
  const all = await arrived();
  t.ok(all <= parts + 2 + 2 * 3, `${all} parts were sent in all, ${parts} were needed`);
  for (const { peakMib } of [first, second]) {
    t.ok(
      peakMib > 0 && peakMib < base.peakMib + 80,
      `${peakMib} MiB at most, ${base.peakMib} with the small file`,
    );
  }
  t.comment(`peak ${Math.round(second.peakMib)} MiB, with ${SMALL_MIB} MiB ${Math.round(base.peakMib)} MiB`);

  const files = await laptop.researcher.call<
    { filename: string; link: string; size: string; status: string }[]
  >('GET', '/api/data/read');
  const [row] = files.filter(({ filename }) => filename === 'large.h5');
  t.match(row, { size: String(LARGE_MIB * MIB), status: 'available' });
  const hash = createHash('sha256');
  const answer = await fetch(row.link);
  await pipeline(answer.body as never, hash);
  t.equal(hash.digest('hex'), sha256, 'what lies in the bucket is the file');
  const local = createHash('sha256');
  await pipeline(createReadStream(large), local);
  t.equal(local.digest('hex'), sha256);
});
