/** Backups of the embedded cloud: a moment of it while it works, and restored whole or not at all. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import t, { type Test } from 'tap';
import { startCloud } from '../../infra/local/cloud.ts';
import { createControlClient } from '../../infra/local/control-client.ts';
import { main } from '../../src/cli/main.ts';
import { LOADER, script } from '../helpers/script.ts';
import { stack } from './support/core-with-s3.ts';

const ACCOUNT = '111111111111';
const TABLES = JSON.parse(readFileSync(new URL('../../infra/broker/tables.json', import.meta.url), 'utf8'));
const CONTENT = randomBytes(300_000);

/** A folder as `npm start` has it, and the command line over it. */
function place(t: Test) {
  const home = mkdtempSync(join(tmpdir(), 'cloudmr-backup-'));
  t.teardown(() => rmSync(home, { recursive: true, force: true }));
  const dataDir = join(home, 'state');
  async function cloudmr(args: string[], options: { dataDir?: string; signal?: AbortSignal } = {}) {
    const out: string[] = [];
    const err: string[] = [];
    const code = await main([...args, '--json'], {
      io: { out: (line) => out.push(line), err: (line) => err.push(line), terminal: false },
      environment: {
        plain: true,
        url: undefined,
        token: undefined,
        folder: home,
        dataDir: options.dataDir ?? dataDir,
      },
      signal: options.signal ?? new AbortController().signal,
    });
    return { code, answer: JSON.parse(out.join('\n') || '{}'), err: err.join('\n') };
  }
  return { home, dataDir, file: join(home, 'backup'), cloudmr };
}

async function cloudIn(dataDir: string) {
  const cloud = await startCloud({ dir: join(dataDir, 'cloud'), projectRoot: resolve('.') });
  const common = {
    endpoint: cloud.endpoint,
    region: 'us-east-1',
    credentials: cloud.rootCredentials(ACCOUNT),
  };
  const documents = DynamoDBDocumentClient.from(new DynamoDBClient(common));
  const s3 = new S3Client({ ...common, forcePathStyle: true });
  const TableName = 'cloudmr';
  return {
    cloud,
    async fill() {
      mkdirSync(dataDir, { recursive: true });
      writeFileSync(join(dataDir, 'secrets.json'), '{"tokenSecret":"kept"}', { mode: 0o600 });
      const { endpoint, credentials } = common;
      await createControlClient({ endpoint, accountId: ACCOUNT, credentials }).applyStack(
        stack(ACCOUNT, { tables: [{ TableName, ...TABLES['cloudmr'] }] }),
      );
      await s3.send(new CreateBucketCommand({ Bucket: 'kept-data' }));
      await s3.send(new PutObjectCommand({ Bucket: 'kept-data', Key: 'a', Body: CONTENT }));
    },
    put: (n: number) =>
      documents.send(
        new PutCommand({ TableName, Item: { pk: `N#${n}`, sk: 'N', n, gsi1pk: 'ALL', gsi1sk: `${n}` } }),
      ),
    has: async (n: number) =>
      (await documents.send(new GetCommand({ TableName, Key: { pk: `N#${n}`, sk: 'N' } }))).Item?.['n'] === n,
    async object(): Promise<Buffer> {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'kept-data', Key: 'a' }));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    },
    async close() {
      documents.destroy();
      s3.destroy();
      await cloud.close();
    },
  };
}

t.test(
  'a backup while everything runs: what was acknowledged before is in it, in order; restored it is there',
  async (t) => {
    const { home, dataDir, file, cloudmr } = place(t);
    const first = await cloudIn(dataDir);
    await first.fill();
    let written = 0;
    let writing = true;
    const writer = (async () => {
      while (writing) await first.put(written++);
    })();
    while (written < 50) await new Promise((next) => setTimeout(next, 5));
    const atLeast = written - 1;
    const made = await cloudmr(['backup', file, '--with-objects']);
    t.match(made, { code: 0, answer: { objects: true, running: true, generation: 1 } });
    writing = false;
    await writer;
    t.equal(statSync(file).mode & 0o777, 0o600);
    t.match(readFileSync(file, 'latin1').split('\n')[0], /^\{"format":"cloudmr-backup","version":1,/);
    t.match(await cloudmr(['backup', file]), { code: 1, answer: { error: { code: 'backup_exists' } } });
    t.match(await cloudmr(['restore', file, '--force']), {
      code: 1,
      answer: { error: { code: 'state_in_use' } },
    });
    await first.close();

    t.match(await cloudmr(['restore', file]), { code: 1, answer: { error: { code: 'state_exists' } } });
    const restored = await cloudmr(['restore', file, '--force']);
    t.equal(restored.code, 0, restored.err);
    t.ok(existsSync(join(restored.answer.before, 'cloud', 'master.key')), 'the state from before is kept');
    t.equal(readFileSync(join(dataDir, 'secrets.json'), 'utf8'), '{"tokenSecret":"kept"}');
    t.same(
      readdirSync(home).filter((name) => /restore-|partial/.test(name)),
      [],
    );
    const second = await cloudIn(dataDir);
    let found = 0;
    while (await second.has(found)) found++;
    t.ok(found >= atLeast, `${found} of at least ${atLeast}`);
    for (let n = found; n < written; n++)
      t.notOk(await second.has(n), 'no later write without an earlier one');
    t.ok((await second.object()).equals(CONTENT));
    await second.put(1_000_000);
    t.ok(await second.has(1_000_000), 'it goes on');
    await second.close();
  },
);

t.test(
  'a backup of a state that rests, without objects; standard output; a folder that is not there',
  async (t) => {
    const { home, dataDir, file, cloudmr } = place(t);
    t.match(await cloudmr(['backup', file]), { code: 1, answer: { error: { code: 'state_missing' } } });
    const first = await cloudIn(dataDir);
    await first.fill();
    await first.put(1);
    await first.close();
    for (const command of ['backup', 'restore'])
      t.match(await cloudmr([command, '']), { code: 1, answer: { error: { code: 'backup_unnamed' } } });
    t.match(await cloudmr(['backup', home, '--force']), { answer: { error: { code: 'backup_folder' } } });
    t.same(readdirSync(home), ['state'], 'no draft is left');
    const program = [process.execPath, ...LOADER, script('test/cli/helpers/program.ts')].join(' ');
    const cut = spawnSync(
      'bash',
      ['-c', `${program} backup - --with-objects | head -c 9; echo "$PIPESTATUS"`],
      {
        env: { ...process.env, DATA_DIR: dataDir, NODE_NO_WARNINGS: '1' },
        encoding: 'utf8',
      },
    );
    t.match(cut, { stdout: '{"format"1\n', stderr: '' }, 'who reads standard output has gone');
    t.match(await cloudmr(['backup', file]), { code: 0, answer: { objects: false, running: false } });
    const elsewhere = join(home, 'elsewhere');
    t.match(await cloudmr(['restore', file], { dataDir: elsewhere }), { code: 0, answer: { before: null } });
    const second = await cloudIn(elsewhere);
    t.ok(await second.has(1));
    await t.rejects(second.object(), { name: 'NoSuchKey' });
    await second.close();
  },
);

t.test(
  'what is cut off, changed, foreign or newer is refused with a code, and nothing is changed',
  async (t) => {
    const { home, dataDir, file, cloudmr } = place(t);
    const first = await cloudIn(dataDir);
    await first.fill();
    await first.put(1);
    await first.close();
    await cloudmr(['backup', file, '--with-objects']);
    const whole = readFileSync(file);
    const line = whole.indexOf('\n') + 1;
    const names = readdirSync(home).sort();
    const changed = (at: number): Buffer => {
      const copy = Buffer.from(whole);
      copy[at] ^= 0x40;
      return copy;
    };
    const header = (over: object): Buffer => {
      const fields = { ...JSON.parse(whole.subarray(0, line).toString()), ...over };
      return Buffer.concat([Buffer.from(`${JSON.stringify(fields)}\n`), whole.subarray(line)]);
    };
    const bad: [code: string, bytes: Buffer][] = [
      ['backup_truncated', whole.subarray(0, whole.length - 1)],
      ['backup_truncated', whole.subarray(0, Math.floor(whole.length / 2))],
      ['backup_truncated', whole.subarray(0, line)],
      ['backup_corrupt', changed(line + 2_000)],
      ['backup_corrupt', changed(whole.length - 3)],
      ['backup_corrupt', Buffer.concat([whole, Buffer.from('and more')])],
      ['backup_corrupt', header({ createdAt: '2020-01-01T00:00:00.000Z' })],
      ['backup_newer', header({ version: 2 })],
      ['backup_newer', header({ generation: 99 })],
      ['backup_foreign', Buffer.from('PK\u0003\u0004 a zip')],
      ['backup_foreign', Buffer.alloc(0)],
    ];
    for (const [code, bytes] of bad) {
      writeFileSync(file, bytes);
      const answer = await cloudmr(['restore', file, '--force']);
      t.match(answer, { code: 1, answer: { error: { code } } }, code);
      t.ok(answer.answer.error.remedy, 'with a remedy');
    }
    t.same(readdirSync(home).sort(), names, 'nothing is left behind');
    const second = await cloudIn(dataDir);
    t.ok(await second.has(1), 'the state is as it was');
    t.ok((await second.object()).equals(CONTENT));
    await second.close();
  },
);

t.test('Ctrl-C leaves no file and no folder behind', async (t) => {
  const { home, dataDir, file, cloudmr } = place(t);
  const first = await cloudIn(dataDir);
  await first.fill();
  const names = readdirSync(home).sort();
  const stopped = AbortSignal.abort();
  t.match(await cloudmr(['backup', file, '--with-objects'], { signal: stopped }), { code: 130 });
  t.same(readdirSync(home).sort(), names);
  await first.close();
  await cloudmr(['backup', file]);
  t.match(await cloudmr(['restore', file, '--force'], { signal: stopped }), { code: 130 });
  t.same(readdirSync(home).sort(), ['backup', ...names].sort());
  const second = await cloudIn(dataDir);
  t.ok((await second.object()).equals(CONTENT), 'the state is as it was');
  await second.close();
});
