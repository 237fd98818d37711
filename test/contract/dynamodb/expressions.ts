/** The language of conditions and updates. */
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { type Case, failure, get, outcome, put, split, update } from './cases.ts';

/** Conditions on ITEM, with the value of `:v` (and `:w`), and whether they hold. */
const ITEM = {
  n: 5,
  word: 'abcdef',
  flag: true,
  nothing: null,
  tags: new Set(['x', 'y']),
  cells: [1, 'two', { three: 3 }],
  tree: { inside: { deep: 'down' }, n: 1 },
  bytes: new Uint8Array([1, 2, 3]),
  twin: 5,
};
const CONDITIONS: [condition: string, holds: boolean, v?: unknown, w?: unknown][] = [
  ['n = :v', true, 5],
  ['n <> :v', false, 5],
  ['n < :v', false, 5],
  ['n <= :v', true, 5],
  ['n > :v', true, 4.99],
  ['n >= :v', true, 5],
  ['n = twin', true],
  ['n = :v', false, '5'],
  ['n < :v', false, '9'],
  ['absent = :v', false, 1],
  ['absent <> :v', true, 1],
  ['NOT absent = :v', true, 1],
  ['n BETWEEN :v AND :w', true, 5, 6],
  ['word BETWEEN :v AND :w', true, 'abc', 'abd'],
  ['n IN (:v, :w)', true, 1, 5],
  ['n IN (:v)', false, 1],
  ['word > :v', true, 'abcde'],
  ['attribute_exists(tree.inside.deep)', true],
  ['attribute_exists(tree.inside.nope)', false],
  ['attribute_exists(cells[2].three)', true],
  ['attribute_not_exists(cells[3])', true],
  ['attribute_exists(nothing)', true],
  ['attribute_type(nothing, :v)', true, 'NULL'],
  ['attribute_type(tags, :v)', true, 'SS'],
  ['attribute_type(n, :v)', false, 'S'],
  ['begins_with(word, :v)', true, 'abc'],
  ['begins_with(word, :v)', false, 'bc'],
  ['begins_with(bytes, :v)', true, new Uint8Array([1, 2])],
  ['contains(word, :v)', true, 'cde'],
  ['contains(tags, :v)', true, 'y'],
  ['contains(tags, :v)', false, 'z'],
  ['contains(cells, :v)', true, 'two'],
  ['contains(cells, :v)', true, { three: 3 }],
  ['contains(bytes, :v)', true, new Uint8Array([2, 3])],
  ['size(word) = :v', true, 6],
  ['size(tags) >= :v', true, 2],
  ['size(bytes) = :v', true, 3],
  ['size(tree) = :v', true, 2],
  ['size(n) = :v', false, 1],
  ['tree = :v', true, { n: 1, inside: { deep: 'down' } }],
  ['cells <> :v', false, [1, 'two', { three: 3 }]],
  ['tags = :v', true, new Set(['y', 'x'])],
  ['flag = :v AND nothing = :w', true, true, null],
  ['n = :v OR flag = :w', true, 6, true],
  ['n = :v OR n = :w AND flag = :v', false, 6, 5],
  ['(n = :v OR n = :w) AND attribute_exists(flag)', true, 6, 5],
  ['NOT (n = :v AND n = :w)', true, 5, 6],
  ['n = :v and not attribute_exists(absent)', true, 5],
];

/** Expressions that must be refused, whatever the item is. */
const WRONG: [condition: string, v?: unknown, w?: unknown][] = [
  ['n = '],
  ['n = :v', undefined],
  ['#undefined = :v', 1],
  ['status = :v', 1],
  ['n = :v extra', 1],
  ['(n = :v', 1],
  ['((n = :v))', 1],
  ['size(n)', undefined],
  ['unknown(n, :v)', 1],
  ['attribute_exists(:v)', 1],
  ['attribute_type(n, :v)', 'NOPE'],
  ['begins_with(n, :v)', 1],
  ['n < :v', true],
  ['n BETWEEN :v AND :w', 2, 1],
  ['n = n'],
  ['n = :v', 1, 'unused'],
  ["n = 'quoted'"],
  [''],
];

function valuesOf(v: unknown, w: unknown) {
  const given = Object.entries({ ':v': v, ':w': w });
  return split(Object.fromEntries(given.filter(([, value]) => value !== undefined)));
}

export const expressionCases: Case[] = [
  {
    name: 'conditions hold as documented',
    async run(t, world) {
      const key = { pk: world.fresh('holds'), sk: '1' };
      const Item = { ...key, ...ITEM };
      await put(world, Item);
      for (const [condition, holds, v, w] of CONDITIONS) {
        const result = await outcome(
          world.documents.send(
            new PutCommand({
              TableName: world.table,
              Item,
              ConditionExpression: condition,
              ...valuesOf(v, w),
            }),
          ),
        );
        const answer = typeof result === 'string' ? result : true;
        t.equal(
          answer,
          holds ? true : 'ConditionalCheckFailedException',
          `${condition} ${v ?? ''} ${w ?? ''}`,
        );
      }
    },
  },
  {
    name: 'wrong conditions are refused',
    async run(t, world) {
      const Item = { pk: world.fresh('wrong'), sk: '1' };
      for (const [condition, v, w] of WRONG) {
        const work = world.documents.send(
          new PutCommand({
            TableName: world.table,
            Item,
            ConditionExpression: condition,
            ...valuesOf(v, w),
          }),
        );
        t.equal((await outcome(work)) as string, 'ValidationException', condition);
      }
      t.equal(await get(world, Item.pk, Item.sk), undefined);
    },
  },
  {
    name: 'SET, REMOVE, ADD and DELETE',
    async run(t, world) {
      const key = { pk: world.fresh('update'), sk: '1' };
      const before = { n: 1, m: { a: 1, b: { c: 2 } }, l: [1, 2, 3], s: new Set(['a', 'b']), gone: 1 };
      await put(world, { ...key, ...before });
      const { Attributes } = await update(
        world,
        key,
        'SET n = n + :two, m.a = if_not_exists(m.z, :two) - :one, m.b.d = :t, l = list_append(:more, l), fresh = :t' +
          ' REMOVE gone, m.b.c ADD tally :two, s :add DELETE hollow :add',
        { ':one': 1, ':two': 2, ':t': 't', ':more': [0], ':add': new Set(['b', 'c']) },
        { ReturnValues: 'ALL_NEW' },
      );
      t.same(Attributes, {
        ...key,
        n: 3,
        m: { a: 1, b: { d: 't' } },
        l: [0, 1, 2, 3],
        s: new Set(['a', 'b', 'c']),
        fresh: 't',
        tally: 2,
      });
      await update(world, key, 'DELETE s :all', { ':all': new Set(['a', 'b', 'c']) });
      t.notOk('s' in ((await get(world, key.pk, key.sk)) ?? {}), 'an empty set is no attribute');
    },
  },
  {
    name: 'an update makes the item that is not there',
    async run(t, world) {
      const key = { pk: world.fresh('upsert'), sk: '1' };
      await update(world, key, 'SET a = if_not_exists(a, :v)', { ':v': 1 });
      await update(world, key, 'SET a = if_not_exists(a, :v)', { ':v': 2 });
      t.same(await get(world, key.pk, key.sk), { ...key, a: 1 });
    },
  },
  {
    name: 'all parts of an update read the item as it was',
    async run(t, world) {
      const key = { pk: world.fresh('swap'), sk: '1' };
      await put(world, { ...key, a: 1, b: 2, m: { x: 1 } });
      await update(world, key, 'SET a = b, b = a, m.twin = m');
      t.same(await get(world, key.pk, key.sk), { ...key, a: 2, b: 1, m: { x: 1, twin: { x: 1 } } });
    },
  },
  {
    name: 'list indexes mean the list as it was; beyond its end they append',
    async run(t, world) {
      const key = { pk: world.fresh('list'), sk: '1' };
      await put(world, { ...key, l: [0, 1, 2, 3, 4] });
      await update(world, key, 'REMOVE l[0], l[2], l[9] SET l[4] = :a, l[1000000] = :c, l[7] = :b', {
        ':a': 'a',
        ':b': 'b',
        ':c': 'c',
      });
      t.same((await get(world, key.pk, key.sk))?.l, [1, 3, 'a', 'b', 'c']);
    },
  },
  {
    name: 'return values of an update',
    async run(t, world) {
      const key = { pk: world.fresh('return'), sk: '1' };
      await put(world, { ...key, a: 1, m: { x: 1, y: 2 } });
      const run = async (ReturnValues: 'ALL_NEW' | 'ALL_OLD' | 'UPDATED_NEW' | 'UPDATED_OLD', v: number) =>
        (await update(world, key, 'SET m.x = :v, fresh = :v', { ':v': v }, { ReturnValues })).Attributes;
      t.same(await run('UPDATED_OLD', 2), { m: { x: 1 } });
      t.same(await run('UPDATED_NEW', 3), { m: { x: 3 }, fresh: 3 });
      t.same(await run('ALL_OLD', 4), { ...key, a: 1, m: { x: 3, y: 2 }, fresh: 3 });
      t.same(await run('ALL_NEW', 5), { ...key, a: 1, m: { x: 5, y: 2 }, fresh: 5 });
    },
  },
  {
    name: 'wrong updates are refused and change nothing',
    async run(t, world) {
      const key = { pk: world.fresh('bad'), sk: '1' };
      const item = { ...key, n: 1, word: 'x', m: { a: 1 }, l: [1], gsi1pk: 'g', gsi1sk: '1' };
      await put(world, item);
      const wrong: [string, Record<string, unknown>?][] = [
        ['SET sk = :v', { ':v': 'x' }],
        ['SET m = :v, m.a = :v', { ':v': 1 }],
        ['SET m.a = :v REMOVE m.a', { ':v': 1 }],
        ['SET m.z.y = :v', { ':v': 1 }],
        ['SET n.x = :v', { ':v': 1 }],
        ['SET m[0] = :v', { ':v': 1 }],
        ['SET n = absent'],
        ['SET n = n + absent'],
        ['SET n = n + :v', { ':v': 'text' }],
        ['SET n = word + :v', { ':v': 1 }],
        ['SET l = list_append(l, :v)', { ':v': 1 }],
        ['SET l = list_append(n, :v)', { ':v': [1] }],
        ['ADD word :v', { ':v': 1 }],
        ['ADD n :v', { ':v': 'text' }],
        ['DELETE n :v', { ':v': new Set(['a']) }],
        ['DELETE absent.tags :v', { ':v': new Set(['a']) }],
        ['SET gsi1pk = :v', { ':v': 1 }],
        ['SET n = :v SET word = :v', { ':v': 1 }],
        ['SET status = :v', { ':v': 1 }],
        ['SET n = :v', { ':v': 1, ':unused': 2 }],
        ['SET n = :v,', { ':v': 1 }],
        ['NONSENSE'],
      ];
      for (const [text, values] of wrong) {
        t.equal((await failure(update(world, key, text, values))).name, 'ValidationException', text);
      }
      t.same(await get(world, key.pk, key.sk), item);
    },
  },
];
