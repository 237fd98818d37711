/** What stores may expect of the access to the table (src/aws/table/item-table.ts), on any implementation. */
import type { Test } from 'tap';
import { z } from 'zod';
import { ABSENT, type Condition, ofVersion } from '../../src/aws/table/conditions.ts';
import type { Operation } from '../../src/aws/table/gathered-transactions.ts';
import type { ItemTable } from '../../src/aws/table/item-table.ts';
import { type Item, type Kind, toItem } from '../../src/aws/table/items.ts';
import type { IndexKeys, Key } from '../../src/aws/table/table.ts';

interface Thing {
  name: string;
}
const THING: Kind<Thing> = { name: 'thing', schema: 1, shape: z.object({ name: z.string() }) };

let serial = 0;
const newKey = (): Key => ({ pk: `THING#${++serial}`, sk: 'THING' });
const thing = (
  key: Key,
  name: string,
  extra: IndexKeys & { version?: number; expiresAtSeconds?: number } = {},
): Item => toItem(THING, key, { name }, extra);

/** Runs the contract on one implementation. */
export async function itemTableSuite(t: Test, table: ItemTable): Promise<void> {
  await t.test('a write with a condition is written only if it holds', async (t) => {
    const key = newKey();
    t.equal(await table.write(thing(key, 'early', { version: 2 }), ofVersion(1)), false, 'nothing is there');
    t.equal(await table.write(thing(key, 'one', { version: 1 }), ABSENT), true);
    t.equal(await table.write(thing(key, 'again', { version: 1 }), ABSENT), false);
    t.equal(await table.write(thing(key, 'two', { version: 2 }), ofVersion(1)), true);
    t.equal(await table.write(thing(key, 'late', { version: 2 }), ofVersion(1)), false);
    t.same(await table.read(THING, key), { name: 'two' });
    t.equal(await table.write(thing(key, 'any')), true, 'without a condition');
    t.same(await table.read(THING, key), { name: 'any' });
  });

  await t.test('the very same write again knows itself', async (t) => {
    const item = thing(newKey(), 'once', { version: 1 });
    t.equal(await table.write(item, ABSENT), true);
    t.equal(await table.write(item, ABSENT), true);
  });

  await t.test('conditions on times, and on what is there or not', async (t) => {
    const expired = (now: number): Condition => ({
      ConditionExpression: 'attribute_not_exists(pk) OR expiresAtSeconds <= :now',
      ExpressionAttributeValues: { ':now': now },
    });
    const unversioned: Condition = {
      ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(#version)',
      ExpressionAttributeNames: { '#version': 'version' },
    };
    const key = newKey();
    t.equal(await table.write(thing(key, 'x'), unversioned), false);
    t.equal(await table.write(thing(key, 'x', { expiresAtSeconds: 100 }), expired(50)), true);
    t.equal(await table.write(thing(key, 'y', { expiresAtSeconds: 200 }), expired(99)), false);
    t.equal(await table.write(thing(key, 'y', { expiresAtSeconds: 200 }), expired(100)), true);
    t.equal(await table.write(thing(key, 'z', { version: 1 }), unversioned), true);
    t.equal(await table.write(thing(key, 'late'), unversioned), false);
    t.equal(await table.write(thing(key, 'late'), expired(1e9)), false, 'no time, no end');
  });

  await t.test('a transaction is all or nothing and says which conditions failed', async (t) => {
    const [a, b, c] = [newKey(), newKey(), newKey()];
    await table.write(thing(b, 'b', { version: 1 }));
    const put = (key: Key, name: string, condition?: Condition): Operation => ({
      put: thing(key, name, { version: 2 }),
      condition,
    });
    t.same(await table.transact([put(a, 'a', ABSENT), put(b, 'b2', ABSENT), put(c, 'c')]), [
      false,
      true,
      false,
    ]);
    t.equal(await table.read(THING, a), undefined);
    t.equal(await table.transact([put(a, 'a', ABSENT), put(b, 'b2', ofVersion(1))]), 'written');
    t.same(await table.read(THING, b), { name: 'b2' });
    t.same(await table.transact([{ remove: a, condition: ofVersion(7) }, put(c, 'c')]), [true, false]);
    t.equal(await table.transact([{ remove: a, condition: ofVersion(2) }, put(c, 'c')]), 'written');
    t.equal(await table.read(THING, a), undefined);
    t.same(await table.read(THING, c), { name: 'c' });
  });

  await t.test('of several takers one gets it, and removing what is gone is no error', async (t) => {
    const key = newKey();
    await table.write(thing(key, 'prize'));
    const takers = await Promise.all([1, 2, 3].map(() => table.take(THING, key)));
    t.equal(takers.filter((prize) => prize?.name === 'prize').length, 1);
    t.equal(takers.filter((prize) => prize === undefined).length, 2);
    await table.remove(key);
  });

  await t.test('lists: of an index, and of the table itself, newest first, in pages', async (t) => {
    const partition = `LIST#${++serial}`;
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) {
      await table.write(thing(newKey(), name, { gsi1pk: partition, gsi1sk: `1#${name}` }));
      await table.write(thing({ pk: partition, sk: name }, name));
    }
    for (const list of [{ index: 'gsi1' as const, partition }, { partition }]) {
      const first = await table.page(THING, list, { limit: 2 });
      t.same(first.items, [{ name: 'e' }, { name: 'd' }]);
      const second = await table.page(THING, list, { limit: 3, cursor: first.cursor });
      t.same(second.items, [{ name: 'c' }, { name: 'b' }, { name: 'a' }]);
      t.equal(second.cursor, undefined);
      t.equal((await table.page(THING, list, { limit: 5 })).cursor, undefined, 'exactly all');
    }
  });

  await t.test(
    'open keys: below a bound, smallest first; who leaves the index is gone from it',
    async (t) => {
      const gsi2pk = `OPEN#${++serial}`;
      const keys = [newKey(), newKey(), newKey()];
      for (const [i, key] of keys.entries()) {
        await table.write(thing(key, 'due', { gsi2pk, gsi2sk: `00${3 - i}#x` }));
      }
      t.same(await table.openKeys(gsi2pk, '003', 10), ['001#x', '002#x']);
      t.same(await table.openKeys(gsi2pk, '009', 2), ['001#x', '002#x']);
      await table.write(thing(keys[1], 'done'));
      t.same(await table.openKeys(gsi2pk, '009', 10), ['001#x', '003#x']);
    },
  );
}
