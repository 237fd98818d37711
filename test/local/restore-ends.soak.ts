/** Backups and restores that are ended in the middle, or cannot begin: what is said, and what is left behind. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import t from 'tap';
import { BackupError } from '../../infra/local/backup/backup-error.ts';
import { mustNotBeHalfRestored } from '../../infra/local/backup/half-restored.ts';
import { startCloud } from '../../infra/local/cloud.ts';
import { main } from '../../src/cli/main.ts';
import { LOADER, ROOT, script } from '../helpers/script.ts';

const PROGRAM = script('test/cli/helpers/program.ts');
const MIGRATE = script('src/migrate.ts');
const BROKER = script('src/main.ts');

const home = mkdtempSync(join(tmpdir(), 'cloudmr-restore-'));
const dataDir = join(home, 'state');
const file = join(home, 'backup');
t.teardown(() => rmSync(home, { recursive: true, force: true }));
/** Without the folder of the command line itself. */
const left = (): string[] => readdirSync(home).sort();

function started(path: string, args: string[], state = dataDir) {
  const child = spawn(process.execPath, [...LOADER, path, ...args], {
    env: { PATH: process.env['PATH'], HOME: home, DATA_DIR: state, CLOUDMR_CLOUD: 'embedded', PORT: '0' },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (text += data));
  return { child, ended: once(child, 'exit').then(([code]) => ({ code, text })) };
}
/** The command line without a process of its own. */
async function cloudmr(args: string[], state = dataDir) {
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const code = await main([...args, '--json'], {
    io: { out: say, err: say, terminal: false },
    environment: { plain: true, url: undefined, token: undefined, folder: home, dataDir: state },
    signal: new AbortController().signal,
  });
  return { code, text: lines.join('\n') };
}

/** Ends it as soon as a name like this is there. */
async function terminatedAt(pattern: RegExp, args: string[]) {
  const { child, ended } = started(PROGRAM, args);
  while (child.exitCode === null && !left().some((name) => pattern.test(name)))
    await new Promise((next) => setTimeout(next, 5));
  child.kill('SIGTERM');
  return ended;
}

t.before(async () => {
  const cloud = await startCloud({ dir: join(dataDir, 'cloud'), projectRoot: ROOT });
  const { endpoint } = cloud;
  const credentials = cloud.rootCredentials('111111111111');
  const s3 = new S3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'kept-data' }));
  // Large enough that a backup takes a moment.
  await s3.send(new PutObjectCommand({ Bucket: 'kept-data', Key: 'a', Body: randomBytes(80_000_000) }));
  s3.destroy();
  await cloud.close();
  t.match(await cloudmr(['backup', file, '--with-objects']), { code: 0 });
});

t.test('SIGTERM leaves no file and no folder with secrets behind', async (t) => {
  const names = left();
  const other = join(home, 'other');
  t.match(await terminatedAt(/partial$/, ['backup', other, '--with-objects']), { code: 130 });
  t.same(left(), names);
  t.match(await terminatedAt(/restore-/, ['restore', file, '--force']), { code: 130 });
  t.same(left(), names, 'the state is as it was');
});

t.test('a file that is none, and a volume, are refused before anything is unpacked', async (t) => {
  const names = left();
  for (const path of [join(home, 'missing'), home, join(file, 'below')]) {
    const { code, text } = await cloudmr(['restore', path, '--force']);
    t.equal(code, 1);
    t.match(text, '"backup_unreadable"', path);
  }
  // A mount point of every Linux.
  if (process.platform === 'linux') {
    const { code, text } = await cloudmr(['restore', file, '--force'], '/proc');
    t.equal(code, 1);
    t.match(text, '"state_mounted"');
    t.match(text, 'set DATA_DIR to that folder');
  }
  t.same(left(), names);
});

t.test('a restore that was killed between its two renames: nobody makes an empty state', async (t) => {
  await mustNotBeHalfRestored(dataDir);
  const before = `${dataDir}.before-20261122093000000`;
  renameSync(dataDir, before);
  await mustNotBeHalfRestored(dataDir);
  t.pass('whoever has taken the state away wants a new one');
  const draft = `${dataDir}.restore-4194305`;
  mkdirSync(draft);
  const error = (await mustNotBeHalfRestored(dataDir).catch((caught) => caught)) as BackupError;
  t.ok(error instanceof BackupError);
  t.equal(error.code, 'restore_interrupted');
  const { code, text } = await started(BROKER, []).ended;
  t.equal(code, 1);
  t.match(text, before);
  t.match(text, 'Restore again, or give this folder its name back');
  t.notOk(existsSync(dataDir), 'and makes nothing');
  t.match(await cloudmr(['restore', file]), { code: 0 });
  t.ok(existsSync(join(dataDir, 'cloud', 'master.key')));
  t.notOk(existsSync(draft), 'what the killed one has left is removed');
  await mustNotBeHalfRestored(dataDir);
});

t.test('a migration where there is no state says so, and makes none', async (t) => {
  const nowhere = join(home, 'nowhere');
  const { code, text } = await started(MIGRATE, ['--dry-run'], nowhere).ended;
  t.equal(code, 1);
  t.match(text, `${nowhere} holds no state. Name the folder of the broker: DATA_DIR`);
  t.notOk(existsSync(nowhere));
});
