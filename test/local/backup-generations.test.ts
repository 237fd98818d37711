/** Backups of an earlier generation of items are restored, read and migrated; making one holds little at a time. */
import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { ClassicLevel } from 'classic-level';
import t from 'tap';
import { z } from 'zod';
import { makeBackup } from '../../infra/local/backup/make.ts';
import { restoreBackup } from '../../infra/local/backup/restore.ts';
import { createVault } from '../../infra/local/backup/vault.ts';
import { startCloud } from '../../infra/local/cloud.ts';
import { createControlClient } from '../../infra/local/control-client.ts';
import { JOB } from '../../src/aws/stores/job-store.ts';
import { createStores } from '../../src/aws/stores/stores.ts';
import { fromItem, type Kind, toItem } from '../../src/aws/table/items.ts';
import { createMigration } from '../../src/aws/table/migration.ts';
import { createLog } from '../../src/log.ts';
import { STORE_GENERATION } from '../../src/schemas/generation.ts';
import { sampleJob } from '../helpers/samples.ts';
import { stack } from './support/core-with-s3.ts';

const ACCOUNT = '111111111111';
const TABLES = JSON.parse(readFileSync(new URL('../../infra/broker/tables.json', import.meta.url), 'utf8'));
const TableName = 'cloudmr';

/** A kind as the generation before wrote it, and as this one reads it: `name` became `label`. */
const BEFORE: Kind<unknown> = { name: 'thing', schema: 1, shape: z.unknown() };
const NOW: Kind<{ label: string }> = {
  name: 'thing',
  schema: 2,
  shape: z.object({ label: z.string() }),
  upgrades: {
    1: (stored) => {
      const { name, ...rest } = stored as { name: string };
      return { ...rest, label: name };
    },
  },
};

async function cloudIn(dataDir: string) {
  const cloud = await startCloud({ dir: join(dataDir, 'cloud'), projectRoot: resolve('.') });
  const credentials = cloud.rootCredentials(ACCOUNT);
  const { endpoint } = cloud;
  const documents = DynamoDBDocumentClient.from(
    new DynamoDBClient({ endpoint, region: 'us-east-1', credentials }),
  );
  return {
    documents,
    control: createControlClient({ endpoint, accountId: ACCOUNT, credentials }),
    async close() {
      documents.destroy();
      await cloud.close();
    },
  };
}

t.test('a backup of the generation before is restored, read at once, and migrated', async (t) => {
  const home = t.testdir();
  const [dataDir, file] = [join(home, 'state'), join(home, 'backup')];
  mkdirSync(dataDir);
  writeFileSync(join(dataDir, 'secrets.json'), '{"tokenSecret":"kept"}', { mode: 0o600 });
  const old = await cloudIn(dataDir);
  await old.control.applyStack(stack(ACCOUNT, { tables: [{ TableName, ...TABLES['cloudmr'] }] }));
  const put = (Item: object) => old.documents.send(new PutCommand({ TableName, Item }));
  const thing = { pk: 'T#1', sk: 'T' };
  await put(toItem(BEFORE, thing, { name: 'a thing', later: true }, { version: 3 }));
  // A job as releases have stored it that knew no estimate, no place and no price.
  const job = sampleJob({ jobId: '01JGK000000000000000000OLD', state: 'running' });
  const { place: _, estimate: __, ...older } = job;
  const key = { pk: `JOB#${job.jobId}`, sk: 'JOB' };
  await put(toItem({ ...JOB, shape: z.unknown() } as Kind<unknown>, key, older, { version: job.version }));
  await old.close();
  const header = {
    generation: STORE_GENERATION - 1,
    release: '0.0.9',
    createdAt: '2026-01-01T00:00:00.000Z',
  };
  await makeBackup(createWriteStream(file), { dataDir, objects: true, header });

  const elsewhere = join(home, 'restored');
  const restored = await restoreBackup({
    ...{ file, dataDir: elsewhere, force: false, generation: STORE_GENERATION, now: 0 },
    signal: new AbortController().signal,
  });
  t.match(restored.header, { generation: STORE_GENERATION - 1, release: '0.0.9' });
  const { documents, close } = await cloudIn(elsewhere);
  const read = async (Key: object) => (await documents.send(new GetCommand({ TableName, Key }))).Item ?? {};
  t.same(fromItem(NOW, await read(thing)), { label: 'a thing', later: true }, 'read as it is');
  const log = createLog('silent');
  const stores = createStores({ documents, tableName: TableName, cursorSecret: 'c', clock: Date.now, log });
  const seen = await stores.jobs.get(job.jobId);
  t.match(seen, { jobId: job.jobId, state: 'running', version: job.version });
  const next = { ...job, state: 'canceling', version: job.version + 1 } as const;
  t.equal(await stores.jobs.replace(next), true, 'and goes on');
  const counts = await createMigration({
    ...{ documents, tableName: TableName, clock: () => 0, pause: async () => undefined },
    kinds: [NOW, JOB as Kind<unknown>],
    leftAlone: (left, why) => t.fail(`${left}: ${why}`),
  }).run({ dryRun: false, perSecond: 1_000 });
  t.match(counts, { upgraded: 1, current: 1, newer: 0, unreadable: 0 });
  t.match(await read(thing), { schema: 2, version: 3 });
  await close();
});

t.test('making a backup holds one page at a time, however much there is', async (t) => {
  const LARGEST = 100_000;
  const level = new ClassicLevel<string, Buffer>(join(t.testdir(), 'store'), { valueEncoding: 'buffer' });
  await level.open();
  t.teardown(() => level.close());
  for (let n = 0; n < 300; n++) await level.put(`k${n}`, Buffer.alloc(LARGEST, n));
  for (let n = 0; n < 20_000; n += 1_000)
    await level.batch(
      Array.from({ length: 1_000 }, (_, i) => ({ type: 'put', key: `s${n + i}`, value: Buffer.alloc(50) })),
    );
  const vault = createVault();
  vault.add('dynamodb', level);
  let [total, most, pages] = [0, 0, 0];
  for await (const { length } of vault.frames({ objects: false })) {
    total += length;
    most = Math.max(most, length);
    pages++;
  }
  t.ok(total > 300 * LARGEST + 20_000 * 50);
  t.comment(`${total} bytes in ${pages} pages, the largest of ${most} bytes`);
  t.ok(most <= LARGEST + 2 * 65_536, `${most} bytes at once of ${total}`);
});
