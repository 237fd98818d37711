/** Whether an item satisfies a condition. */
import {
  type AttributeValue,
  attribute,
  bytes,
  equal,
  type Item,
  order,
  setMembers,
  typeOf,
} from '../values.ts';
import type { Comparator, Condition, Operand, Path } from './ast.ts';

/** The value at a document path, or undefined. */
export function valueAt(path: Path, item: Item): AttributeValue | undefined {
  let value = attribute(item, path[0]);
  for (let i = 1; value && i < path.length; i++) {
    const step = path[i];
    if (typeof step === 'number') value = value.L?.[step];
    else value = value.M && attribute(value.M, step);
  }
  return value;
}

/** A missing operand makes every comparison false but `<>`. An absent item is `{}`. */
export function satisfies(condition: Condition, item: Item): boolean {
  switch (condition.kind) {
    case 'and':
      return satisfies(condition.left, item) && satisfies(condition.right, item);
    case 'or':
      return satisfies(condition.left, item) || satisfies(condition.right, item);
    case 'not':
      return !satisfies(condition.inner, item);
    case 'compare':
      return compare(condition.comparator, resolve(condition.left, item), resolve(condition.right, item));
    case 'between': {
      const value = resolve(condition.operand, item);
      const low = resolve(condition.low, item);
      return compare('>=', value, low) && compare('<=', value, resolve(condition.high, item));
    }
    case 'in': {
      const value = resolve(condition.operand, item);
      return condition.options.some((option) => compare('=', value, resolve(option, item)));
    }
    case 'exists':
      return (valueAt(condition.path, item) !== undefined) === condition.exists;
    case 'type': {
      const value = valueAt(condition.path, item);
      return value !== undefined && typeOf(value) === condition.type;
    }
    case 'begins_with':
      return beginsWith(resolve(condition.left, item), resolve(condition.right, item));
    case 'contains':
      return contains(resolve(condition.left, item), resolve(condition.right, item));
  }
}

export function compare(comparator: Comparator, left?: AttributeValue, right?: AttributeValue): boolean {
  if (!left || !right) return comparator === '<>';
  if (comparator === '=') return equal(left, right);
  if (comparator === '<>') return !equal(left, right);
  const direction = order(left, right);
  if (direction === undefined) return false;
  switch (comparator) {
    case '<':
      return direction < 0;
    case '<=':
      return direction <= 0;
    case '>':
      return direction > 0;
    case '>=':
      return direction >= 0;
  }
}

function resolve(operand: Operand, item: Item): AttributeValue | undefined {
  if (operand.kind === 'value') return operand.value;
  const value = valueAt(operand.path, item);
  if (operand.kind === 'path' || !value) return value;
  const size = sizeOf(value);
  return size === undefined ? undefined : { N: String(size) };
}

/** `size()`: characters, bytes or members; numbers, BOOL and NULL have none. */
function sizeOf(value: AttributeValue): number | undefined {
  if (value.S !== undefined) return value.S.length;
  if (value.B !== undefined) return bytes(value.B).length;
  if (value.M) return Object.keys(value.M).length;
  return (value.L ?? setMembers(value))?.length;
}

function beginsWith(value?: AttributeValue, prefix?: AttributeValue): boolean {
  if (value?.S !== undefined && prefix?.S !== undefined) return value.S.startsWith(prefix.S);
  if (value?.B === undefined || prefix?.B === undefined) return false;
  const start = bytes(prefix.B);
  return bytes(value.B).subarray(0, start.length).equals(start);
}

function contains(whole?: AttributeValue, part?: AttributeValue): boolean {
  if (!whole || !part) return false;
  if (whole.L) return whole.L.some((member) => equal(member, part));
  if (part.S !== undefined) return (whole.S ?? whole.SS)?.includes(part.S) ?? false;
  if (part.N !== undefined) return whole.NS?.includes(part.N) ?? false;
  if (part.B === undefined) return false;
  if (whole.B !== undefined) return bytes(whole.B).includes(bytes(part.B));
  return whole.BS?.includes(part.B) ?? false;
}
