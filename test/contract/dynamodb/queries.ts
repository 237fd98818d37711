/** Query and Scan: order, conditions on the sort key, pages, filters, indexes. */
import { BatchWriteCommand, QueryCommand, type QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import { type Case, failure, makeTable, put, split, update, type World } from './cases.ts';

type Options = Partial<QueryCommandInput>;

/** Queries the shared table; placeholders as in `split`. */
async function query(
  { documents, table }: World,
  condition: string,
  placeholders: Record<string, unknown>,
  options: Options = {},
) {
  return documents.send(
    new QueryCommand({
      TableName: table,
      KeyConditionExpression: condition,
      ...split(placeholders),
      ...options,
    }),
  );
}

/** Sort keys of what a query of one partition finds. */
async function sortKeys(
  world: World,
  pk: string,
  rest: string,
  values: Record<string, unknown>,
  options?: Options,
) {
  const { Items = [] } = await query(world, `pk = :pk${rest}`, { ':pk': pk, ...values }, options);
  return Items.map(({ sk }) => sk);
}

async function partition(
  world: World,
  sks: readonly string[],
  more: (i: number) => Record<string, unknown> = () => ({}),
) {
  const pk = world.fresh('query');
  await put(world, ...sks.map((sk, i) => ({ pk, sk, i, ...more(i) })));
  return pk;
}

export const queryCases: Case[] = [
  {
    name: 'conditions on a text sort key, in the order of UTF-8',
    async run(t, world) {
      const sks = ['A', 'AB', 'ABC', 'B', 'a', 'é', '\u{FFFD}', '\u{1F9E0}'];
      const pk = await partition(world, sks);
      t.same(await sortKeys(world, pk, '', {}), sks);
      t.same(await sortKeys(world, pk, '', {}, { ScanIndexForward: false }), sks.toReversed());
      t.same(await sortKeys(world, pk, ' AND sk = :a', { ':a': 'AB' }), ['AB']);
      t.same(await sortKeys(world, pk, ' AND sk < :a', { ':a': 'AB' }), ['A']);
      t.same(await sortKeys(world, pk, ' AND sk <= :a', { ':a': 'AB' }), ['A', 'AB']);
      t.same(await sortKeys(world, pk, ' AND sk > :a', { ':a': 'B' }), sks.slice(4));
      t.same(await sortKeys(world, pk, ' AND :a < sk', { ':a': 'B' }), sks.slice(4));
      t.same(await sortKeys(world, pk, ' AND sk >= :a', { ':a': 'B' }), sks.slice(3));
      t.same(await sortKeys(world, pk, ' AND begins_with(sk, :a)', { ':a': 'AB' }), ['AB', 'ABC']);
      t.same(await sortKeys(world, pk, ' AND sk BETWEEN :a AND :b', { ':a': 'AB', ':b': 'B' }), [
        'AB',
        'ABC',
        'B',
      ]);
    },
  },
  {
    name: 'numbers and bytes sort by value',
    async run(t, { client, documents, fresh }) {
      const numbers = [-1e12, -150.5, -2, -0.001, 0, 1e-10, 0.5, 1, 9, 10, 11, 1e12];
      const blobs = [[0], [0, 0], [0, 1], [1], [127], [128], [255, 0]].map((bytes) => new Uint8Array(bytes));
      const columns: ['N' | 'B', unknown[]][] = [
        ['N', numbers],
        ['B', blobs],
      ];
      for (const [AttributeType, values] of columns) {
        const TableName = fresh(`sort-${AttributeType}`);
        await makeTable(client, {
          TableName,
          KeySchema: [
            { AttributeName: 'h', KeyType: 'HASH' },
            { AttributeName: 'r', KeyType: 'RANGE' },
          ],
          AttributeDefinitions: [
            { AttributeName: 'h', AttributeType },
            { AttributeName: 'r', AttributeType },
          ],
          BillingMode: 'PAY_PER_REQUEST',
        });
        const h = values[0];
        const PutRequests = values.toReversed().map((r) => ({ PutRequest: { Item: { h, r } } }));
        await documents.send(new BatchWriteCommand({ RequestItems: { [TableName]: PutRequests } }));
        const find = async (condition: string, more = {}) => {
          const { Items = [] } = await documents.send(
            new QueryCommand({
              TableName,
              KeyConditionExpression: condition,
              ...split({ ':h': h, ...more }),
            }),
          );
          return Items.map(({ r }) => r);
        };
        t.same(await find('h = :h'), values);
        t.same(await find('h = :h AND r > :r', { ':r': values[3] }), values.slice(4));
        t.same(
          await find('h = :h AND r BETWEEN :r AND :s', { ':r': values[1], ':s': values[4] }),
          values.slice(1, 5),
        );
      }
    },
  },
  {
    name: 'pages follow one another in both directions',
    async run(t, world) {
      const sks = Array.from({ length: 25 }, (_, i) => String(i).padStart(3, '0'));
      const pk = await partition(world, sks);
      for (const ScanIndexForward of [true, false]) {
        const found: string[] = [];
        const sizes: number[] = [];
        let ExclusiveStartKey: Record<string, unknown> | undefined;
        do {
          const page = await query(
            world,
            'pk = :pk',
            { ':pk': pk },
            { Limit: 10, ScanIndexForward, ExclusiveStartKey },
          );
          found.push(...(page.Items ?? []).map(({ sk }) => sk));
          sizes.push(page.Count ?? 0);
          ExclusiveStartKey = page.LastEvaluatedKey;
        } while (ExclusiveStartKey);
        t.same(found, ScanIndexForward ? sks : sks.toReversed());
        t.same(sizes, [10, 10, 5]);
      }
    },
  },
  {
    name: 'a filter applies after the limit; counts tell both',
    async run(t, world) {
      const pk = await partition(world, ['0', '1', '2', '3', '4', '5']);
      const filtered = { FilterExpression: 'i >= :i', Limit: 4 };
      const page = await query(world, 'pk = :pk', { ':pk': pk, ':i': 2 }, filtered);
      t.match(page, { Count: 2, ScannedCount: 4, LastEvaluatedKey: { pk, sk: '3' } });
      const counted = await query(world, 'pk = :pk', { ':pk': pk }, { Select: 'COUNT' });
      t.match(counted, { Count: 6, ScannedCount: 6 });
      t.equal(counted.Items, undefined);
    },
  },
  {
    name: 'projections answer the named parts only',
    async run(t, world) {
      const pk = await partition(world, ['1'], () => ({
        m: { a: 1, b: { c: 2, d: 3 } },
        l: [0, 1, 2],
        x: 1,
      }));
      const { Items } = await query(
        world,
        'pk = :pk',
        { ':pk': pk, '#m': 'm' },
        { ProjectionExpression: 'sk, #m.b.c, l[2], l[0], absent, #m.absent.too' },
      );
      t.same(Items, [{ sk: '1', m: { b: { c: 2 } }, l: [0, 2] }]);
    },
  },
  {
    name: 'a page ends after one megabyte',
    async run(t, world) {
      const filling = 'x'.repeat(300_000);
      const pk = await partition(world, ['1', '2', '3', '4', '5'], () => ({ filling }));
      const first = await query(world, 'pk = :pk', { ':pk': pk }, { ProjectionExpression: 'sk' });
      t.match(first.LastEvaluatedKey, { pk });
      const rest = await query(
        world,
        'pk = :pk',
        { ':pk': pk },
        { ExclusiveStartKey: first.LastEvaluatedKey },
      );
      t.equal((first.Count ?? 0) + (rest.Count ?? 0), 5);
      t.ok((first.Count ?? 0) >= 3 && (first.Count ?? 0) <= 4);
    },
  },
  {
    name: 'an index has the items with its key, moves with them and forgets them',
    async run(t, world) {
      const gsi1pk = world.fresh('index');
      const pk = await partition(world, ['1', '2', '3', '4'], (i) =>
        i === 3 ? { gsi1pk } : { gsi1pk, gsi1sk: String(9 - i) },
      );
      const found = async (of = gsi1pk) => {
        const page = await query(world, 'gsi1pk = :g', { ':g': of }, { IndexName: 'gsi1' });
        return (page.Items ?? []).map(({ sk }) => sk);
      };
      t.same(
        await found(),
        ['3', '2', '1'],
        'in the order of the index, without the item that has no sort key',
      );
      await update(world, { pk, sk: '2' }, 'SET gsi1sk = :s', { ':s': '0' });
      t.same(await found(), ['2', '3', '1']);
      await update(world, { pk, sk: '3' }, 'REMOVE gsi1pk');
      t.same(await found(), ['2', '1']);
      const elsewhere = world.fresh('index');
      await update(world, { pk, sk: '1' }, 'SET gsi1pk = :g', { ':g': elsewhere });
      t.same([await found(), await found(elsewhere)], [['2'], ['1']]);
    },
  },
  {
    name: 'an index pages through items with equal keys',
    async run(t, world) {
      const gsi1pk = world.fresh('equal');
      const sks = Array.from({ length: 9 }, (_, i) => String(i));
      await partition(world, sks, () => ({ gsi1pk, gsi1sk: 'same' }));
      const found: string[] = [];
      let ExclusiveStartKey: Record<string, unknown> | undefined;
      do {
        const options = { IndexName: 'gsi1', Limit: 4, ExclusiveStartKey };
        const page = await query(world, 'gsi1pk = :g', { ':g': gsi1pk }, options);
        found.push(...(page.Items ?? []).map(({ sk }) => sk));
        ExclusiveStartKey = page.LastEvaluatedKey;
        if (ExclusiveStartKey) {
          t.same(Object.keys(ExclusiveStartKey).sort(), ['gsi1pk', 'gsi1sk', 'pk', 'sk']);
        }
      } while (ExclusiveStartKey);
      t.same(found.sort(), sks);
    },
  },
  {
    name: 'an index of keys answers keys only',
    async run(t, world) {
      const gsi2pk = world.fresh('keys');
      const pk = await partition(world, ['1'], () => ({ gsi2pk, gsi2sk: 's', secret: 'x' }));
      const options = { IndexName: 'gsi2' };
      const { Items } = await query(world, 'gsi2pk = :g', { ':g': gsi2pk }, options);
      t.same(Items, [{ pk, sk: '1', gsi2pk, gsi2sk: 's' }]);
      const refusals: Options[] = [
        { ProjectionExpression: 'secret' },
        { Select: 'ALL_ATTRIBUTES' },
        { ConsistentRead: true },
        { IndexName: 'gsi9' },
      ];
      for (const more of refusals) {
        const error = await failure(query(world, 'gsi2pk = :g', { ':g': gsi2pk }, { ...options, ...more }));
        t.equal(error.name, 'ValidationException', JSON.stringify(more));
      }
    },
  },
  {
    name: 'wrong key conditions are refused',
    async run(t, world) {
      const wrong: [string, Record<string, unknown>, Options?][] = [
        ['sk = :s', { ':s': '1' }],
        ['pk > :p', { ':p': 'a' }],
        ['pk = :p OR sk = :s', { ':p': 'a', ':s': '1' }],
        ['pk = :p AND NOT sk = :s', { ':p': 'a', ':s': '1' }],
        ['pk = :p AND sk <> :s', { ':p': 'a', ':s': '1' }],
        ['pk = :p AND contains(sk, :s)', { ':p': 'a', ':s': '1' }],
        ['pk = :p AND third = :s', { ':p': 'a', ':s': '1' }],
        ['pk = :p AND sk > :s AND sk < :e', { ':p': 'a', ':s': '1', ':e': '2' }],
        ['pk = :p AND sk = :s', { ':p': 'a', ':s': 1 }],
        ['pk = :p', { ':p': 'a', ':s': '1' }, { FilterExpression: 'sk = :s' }],
        ['pk = :p', { ':p': 'a' }, { ExclusiveStartKey: { pk: 'b', sk: '1' } }],
        ['pk = :p', { ':p': 'a' }, { ExclusiveStartKey: { pk: 'a' } }],
      ];
      for (const [condition, values, options] of wrong) {
        const error = await failure(query(world, condition, values, options));
        t.equal(error.name, 'ValidationException', `${condition} ${JSON.stringify(options ?? '')}`);
      }
    },
  },
];
