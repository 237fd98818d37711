/**
 * A table in memory with the semantics of `src/aws/table/item-table.ts`, for tests that need very many of them. The
 * contract in test/contract/item-table-suite.ts holds it and the real one to the same behaviour.
 */
import type { Log } from '../../services/ports.ts';
import type { Condition } from '../../src/aws/table/conditions.ts';
import { createCursors, type StartKey } from '../../src/aws/table/cursor.ts';
import type { Operation } from '../../src/aws/table/gathered-transactions.ts';
import { type ItemTable, MAX_PAGE } from '../../src/aws/table/item-table.ts';
import { fromItem, type Item, type Kind } from '../../src/aws/table/items.ts';
import type { Key } from '../../src/aws/table/table.ts';

/** Above every key. */
const END = '\uffff';
type Stored = Readonly<Record<string, unknown>>;

export interface MemoryTable extends ItemTable {
  raw(pk: string, sk: string): Stored | undefined;
  /** As `read`, at once. */
  look<T>(kind: Kind<T>, key: Key): T | undefined;
  /** Overwrites some attributes of an item, as nobody in the broker does. */
  damage(pk: string, sk: string, over: Record<string, unknown>): void;
}

/** Creates an empty table. */
export function createMemoryTable(log: Log, cursorSecret = 'cursors of a table in memory'): MemoryTable {
  const items = new Map<string, Stored>();
  const cursors = createCursors(cursorSecret);
  const nameOf = ({ pk, sk }: Key): string => `${pk}\n${sk}`;
  /** What was read of an item before, frozen, so that nobody can change it for the next reader. */
  const values = new WeakMap<Stored, { kind: unknown; value: unknown }>();
  function parsed<T>(kind: Kind<T>, item: Stored): T {
    const known = values.get(item);
    if (known?.kind === kind) return known.value as T;
    const value = frozen(fromItem(kind, item));
    values.set(item, { kind, value });
    return value;
  }
  const look = <T>(kind: Kind<T>, key: Key): T | undefined => {
    const item = items.get(nameOf(key));
    return item && parsed(kind, item);
  };

  const keyOfOperation = (operation: Operation): Key =>
    'put' in operation ? operation.put : operation.remove;
  const holds = (operation: Operation): boolean =>
    operation.condition === undefined ||
    satisfies(items.get(nameOf(keyOfOperation(operation))), operation.condition);
  function apply(operation: Operation): void {
    if ('put' in operation) items.set(nameOf(operation.put), stored(operation.put));
    else items.delete(nameOf(operation.remove));
  }

  function readable<T>(kind: Kind<T>, item: Stored): T[] {
    try {
      return [parsed(kind, item)];
    } catch (error) {
      log.error({ err: error, pk: item['pk'], sk: item['sk'] }, 'an unreadable item was left out of a list');
      return [];
    }
  }

  /** Items of a partition, ascending by its sort key. */
  function partitionOf(pkName: string, skName: string, partition: string): Stored[] {
    const found: Stored[] = [];
    for (const item of items.values()) {
      if (item[pkName] === partition && item[skName] !== undefined) found.push(item);
    }
    return found.sort((a, b) => compare(placeOf(a, skName), placeOf(b, skName)));
  }

  return {
    read: async (kind, key) => look(kind, key),
    look,
    async write(item, condition) {
      const operation = { put: item, condition };
      if (!holds(operation)) return items.get(nameOf(item))?.['writeId'] === item.writeId;
      apply(operation);
      return true;
    },
    async remove(key) {
      items.delete(nameOf(key));
    },
    async take(kind, key) {
      const item = items.get(nameOf(key));
      items.delete(nameOf(key));
      return item && parsed(kind, item);
    },
    async transact(operations) {
      const failed = operations.map((operation) => !holds(operation));
      if (failed.includes(true)) return failed;
      for (const operation of operations) apply(operation);
      return 'written';
    },
    async page(kind, list, { limit, cursor, between: [low, high] = ['', END] }) {
      const wanted = Math.min(Math.max(1, Math.trunc(limit)), MAX_PAGE);
      const name = `${list.index ?? 'table'}\n${list.partition}`;
      const [pkName, skName] = list.index ? [`${list.index}pk`, `${list.index}sk`] : ['pk', 'sk'];
      const start = cursor === undefined ? undefined : placeOf(cursors.open(name, cursor), skName);
      const all = partitionOf(pkName, skName, list.partition)
        .reverse()
        .filter((item) => start === undefined || compare(placeOf(item, skName), start) < 0)
        .filter(({ [skName]: key }) => low <= String(key) && String(key) <= high);
      const shown = all.slice(0, wanted);
      const names = [...new Set(['pk', 'sk', pkName, skName])];
      const last = shown[wanted - 1];
      const key = Object.fromEntries(names.map((each) => [each, String(last?.[each])])) as StartKey;
      return {
        items: shown.flatMap((item) => readable(kind, item)),
        cursor: all.length > wanted ? cursors.seal(name, key) : undefined,
      };
    },
    async reindex(key, { gsi2pk, gsi2sk }) {
      const item = items.get(nameOf(key));
      if (item) items.set(nameOf(key), stored({ ...(item as unknown as Item), gsi2pk, gsi2sk }));
      return item !== undefined;
    },
    async openKeys(partition, before, limit) {
      return partitionOf('gsi2pk', 'gsi2sk', partition)
        .map((item) => String(item['gsi2sk']))
        .filter((key) => key < before)
        .slice(0, limit);
    },
    raw: (pk, sk) => items.get(nameOf({ pk, sk })),
    damage(pk, sk, over) {
      items.set(nameOf({ pk, sk }), { ...items.get(nameOf({ pk, sk })), ...over });
    },
  };
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const each of Object.values(value)) frozen(each);
  }
  return value;
}

/** Without what is undefined, as the SDK sends it. */
function stored(item: Item): Stored {
  return Object.fromEntries(Object.entries(item).filter(([, value]) => value !== undefined));
}

/** Sort key, then the key of the table: what is alike in an index still has an order. */
function placeOf(item: Stored, skName: string): string {
  return `${item[skName]}\n${item['pk']}\n${item['sk']}`;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The part of DynamoDB's condition language that the broker uses: anything else is an error, not a guess. */
function satisfies(item: Stored | undefined, condition: Condition): boolean {
  const { ConditionExpression, ExpressionAttributeNames, ExpressionAttributeValues } = condition;
  const attribute = (name: string): unknown => item?.[ExpressionAttributeNames?.[name] ?? name];
  return ConditionExpression.split(' OR ').some((clause) =>
    clause.split(' AND ').every((term) => {
      const [, exists, named] = /^attribute_(not_exists|exists)\(([#\w]+)\)$/.exec(term) ?? [];
      if (exists) return (attribute(named) !== undefined) === (exists === 'exists');
      const [, left, operator, right] = /^([#\w]+) (=|<=|<) (:\w+)$/.exec(term) ?? [];
      if (!operator) throw new Error(`a condition that the table in memory does not know: ${term}`);
      const [is, wanted] = [attribute(left), ExpressionAttributeValues?.[right]];
      if (operator === '=') return is === wanted;
      return typeof is === 'number' && (operator === '<' ? is < Number(wanted) : is <= Number(wanted));
    }),
  );
}
