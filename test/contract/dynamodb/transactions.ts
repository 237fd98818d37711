/** Transactions and batches. */
import { randomUUID } from 'node:crypto';
import {
  BatchGetCommand,
  BatchWriteCommand,
  QueryCommand,
  TransactGetCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { type Case, failure, get, outcome, put, type World } from './cases.ts';

type Members = NonNullable<TransactWriteCommandInput['TransactItems']>;

const transact = ({ documents }: World, TransactItems: Members, ClientRequestToken?: string) =>
  documents.send(new TransactWriteCommand({ TransactItems, ClientRequestToken }));

export const transactionCases: Case[] = [
  {
    name: 'put, update, delete and check happen together',
    async run(t, world) {
      const { table: TableName } = world;
      const pk = world.fresh('together');
      await put(world, { pk, sk: 'update', n: 1 }, { pk, sk: 'delete' }, { pk, sk: 'check', ok: true });
      await transact(world, [
        { Put: { TableName, Item: { pk, sk: 'put', gsi1pk: pk, gsi1sk: 'put' } } },
        {
          Update: {
            TableName,
            Key: { pk, sk: 'update' },
            UpdateExpression: 'SET n = n + :one, gsi1pk = :g, gsi1sk = :s',
            ExpressionAttributeValues: { ':one': 1, ':g': pk, ':s': 'update' },
          },
        },
        { Delete: { TableName, Key: { pk, sk: 'delete' }, ConditionExpression: 'attribute_exists(pk)' } },
        {
          ConditionCheck: {
            TableName,
            Key: { pk, sk: 'check' },
            ConditionExpression: 'ok = :ok',
            ExpressionAttributeValues: { ':ok': true },
          },
        },
      ]);
      t.equal((await get(world, pk, 'update'))?.n, 2);
      t.equal(await get(world, pk, 'delete'), undefined);
      const { Items = [] } = await world.documents.send(
        new QueryCommand({
          TableName,
          IndexName: 'gsi1',
          KeyConditionExpression: 'gsi1pk = :g',
          ExpressionAttributeValues: { ':g': pk },
        }),
      );
      t.same(
        Items.map(({ sk }) => sk),
        ['put', 'update'],
      );
    },
  },
  {
    name: 'one failed condition cancels all, with a reason for each member',
    async run(t, world) {
      const { table: TableName } = world;
      const pk = world.fresh('cancelled');
      await put(world, { pk, sk: 'there', n: 1 });
      const ConditionExpression = 'attribute_not_exists(pk)';
      const error = await failure(
        transact(world, [
          { Put: { TableName, Item: { pk, sk: 'new' }, ConditionExpression } },
          {
            Put: {
              TableName,
              Item: { pk, sk: 'there' },
              ConditionExpression,
              ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
            },
          },
          {
            ConditionCheck: {
              TableName,
              Key: { pk, sk: 'missing' },
              ConditionExpression: 'attribute_exists(pk)',
            },
          },
          {
            Update: {
              TableName,
              Key: { pk, sk: 'other' },
              UpdateExpression: 'ADD n :one',
              ExpressionAttributeValues: { ':one': 1 },
            },
          },
        ]),
      );
      t.equal(error.name, 'TransactionCanceledException');
      t.match(error.message, /\[None, ConditionalCheckFailed, ConditionalCheckFailed, None\]/);
      t.match(error.CancellationReasons, [
        { Code: 'None' },
        {
          Code: 'ConditionalCheckFailed',
          Message: 'The conditional request failed',
          Item: { n: { N: '1' } },
        },
        { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed' },
        { Code: 'None' },
      ]);
      t.equal(await get(world, pk, 'new'), undefined);
      t.equal(await get(world, pk, 'other'), undefined);
    },
  },
  {
    name: 'a repeated token does not repeat the transaction',
    async run(t, world) {
      const pk = world.fresh('token');
      const token = randomUUID();
      const adding = (amount: number): Members => [
        {
          Update: {
            TableName: world.table,
            Key: { pk, sk: '1' },
            UpdateExpression: 'ADD n :amount',
            ExpressionAttributeValues: { ':amount': amount },
          },
        },
      ];
      await Promise.all([1, 1, 1].map((amount) => transact(world, adding(amount), token)));
      t.equal((await get(world, pk, '1'))?.n, 1);
      const error = await failure(transact(world, adding(2), token));
      t.equal(error.name, 'IdempotentParameterMismatchException');
      await transact(world, adding(1), randomUUID());
      t.equal((await get(world, pk, '1'))?.n, 2);
    },
  },
  {
    name: 'of racing transactions on the same items each happens whole or not at all',
    async run(t, world) {
      const { table: TableName } = world;
      const pk = world.fresh('transfer');
      await put(world, { pk, sk: 'a', n: 100 }, { pk, sk: 'b', n: 0 });
      const move = (sk: string, amount: number) => ({
        Update: {
          TableName,
          Key: { pk, sk },
          UpdateExpression: 'SET n = n + :amount',
          ConditionExpression: 'n >= :least',
          ExpressionAttributeValues: { ':amount': amount, ':least': Math.max(0, -amount) },
        },
      });
      const results = await Promise.all(
        Array.from({ length: 30 }, () => outcome(transact(world, [move('a', -7), move('b', 7)]))),
      );
      const moved = results.filter((result) => typeof result !== 'string').length;
      t.equal((await get(world, pk, 'a'))?.n, 100 - 7 * moved);
      t.equal((await get(world, pk, 'b'))?.n, 7 * moved);
      t.ok(moved > 0 && moved <= 14);
    },
  },
  {
    name: 'a hundred members are taken, more or twice the same item are refused',
    async run(t, world) {
      const pk = world.fresh('many');
      const puts = (count: number): Members =>
        Array.from({ length: count }, (_, i) => ({
          Put: { TableName: world.table, Item: { pk, sk: `s${i}` } },
        }));
      await transact(world, puts(100));
      const wrong: Members[] = [
        puts(101),
        [...puts(1), ...puts(1)],
        [{ ...puts(1)[0], Delete: { TableName: world.table, Key: { pk, sk: 'x' } } }],
        [{ Put: { TableName: world.table, Item: { pk } } }],
      ];
      for (const members of wrong)
        t.equal((await failure(transact(world, members))).name, 'ValidationException');
      const { Responses } = await world.documents.send(
        new TransactGetCommand({
          TransactItems: ['s0', 's99', 'none'].map((sk) => ({
            Get: { TableName: world.table, Key: { pk, sk }, ProjectionExpression: 'sk' },
          })),
        }),
      );
      t.same(
        Responses?.map(({ Item }) => Item),
        [{ sk: 's0' }, { sk: 's99' }, undefined],
      );
    },
  },
  {
    name: 'batches write and read many items at once',
    async run(t, world) {
      const { documents, table } = world;
      const pk = world.fresh('batch');
      const sks = Array.from({ length: 100 }, (_, i) => String(i).padStart(3, '0'));
      for (let i = 0; i < sks.length; i += 25) {
        const requests = sks
          .slice(i, i + 25)
          .map((sk) => ({ PutRequest: { Item: { pk, sk, gsi1pk: pk, gsi1sk: sk } } }));
        const { UnprocessedItems } = await documents.send(
          new BatchWriteCommand({ RequestItems: { [table]: requests } }),
        );
        t.same(UnprocessedItems ?? {}, {});
      }
      await documents.send(
        new BatchWriteCommand({
          RequestItems: { [table]: [{ DeleteRequest: { Key: { pk, sk: '000' } } }] },
        }),
      );
      const Keys = sks.map((sk) => ({ pk, sk }));
      const { Responses, UnprocessedKeys } = await documents.send(
        new BatchGetCommand({
          RequestItems: {
            [table]: { Keys, ProjectionExpression: '#sk', ExpressionAttributeNames: { '#sk': 'sk' } },
          },
        }),
      );
      t.same(Responses?.[table].map(({ sk }) => sk).sort(), sks.slice(1));
      t.same(UnprocessedKeys ?? {}, {});
    },
  },
  {
    name: 'batches that are too long or name an item twice are refused',
    async run(t, world) {
      const { documents, table } = world;
      const pk = world.fresh('batch');
      const Item = (i: number) => ({ pk, sk: `s${i}` });
      const puts = (count: number) =>
        Array.from({ length: count }, (_, i) => ({ PutRequest: { Item: Item(i) } }));
      for (const requests of [puts(26), [...puts(1), ...puts(1)]]) {
        const work = documents.send(new BatchWriteCommand({ RequestItems: { [table]: requests } }));
        t.equal((await failure(work)).name, 'ValidationException');
      }
      for (const Keys of [Array.from({ length: 101 }, (_, i) => Item(i)), [Item(1), Item(1)]]) {
        const work = documents.send(new BatchGetCommand({ RequestItems: { [table]: { Keys } } }));
        t.equal((await failure(work)).name, 'ValidationException');
      }
    },
  },
];
