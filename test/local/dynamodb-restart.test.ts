/** Everything is on disk: a restart goes on where the last process stopped. */
import { join } from 'node:path';
import type { AttributeValue, TableDescription } from '@aws-sdk/client-dynamodb';
import { ClassicLevel } from 'classic-level';
import t from 'tap';
import { createDynamoService } from '../../infra/local/dynamodb/service.ts';
import { rootContext } from '../contract/helpers/root-context.ts';

const TableName = 'things';
const definition = {
  TableName,
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
  BillingMode: 'PAY_PER_REQUEST',
};
const addIndex = {
  TableName,
  AttributeDefinitions: [{ AttributeName: 'colour', AttributeType: 'S' }],
  GlobalSecondaryIndexUpdates: [
    {
      Create: {
        IndexName: 'colours',
        KeySchema: [{ AttributeName: 'colour', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'ALL' },
      },
    },
  ],
};
/** The parts of answers that are looked at here. */
interface Answer {
  Count: number;
  Item: Record<string, AttributeValue>;
  Table: TableDescription;
}

const clock = () => Date.UTC(2026, 0, 1);

async function open(dir: string) {
  const service = await createDynamoService({ dir, clock });
  const call = (operation: string, input: Record<string, unknown>) =>
    service.call(operation, structuredClone(input), rootContext()) as Promise<Answer>;
  return { call, close: () => service.close() };
}
type Opened = Awaited<ReturnType<typeof open>>;

async function fillTable({ call }: Opened, count: number): Promise<void> {
  await call('CreateTable', definition);
  for (let from = 0; from < count; from += 25) {
    const requests = Array.from({ length: Math.min(25, count - from) }, (_, i) => ({
      PutRequest: { Item: { id: { S: `i${from + i}` }, colour: { S: 'red' } } },
    }));
    await call('BatchWriteItem', { RequestItems: { [TableName]: requests } });
  }
}

async function reds({ call }: Opened): Promise<number> {
  const { Count } = await call('Query', {
    TableName,
    IndexName: 'colours',
    KeyConditionExpression: 'colour = :c',
    ExpressionAttributeValues: { ':c': { S: 'red' } },
    Select: 'COUNT',
  });
  return Count;
}

t.test('tables, items, indexes and tokens survive', async (t) => {
  const dir = t.testdir();
  const first = await open(dir);
  await fillTable(first, 30);
  await first.call('UpdateTable', addIndex);
  const add = {
    ClientRequestToken: 'once',
    TransactItems: [
      {
        Update: {
          TableName,
          Key: { id: { S: 'sum' } },
          UpdateExpression: 'ADD n :one',
          ExpressionAttributeValues: { ':one': { N: '1' } },
        },
      },
    ],
  };
  await first.call('TransactWriteItems', add);
  const before = await first.call('DescribeTable', { TableName });
  await first.close();

  const second = await open(dir);
  t.teardown(second.close);
  await second.call('TransactWriteItems', add);
  t.equal((await second.call('GetItem', { TableName, Key: { id: { S: 'sum' } } })).Item.n.N, '1');
  const after = await second.call('DescribeTable', { TableName });
  t.equal(after.Table.TableId, before.Table.TableId);
  t.equal(after.Table.CreationDateTime, clock() / 1000);
  while ((await second.call('DescribeTable', { TableName })).Table.GlobalSecondaryIndexes?.[0]?.Backfilling) {
    await new Promise(setImmediate);
  }
  t.equal(await reds(second), 30);
});

t.test('a backfill that was interrupted is finished after the restart', async (t) => {
  const dir = t.testdir();
  const first = await open(dir);
  await fillTable(first, 1_500);
  await first.call('UpdateTable', addIndex);
  await first.close(); // does not wait for the index
  const second = await open(dir);
  t.teardown(second.close);
  const { Table } = await second.call('DescribeTable', { TableName });
  t.equal(Table.GlobalSecondaryIndexes?.[0].IndexStatus, 'CREATING');
  await t.rejects(reds(second), { code: 'ValidationException', message: /backfilling/ });
  while ((await second.call('DescribeTable', { TableName })).Table.GlobalSecondaryIndexes?.[0]?.Backfilling) {
    await new Promise(setImmediate);
  }
  t.equal(await reds(second), 1_500);
});

t.test('nothing is left of deleted tables and indexes', async (t) => {
  const dir = t.testdir();
  const first = await open(dir);
  await fillTable(first, 100);
  await first.call('UpdateTable', addIndex);
  await first.call('DeleteTable', { TableName });
  await first.close();
  const level = new ClassicLevel(join(dir, 'dynamodb'));
  t.same(await level.keys().all(), ['meta!next-space']);
  await level.close();
});

t.test('two processes cannot have the same tables open', async (t) => {
  const dir = t.testdir();
  const first = await open(dir);
  t.teardown(first.close);
  await t.rejects(open(dir), { code: 'LEVEL_DATABASE_NOT_OPEN' });
});
