/** Items: what is put is what is read, conditions hold under races, sizes and keys have limits. */
import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { type Case, failure, get, outcome, put, update, type World } from './cases.ts';

const ABSENT = 'attribute_not_exists(pk)';

export const itemCases: Case[] = [
  {
    name: 'every type of value comes back as it was put',
    async run(t, { client, table, fresh }) {
      const Key = { pk: { S: fresh('types') }, sk: { S: 'é\u{1F9E0}' } };
      const Item = {
        ...Key,
        text: { S: 'Überlänge \u0000\u0001' },
        empty: { S: '' },
        number: { N: '12345678901234567890123456789012345678' },
        tiny: { N: '-0.00000000000000000000000000000000000000000001' },
        bytes: { B: new Uint8Array([0, 1, 255, 128]) },
        yes: { BOOL: true },
        nothing: { NULL: true },
        texts: { SS: ['a', 'b'] },
        numbers: { NS: ['1', '2.5'] },
        list: { L: [{ N: '1' }, { L: [] }, { M: { deep: { BOOL: false } } }] },
        map: { M: { constructor: { S: 'ordinary' }, toString: { S: 'names' } } },
      };
      await client.send(new PutItemCommand({ TableName: table, Item }));
      const read = await client.send(new GetItemCommand({ TableName: table, Key, ConsistentRead: true }));
      const sorted = {
        ...read.Item,
        texts: { SS: read.Item?.texts.SS?.toSorted() },
        numbers: { NS: read.Item?.numbers.NS?.toSorted() },
      };
      t.same(sorted, Item);
    },
  },
  {
    name: 'numbers are canonical: no exponent, no needless zeros',
    async run(t, { client, table, fresh }) {
      const Key = { pk: { S: fresh('numbers') }, sk: { S: 'n' } };
      const forms: [string, string][] = [
        ['1e3', '1000'],
        ['0.10', '0.1'],
        ['-0', '0'],
        ['12e-2', '0.12'],
      ];
      for (const [given, canonical] of forms) {
        await client.send(new PutItemCommand({ TableName: table, Item: { ...Key, n: { N: given } } }));
        const { Item } = await client.send(
          new GetItemCommand({ TableName: table, Key, ConsistentRead: true }),
        );
        t.equal(Item?.n.N, canonical, given);
      }
      for (const wrong of ['', 'x', '1e126', '123456789012345678901234567890123456789']) {
        const work = client.send(new PutItemCommand({ TableName: table, Item: { ...Key, n: { N: wrong } } }));
        t.equal((await failure(work)).name, 'ValidationException', wrong);
      }
    },
  },
  {
    name: 'put and delete answer the old item when asked',
    async run(t, world) {
      const { documents, table: TableName } = world;
      const key = { pk: world.fresh('old'), sk: '1' };
      const first = await documents.send(
        new PutCommand({ TableName, Item: { ...key, n: 1 }, ReturnValues: 'ALL_OLD' }),
      );
      t.equal(first.Attributes, undefined);
      const second = await documents.send(
        new PutCommand({ TableName, Item: { ...key, n: 2 }, ReturnValues: 'ALL_OLD' }),
      );
      t.same(second.Attributes, { ...key, n: 1 });
      const gone = await documents.send(new DeleteCommand({ TableName, Key: key, ReturnValues: 'ALL_OLD' }));
      t.same(gone.Attributes, { ...key, n: 2 });
      t.equal(await get(world, key.pk, key.sk), undefined);
      const again = await documents.send(new DeleteCommand({ TableName, Key: key, ReturnValues: 'ALL_OLD' }));
      t.equal(again.Attributes, undefined);
    },
  },
  {
    name: 'a failed condition changes nothing and shows the item only when asked',
    async run(t, world) {
      const { documents, table: TableName } = world;
      const Key = { pk: world.fresh('condition'), sk: '1' };
      await put(world, { ...Key, n: 1 });
      const attempt = { TableName, ConditionExpression: 'n > :n', ExpressionAttributeValues: { ':n': 5 } };
      const asked = { ...attempt, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const };
      const writes = (options: typeof attempt) => [
        () => documents.send(new PutCommand({ ...options, Item: { ...Key, n: 9 } })),
        () => documents.send(new UpdateCommand({ ...options, Key, UpdateExpression: 'SET m = :n' })),
        () => documents.send(new DeleteCommand({ ...options, Key })),
      ];
      for (const write of writes(attempt)) {
        const error = await failure(write());
        t.match(error, {
          name: 'ConditionalCheckFailedException',
          message: 'The conditional request failed',
        });
        t.equal(error.Item, undefined);
      }
      for (const write of writes(asked)) t.match((await failure(write())).Item, { n: { N: '1' } });
      t.same(await get(world, Key.pk, Key.sk), { ...Key, n: 1 });
    },
  },
  {
    name: 'of fifty racing conditional puts exactly one wins',
    async run(t, world) {
      const key = { pk: world.fresh('race'), sk: '1' };
      const puts = Array.from({ length: 50 }, (_, by) =>
        outcome(
          world.documents.send(
            new PutCommand({ TableName: world.table, Item: { ...key, by }, ConditionExpression: ABSENT }),
          ),
        ),
      );
      const results = await Promise.all(puts);
      const winners = results.flatMap((result, by) => (typeof result === 'string' ? [] : [by]));
      t.equal(winners.length, 1);
      t.equal(results.filter((result) => result === 'ConditionalCheckFailedException').length, 49);
      t.same(await get(world, key.pk, key.sk), { ...key, by: winners[0] });
    },
  },
  {
    name: 'a hundred concurrent additions all count',
    async run(t, world) {
      const key = { pk: world.fresh('sum'), sk: '1' };
      await Promise.all(Array.from({ length: 100 }, () => update(world, key, 'ADD n :one', { ':one': 1 })));
      t.equal((await get(world, key.pk, key.sk))?.n, 100);
    },
  },
  {
    name: 'keys must fit the schema',
    async run(t, world) {
      const pk = world.fresh('keys');
      const wrong: Record<string, unknown>[] = [
        { pk },
        { sk: '1' },
        { pk, sk: 1 },
        { pk, sk: '' },
        { pk, sk: 'x'.repeat(1025) },
        { pk: 'x'.repeat(2049), sk: '1' },
        { pk, sk: '1', gsi1pk: 7 },
        { pk, sk: '1', gsi1pk: '' },
      ];
      for (const item of wrong) await refused(t, world, item);
      await put(world, { pk, sk: 'x'.repeat(1024) });
      await put(world, { pk, sk: '1', gsi1pk: 'no sort key: not in the index, no error' });
    },
  },
  {
    name: 'an item has at most 400 KB, names and UTF-8 included',
    async run(t, world) {
      const key = { pk: world.fresh('size'), sk: '1' };
      // pk and sk with their names, and the one-letter name of the filling.
      const rest = 409_600 - ('pk'.length + key.pk.length + 'sk'.length + 1 + 1);
      await put(world, { ...key, f: 'x'.repeat(rest) });
      await refused(t, world, { ...key, f: 'x'.repeat(rest + 1) });
      await refused(t, world, { ...key, f: 'é'.repeat(rest / 2 + 1) });
      const grown = await failure(update(world, key, 'SET g = :g', { ':g': 'too much' }));
      t.equal(grown.name, 'ValidationException');
    },
  },
  {
    name: 'a table that is not there is not found',
    async run(t, { documents, fresh }) {
      const work = documents.send(new PutCommand({ TableName: fresh('none'), Item: { pk: 'a', sk: 'b' } }));
      const error = await failure(work);
      t.match(error, { name: 'ResourceNotFoundException', message: /Requested resource not found/ });
    },
  },
  {
    name: 'consumed capacity is answered when asked',
    async run(t, { documents, table: TableName, fresh }) {
      const Item = { pk: fresh('capacity'), sk: '1', gsi1pk: fresh('g'), gsi1sk: '1', f: 'x'.repeat(3000) };
      const { ConsumedCapacity } = await documents.send(
        new PutCommand({ TableName, Item, ReturnConsumedCapacity: 'INDEXES' }),
      );
      t.match(ConsumedCapacity, {
        TableName,
        CapacityUnits: 6,
        Table: { CapacityUnits: 3 },
        GlobalSecondaryIndexes: { gsi1: { CapacityUnits: 3 } },
      });
    },
  },
];

async function refused(
  t: Parameters<Case['run']>[0],
  world: World,
  Item: Record<string, unknown>,
): Promise<void> {
  const work = world.documents.send(new PutCommand({ TableName: world.table, Item }));
  t.equal((await failure(work)).name, 'ValidationException', JSON.stringify(Item).slice(0, 60));
}
