/** kill -9 under load: what was acknowledged is there, transactions are whole, indexes agree with items. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DynamoDBDocumentClient,
  PutCommand,
  paginateQuery,
  paginateScan,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { ClassicLevel } from 'classic-level';
import t, { type Test } from 'tap';
import { indexEntry } from '../../infra/local/dynamodb/entries.ts';
import { spaceRange } from '../../infra/local/dynamodb/keys.ts';
import type { Table } from '../../infra/local/dynamodb/table.ts';
import type { Item } from '../../infra/local/dynamodb/values.ts';
import { BROKER_TABLE, makeTable } from '../contract/dynamodb/cases.ts';
import { LOADER, script } from '../helpers/script.ts';

const ROUNDS = 3;
const WRITERS = 12;
const STATES = 4;
const TableName = 'cloudmr';

interface Cloud {
  readonly child: ChildProcess;
  /** Its exit, listened for from the start. */
  readonly exited: Promise<unknown>;
  readonly client: DynamoDBClient;
  readonly documents: DynamoDBDocumentClient;
}

/** `before` runs in a shell before the cloud does, which gets none of the test runner's hooks. */
async function start(dir: string, before = ':'): Promise<Cloud> {
  const command = [process.execPath, ...LOADER, script('test/local/dynamodb-crash-child.ts'), dir];
  const child = spawn('sh', ['-c', `unset NODE_OPTIONS; ${before}; exec "$0" "$@"`, ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const [endpoint] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  const client = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: '111111111111', secretAccessKey: 'not-checked-here' },
    maxAttempts: 1,
  });
  return { child, exited, client, documents: DynamoDBDocumentClient.from(client) };
}

/**
 * One writer: moves its job from state to state, each time in one transaction with the job's shadow, and adds
 * to its counter. Ends when the cloud is gone; `acknowledged` is what it was told has happened.
 */
async function write({ documents }: Cloud, id: string, acknowledged: Map<string, number>): Promise<void> {
  for (let version = (acknowledged.get(id) ?? 0) + 1; ; version++) {
    const values = {
      ':v': version,
      ':state': `state-${version % STATES}`,
      ':order': String(version).padStart(6, '0'),
    };
    const move = (pk: string) => ({
      Update: {
        TableName,
        Key: { pk, sk: 'job' },
        UpdateExpression:
          'SET version = :v, gsi1pk = :state, gsi1sk = :order, gsi2pk = :state, gsi2sk = :order',
        ExpressionAttributeValues: values,
      },
    });
    try {
      await documents.send(
        new TransactWriteCommand({ TransactItems: [move(`job#${id}`), move(`shadow#${id}`)] }),
      );
      acknowledged.set(id, version);
      await documents.send(
        new UpdateCommand({
          TableName,
          Key: { pk: `count#${id}`, sk: 'count' },
          UpdateExpression: 'ADD n :one SET gsi1pk = :all, gsi1sk = :id',
          ExpressionAttributeValues: { ':one': 1, ':all': 'counts', ':id': id },
        }),
      );
      acknowledged.set(`count#${id}`, (acknowledged.get(`count#${id}`) ?? 0) + 1);
    } catch {
      return; // the cloud has been killed; the rest of the test says what must have happened
    }
  }
}

function heard(acknowledged: Map<string, number>): number {
  return [...acknowledged.values()].reduce((sum, count) => sum + count, 0);
}

type Row = Record<string, string | number>;

async function all(pages: AsyncIterable<{ Items?: Record<string, unknown>[] }>): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const { Items = [] } of pages) rows.push(...(Items as Row[]));
  return rows;
}

const identity = (row: Row): string => `${row.pk} ${row.sk}`;

async function check(t: Test, cloud: Cloud, acknowledged: Map<string, number>): Promise<void> {
  const rows = await all(paginateScan({ client: cloud.documents }, { TableName }));
  const byKey = new Map(rows.map((row) => [row.pk as string, row]));
  let lost = 0;
  let torn = 0;
  for (const [id, version] of acknowledged) {
    const found = id.startsWith('count#') ? byKey.get(id)?.n : byKey.get(`job#${id}`)?.version;
    if (Number(found ?? 0) < version) lost++;
  }
  for (const row of rows) {
    if (!String(row.pk).startsWith('job#')) continue;
    if (byKey.get(String(row.pk).replace('job', 'shadow'))?.version !== row.version) torn++;
  }
  t.equal(lost, 0, 'acknowledged writes are there');
  t.equal(torn, 0, 'transactions are whole');
  const partitions = ['counts', ...Array.from({ length: STATES }, (_, i) => `state-${i}`)];
  for (const index of ['gsi1', 'gsi2']) {
    for (const partition of partitions) {
      const query = {
        TableName,
        IndexName: index,
        KeyConditionExpression: '#k = :k',
        ExpressionAttributeNames: { '#k': `${index}pk` },
        ExpressionAttributeValues: { ':k': partition },
      };
      const indexed = (await all(paginateQuery({ client: cloud.documents }, query))).map(identity).sort();
      const expected = rows
        .filter((row) => row[`${index}pk`] === partition)
        .map(identity)
        .sort();
      t.same(indexed, expected, `${index} ${partition}`);
    }
  }
}

/** Index keys on disk without an item, and items without their index keys. */
async function strayKeys(dir: string): Promise<string[]> {
  const level = new ClassicLevel(dir);
  const [table] = (await level.values({ gte: 'table!', lt: 'table!~' }).all()).map(
    (text) => JSON.parse(text) as Table,
  );
  const expected = new Set<string>();
  for (const [key, text] of await level.iterator(spaceRange(table.id)).all()) {
    const primary = key.slice(table.id.length + 1);
    for (const index of table.indexes) {
      const entry = indexEntry(index, JSON.parse(text) as Item, primary);
      if (entry !== undefined) expected.add(entry);
    }
  }
  const stray: string[] = [];
  for (const { id } of table.indexes) {
    for (const key of await level.keys(spaceRange(id)).all()) if (!expected.delete(key)) stray.push(key);
  }
  await level.close();
  return [...stray, ...expected];
}

t.test('kill -9, several times', async (t) => {
  const dir = t.testdir();
  const acknowledged = new Map<string, number>();
  for (let round = 0; round <= ROUNDS; round++) {
    const cloud = await start(dir);
    if (round === 0) await makeTable(cloud.client, { TableName, ...BROKER_TABLE });
    else await check(t, cloud, acknowledged);
    if (round < ROUNDS) {
      const writers = Array.from({ length: WRITERS }, (_, i) => write(cloud, `w${i}`, acknowledged));
      const target = heard(acknowledged) + 150 + 37 * round;
      while (heard(acknowledged) < target && cloud.child.exitCode === null) await sleep(5);
      cloud.child.kill('SIGKILL');
      await Promise.all(writers);
    } else cloud.child.kill();
    await cloud.exited;
    cloud.client.destroy();
  }
  t.same(await strayKeys(join(dir, 'dynamodb')), [], 'the indexes have the keys of the items and no others');
  t.equal(acknowledged.size, 2 * WRITERS, 'every writer has been heard');
  t.comment(`${heard(acknowledged)} acknowledged writes`);
});

t.test('a disk that is full loses nothing that was acknowledged', async (t) => {
  const dir = t.testdir();
  const full = await start(dir, 'trap "" XFSZ; ulimit -f 400'); // files of at most 200 KiB
  await makeTable(full.client, { TableName, ...BROKER_TABLE });
  const filling = 'x'.repeat(2_000);
  const puts = await Promise.allSettled(
    Array.from({ length: 200 }, (_, i) => {
      const Item = { pk: `p${i}`, sk: '1', filling, gsi1pk: 'all', gsi1sk: `p${i}` };
      return full.documents.send(new PutCommand({ TableName, Item }));
    }),
  );
  const acknowledged = puts.flatMap(({ status }, i) => (status === 'fulfilled' ? [`p${i} 1`] : []));
  t.ok(acknowledged.length > 10 && acknowledged.length < 150, `${acknowledged.length} fit`);
  const late = new PutCommand({ TableName, Item: { pk: 'late', sk: '1' } });
  await t.rejects(full.documents.send(late), { name: 'InternalServerError' }, 'and it stays full');
  full.child.kill('SIGKILL');
  await full.exited;
  full.client.destroy();

  const emptied = await start(dir);
  const rows = await all(paginateScan({ client: emptied.documents }, { TableName }));
  const found = new Set(rows.map(identity));
  t.same(
    acknowledged.filter((row) => !found.has(row)),
    [],
  );
  t.notOk(found.has('late 1'));
  await emptied.documents.send(late);
  emptied.child.kill();
  await emptied.exited;
  emptied.client.destroy();
  t.same(await strayKeys(join(dir, 'dynamodb')), []);
});
