/** KeyConditionExpression: one value of the partition key and at most one condition on the sort key. */
import { type AttributeValue, typeOf } from '../values.ts';
import type { Condition, Operand } from './ast.ts';
import { ExpressionError } from './substitutions.ts';

export interface KeyAttribute {
  readonly name: string;
  readonly type: 'S' | 'N' | 'B';
}

export type SortOperator = '=' | '<' | '<=' | '>' | '>=' | 'between' | 'begins_with';

export interface KeyCondition {
  readonly hash: AttributeValue;
  /** `values` has two members for `between`, else one. */
  readonly sort?: { readonly operator: SortOperator; readonly values: readonly AttributeValue[] };
}

interface Term {
  readonly name: string;
  readonly operator: SortOperator;
  readonly values: readonly AttributeValue[];
}

const MIRRORED: Record<string, SortOperator> = { '=': '=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/** Throws ExpressionError unless the condition selects one partition of the key `hash`, `range`. */
export function keyConditionOf(condition: Condition, hash: KeyAttribute, range?: KeyAttribute): KeyCondition {
  const terms = conjuncts(condition).map(termOf);
  const byName = new Map<string, Term>();
  for (const term of terms) {
    if (byName.has(term.name)) {
      throw new ExpressionError('KeyConditionExpressions must only contain one condition per key');
    }
    byName.set(term.name, term);
  }
  const partition = take(byName, hash);
  if (!partition) throw new ExpressionError(`Query condition missed key schema element: ${hash.name}`);
  if (partition.operator !== '=') throw new ExpressionError('Query key condition not supported');
  const sort = range && take(byName, range);
  const [extra] = byName.keys();
  if (extra !== undefined) {
    const wanted = range && !sort ? `Query condition missed key schema element: ${range.name}` : undefined;
    throw new ExpressionError(wanted ?? 'Query key condition not supported');
  }
  return { hash: partition.values[0], sort };
}

function take(terms: Map<string, Term>, key: KeyAttribute): Term | undefined {
  const term = terms.get(key.name);
  if (!term) return undefined;
  terms.delete(key.name);
  for (const value of term.values) {
    if (typeOf(value) !== key.type) {
      const what = 'One or more parameter values were invalid: ';
      throw new ExpressionError(`${what}Condition parameter type does not match schema type`);
    }
  }
  return term;
}

function conjuncts(condition: Condition): Condition[] {
  if (condition.kind !== 'and') return [condition];
  return [...conjuncts(condition.left), ...conjuncts(condition.right)];
}

function termOf(condition: Condition): Term {
  switch (condition.kind) {
    case 'compare': {
      const { comparator, left, right } = condition;
      if (comparator === '<>') throw unusable('<>');
      if (left.kind === 'value') return term(right, MIRRORED[comparator], [left]);
      return term(left, comparator, [right]);
    }
    case 'between':
      return term(condition.operand, 'between', [condition.low, condition.high]);
    case 'begins_with':
      return term(condition.left, 'begins_with', [condition.right]);
    case 'exists':
      throw unusable(condition.exists ? 'attribute_exists' : 'attribute_not_exists');
    case 'type':
      throw unusable('attribute_type');
    default:
      throw unusable(condition.kind === 'contains' ? 'contains' : condition.kind.toUpperCase());
  }
}

function term(key: Operand, operator: SortOperator, operands: readonly Operand[]): Term {
  if (key.kind === 'size' || operands.some(({ kind }) => kind === 'size')) {
    throw new ExpressionError('KeyConditionExpressions cannot contain nested operations');
  }
  const values = operands.flatMap((operand) => (operand.kind === 'value' ? [operand.value] : []));
  if (key.kind !== 'path' || values.length !== operands.length) {
    const what = 'Invalid condition in KeyConditionExpression: ';
    throw new ExpressionError(`${what}${operator} needs a key attribute and values`);
  }
  if (key.path.length > 1) {
    throw new ExpressionError('KeyConditionExpressions cannot have conditions on nested attributes');
  }
  return { name: key.path[0], operator, values };
}

function unusable(operator: string): ExpressionError {
  return new ExpressionError(`Invalid operator used in KeyConditionExpression: ${operator}`);
}
