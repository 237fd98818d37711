/** One write to one item: prepared from a request, then decided on the newest state of the store. */
import { validateAttributeValue } from 'dynalite/validations/index.js';
import { AwsError } from '../contract.ts';
import { replacement, storedKey } from './entries.ts';
import { invalid, invalidParameter } from './errors.ts';
import { applyUpdate } from './expressions/apply.ts';
import type { Condition, UpdateAction } from './expressions/ast.ts';
import { satisfies } from './expressions/evaluate.ts';
import { createPathTree } from './expressions/path-tree.ts';
import { type ExpressionRequest, readExpressions } from './expressions/read.ts';
import { itemKey } from './keys.ts';
import { checkIndexAttributes, checkItem, checkKey } from './schema.ts';
import type { Change, Latest } from './store.ts';
import { keyNames, type Table } from './table.ts';
import { type Item, itemSize, MAX_ITEM_BYTES } from './values.ts';

/** The parameters that a write has in a call of its own and in a transaction. */
export interface WriteRequest extends ExpressionRequest {
  TableName: string;
  Key?: Item;
  Item?: Item;
  ReturnValuesOnConditionCheckFailure?: 'ALL_OLD' | 'NONE';
}

export type WriteKind = 'put' | 'update' | 'delete' | 'check';

export interface Write {
  readonly kind: WriteKind;
  readonly table: Table;
  /** Key of the item in the store. */
  readonly key: string;
  /** The Item of a put, else the Key. */
  readonly item: Item;
  readonly condition?: Condition;
  readonly actions: readonly UpdateAction[];
  readonly returnOnFailure: boolean;
}

/** What a write does: the item before and after, and what changes in the store. */
export interface Decision {
  readonly before?: Item;
  readonly after?: Item;
  readonly changes: readonly Change[];
}

/** Checks the request against the schema and parses its expressions. Throws ValidationException. */
export function prepareWrite(kind: WriteKind, table: Table, request: WriteRequest): Write {
  const item = (kind === 'put' ? request.Item : request.Key)!;
  checkValues(item);
  if (kind === 'put') {
    checkItem(table, item);
    if (itemSize(item) > MAX_ITEM_BYTES) throw invalid('Item size has exceeded the maximum allowed size');
  } else checkKey(table, item);
  const { condition, update: actions = [] } = readExpressions(request);
  checkActions(table, actions);
  return {
    kind,
    table,
    key: storedKey(table, itemKey(table, item)),
    item,
    condition,
    actions,
    returnOnFailure: request.ReturnValuesOnConditionCheckFailure === 'ALL_OLD',
  };
}

/** Throws ConditionalCheckFailedException, or ValidationException if the item does not take the update. */
export function decide(latest: Latest, write: Write): Decision {
  const { kind, table, condition } = write;
  const stored = latest(write.key);
  const before = stored === undefined ? undefined : (JSON.parse(stored) as Item);
  if (condition && !satisfies(condition, before ?? {})) {
    const Item = write.returnOnFailure ? before : undefined;
    throw new AwsError(
      'ConditionalCheckFailedException',
      'The conditional request failed',
      400,
      Item && { Item },
    );
  }
  if (kind === 'check') return { before, after: before, changes: [] };
  if (kind === 'delete') return { before, changes: before ? replacement(table, before, undefined) : [] };
  const after = kind === 'put' ? write.item : update(write, before, stored);
  return { before, after, changes: replacement(table, before, after) };
}

/** For ReturnValues UPDATED_OLD and UPDATED_NEW: what an item has on the paths of the update. */
export function updatedParts({ actions }: Write, item: Item | undefined): Item | undefined {
  const tree = createPathTree();
  for (const { path } of actions) tree.insert(path);
  return item && tree.project(item);
}

/** Throws ValidationException unless all values are well-formed; numbers become canonical. */
export function checkValues(item: Item): void {
  for (const name in item) {
    const message = validateAttributeValue(item[name]);
    if (message) throw invalid(message);
    if (name === '') throw invalidParameter('An attribute name must not be empty');
  }
}

function checkActions(table: Table, actions: readonly UpdateAction[]): void {
  const keys = keyNames(table);
  for (const { path } of actions) {
    if (keys.includes(path[0])) {
      throw invalidParameter(`Cannot update attribute ${path[0]}. This attribute is part of the key`);
    }
  }
}

function update({ table, item, actions }: Write, before: Item | undefined, stored: string | undefined): Item {
  // The update reads one copy and changes the other.
  const after: Item = stored === undefined ? { ...item } : JSON.parse(stored);
  applyUpdate(actions, before ?? {}, after);
  checkIndexAttributes(table, after);
  if (itemSize(after) > MAX_ITEM_BYTES) {
    throw invalid('Item size to update has exceeded the maximum allowed size');
  }
  return after;
}
