/** Applies the actions of an UpdateExpression to an item. */
import { invalid } from '../errors.ts';
import { add, subtract } from '../numbers.ts';
import { type AttributeValue, type Item, setMembers, typeOf } from '../values.ts';
import type { Path, UpdateAction, UpdateValue } from './ast.ts';
import { valueAt } from './evaluate.ts';

const BAD_PATH = 'The document path provided in the update expression is invalid for update';
const BAD_TYPE = 'An operand in the update expression has an incorrect data type';
const NO_VALUE = 'The provided expression refers to an attribute that does not exist in the item';

/** Changes of a list that move its elements, kept back because all paths mean the list as it was. */
interface ListChanges {
  readonly list: AttributeValue[];
  readonly removed: Set<number>;
  readonly appended: [index: number, value: AttributeValue][];
}

/**
 * Changes `after` in place. All actions read `before`, which must be another copy of the same item.
 * Throws ValidationException; `after` is of no use then.
 */
export function applyUpdate(actions: readonly UpdateAction[], before: Item, after: Item): void {
  const changes = new Map<AttributeValue[], ListChanges>();
  const write = (path: Path, value: AttributeValue | undefined): void => {
    const step = path[path.length - 1];
    const parent = parentOf(path, after);
    if (typeof step === 'number') writeElement(changes, parent.L!, step, value);
    else if (value) parent.M![step] = value;
    else delete parent.M![step];
  };
  for (const action of actions) {
    if (action.kind === 'set') write(action.path, resolve(action.value, before));
    else if (action.kind === 'remove') write(action.path, undefined);
    else {
      const old = valueAt(action.path, before);
      if (action.kind === 'add') write(action.path, old ? addTo(old, action.value) : action.value);
      else if (old) write(action.path, deleteFrom(old, action.value));
      else parentOf(action.path, after); // nothing to delete, but the path must make sense
    }
  }
  for (const change of changes.values()) settle(change);
}

/** The map or list that the last step of a path is in. */
function parentOf(path: Path, item: Item): AttributeValue {
  if (path.length === 1) return { M: item };
  const parent = valueAt(path.slice(0, -1) as unknown as Path, item);
  const fits = typeof path[path.length - 1] === 'number' ? parent?.L : parent?.M;
  if (!parent || !fits) throw invalid(BAD_PATH);
  return parent;
}

function writeElement(
  changes: Map<AttributeValue[], ListChanges>,
  list: AttributeValue[],
  index: number,
  value: AttributeValue | undefined,
): void {
  if (value && index < list.length) {
    list[index] = value;
    return;
  }
  let change = changes.get(list);
  if (!change) changes.set(list, (change = { list, removed: new Set(), appended: [] }));
  if (value) change.appended.push([index, value]);
  else change.removed.add(index);
}

function settle({ list, removed, appended }: ListChanges): void {
  const kept = removed.size > 0 ? list.filter((_, index) => !removed.has(index)) : [...list];
  appended.sort(([a], [b]) => a - b);
  list.length = 0;
  for (const value of kept) list.push(value);
  for (const [, value] of appended) list.push(value);
}

function resolve(value: UpdateValue, item: Item): AttributeValue {
  switch (value.kind) {
    case 'value':
      return value.value;
    case 'path': {
      const found = valueAt(value.path, item);
      if (!found) throw invalid(NO_VALUE);
      return found;
    }
    case 'if_not_exists':
      return valueAt(value.path, item) ?? resolve(value.otherwise, item);
    case 'list_append': {
      const left = resolve(value.left, item).L;
      const right = resolve(value.right, item).L;
      if (!left || !right) throw invalid(BAD_TYPE);
      return { L: [...left, ...right] };
    }
    default: {
      const left = resolve(value.left, item).N;
      const right = resolve(value.right, item).N;
      if (left === undefined || right === undefined) throw invalid(BAD_TYPE);
      return { N: value.kind === '+' ? add(left, right) : subtract(left, right) };
    }
  }
}

function addTo(old: AttributeValue, value: AttributeValue): AttributeValue {
  const type = typeOf(value);
  if (type !== typeOf(old)) throw invalid(BAD_TYPE);
  if (type === 'N') return { N: add(old.N!, value.N!) };
  return { [type]: [...new Set([...setMembers(old)!, ...setMembers(value)!])] };
}

/** What is left of a set; undefined when nothing is: DynamoDB has no empty sets. */
function deleteFrom(old: AttributeValue, value: AttributeValue): AttributeValue | undefined {
  const type = typeOf(value);
  if (type !== typeOf(old)) throw invalid(BAD_TYPE);
  const gone = new Set(setMembers(value));
  const left = setMembers(old)!.filter((member) => !gone.has(member));
  return left.length > 0 ? { [type]: left } : undefined;
}
