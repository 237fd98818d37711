/** Migration of stored items: all to the newest form, beside brokers that go on, interrupted, twice, and dry. */
import { readdirSync, readFileSync } from 'node:fs';
import { PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import t from 'tap';
import { z } from 'zod';
import { fromItem, type Kind, toItem } from '../../src/aws/table/items.ts';
import { KINDS } from '../../src/aws/table/kinds.ts';
import { createMigration } from '../../src/aws/table/migration.ts';
import { newTable } from '../helpers/table.ts';

interface Thing {
  label: string;
  tags: string[];
}
/** A kind as it is after two changes: `name` became `label`, and tags were added. */
const THING: Kind<Thing> = {
  name: 'thing',
  schema: 3,
  shape: z.object({ label: z.string(), tags: z.array(z.string()) }),
  upgrades: {
    1: (stored) => {
      const { name, ...rest } = stored as { name: string };
      return { ...rest, label: name };
    },
    2: (stored) => ({ ...(stored as object), tags: [] }),
  },
};
const FIRST: Kind<unknown> = { name: 'thing', schema: 1, shape: z.unknown() };

async function setting(many: number) {
  const { documents, tableName } = await newTable('111111111111');
  const put = (Item: object) => documents.send(new PutCommand({ TableName: tableName, Item }));
  for (let n = 0; n < many; n++) {
    const place = { gsi1pk: 'THINGS', gsi1sk: `${n}`, version: 4, expiresAtSeconds: 4_102_444_800 };
    await put(toItem(FIRST, { pk: `T#${n}`, sk: 'T' }, { name: `thing ${n}`, later: true }, place));
  }
  await put(toItem(THING, { pk: 'NEW', sk: 'T' }, { label: 'new', tags: ['a'] }));
  await put({ ...toItem(THING, { pk: 'NEWER', sk: 'T' }, { label: 'x', tags: [] }), schema: 4 });
  await put({ pk: 'FOREIGN', sk: 'T', kind: 'other', schema: 1, writeId: 'w', body: '{}' });
  await put({ ...toItem(FIRST, { pk: 'BAD', sk: 'T' }, { name: 7 }) });
  const leftAlone: string[] = [];
  const migration = (documentsOf = documents, kinds: readonly Kind<unknown>[] = [THING]) =>
    createMigration({
      documents: documentsOf,
      tableName,
      kinds,
      pause: async () => undefined,
      clock: () => 0,
      leftAlone: (key, why) => leftAlone.push(`${key}: ${why}`),
    });
  const all = async () => (await documents.send(new ScanCommand({ TableName: tableName }))).Items ?? [];
  return { documents, put, migration, all, leftAlone };
}

t.test(
  'every older item gets the newest form; keys, indexes, versions and unknown fields stay',
  async (t) => {
    const { migration, all, leftAlone } = await setting(12);
    const before = await all();
    const counts = { scanned: 16, upgraded: 12, current: 1, newer: 1, unreadable: 2, cursor: undefined };
    t.same(await migration().run({ dryRun: true, perSecond: 1_000 }), counts, 'a dry run counts');
    t.same(await all(), before, 'and writes nothing');
    t.same(leftAlone.length, 3, 'what is left alone is told by its key');
    t.match(leftAlone.join('\n'), /BAD T: a stored thing cannot be read/);
    t.same(await migration().run({ dryRun: false, perSecond: 1_000 }), counts);
    for (const item of await all()) {
      if (!String(item['pk']).startsWith('T#')) continue;
      t.match(item, { schema: 3, version: 4, gsi1pk: 'THINGS', expiresAtSeconds: 4_102_444_800 });
      t.same(fromItem(THING, item), { label: `thing ${String(item['pk']).slice(2)}`, later: true, tags: [] });
    }
    t.match(
      await migration().run({ dryRun: false, perSecond: 1_000 }),
      { upgraded: 0, current: 13 },
      'once more: nothing',
    );
  },
);

t.test(
  'a broker that writes at the same moment wins, whether it is of the older or of the newer release',
  async (t) => {
    const { documents, put, migration, all } = await setting(1);
    let raced = 0;
    const racing = {
      send: async (command: unknown) => {
        if (command instanceof PutCommand && raced < 2) {
          raced++;
          const older = toItem(
            FIRST,
            { pk: 'T#0', sk: 'T' },
            { name: `changed ${raced}` },
            { version: 4 + raced },
          );
          await put(older);
        }
        return documents.send(command as never);
      },
    };
    t.match(await migration(racing as never).run({ dryRun: false, perSecond: 100 }), { upgraded: 1 });
    const item = (await all()).find(({ pk }) => pk === 'T#0');
    t.match(item, { schema: 3, version: 6 });
    t.same(fromItem(THING, item ?? {}), { label: 'changed 2', tags: [] });
  },
);

t.test('interrupted, it goes on from where it was; a cursor that is none is refused', async (t) => {
  const { migration } = await setting(12);
  const stop = new AbortController();
  const first = await migration().run({
    dryRun: false,
    perSecond: 5,
    signal: stop.signal,
    onProgress: ({ scanned }) => scanned >= 5 && stop.abort(),
  });
  t.equal(first.scanned, 5);
  const second = await migration().run({ dryRun: false, perSecond: 5, from: first.cursor });
  t.equal(second.scanned, 11);
  t.equal(first.upgraded + second.upgraded, 12);
  await t.rejects(migration().run({ dryRun: true, perSecond: 5, from: 'nonsense' }), {
    code: 'invalid_request',
  });
});

t.test('every kind that a store writes is migrated', async (t) => {
  const folder = new URL('../../src/aws/', import.meta.url);
  const declared = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [
      ...readFileSync(new URL(name, folder), 'utf8').matchAll(/: Kind<[^=]*> = \{\s*name: '([\w-]+)'/g),
    ])
    .map(([, name]) => name);
  t.ok(declared.length > 20);
  t.same(KINDS.map(({ name }) => name).sort(), declared.sort());
});
