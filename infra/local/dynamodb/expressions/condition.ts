/** The grammar of ConditionExpression, FilterExpression and KeyConditionExpression. */
import { type AttributeType, type AttributeValue, order, typeOf } from '../values.ts';
import type { Comparator, Condition, Operand, Path } from './ast.ts';
import { createParser, type Parser } from './parser.ts';
import { ExpressionError, type Substitutions } from './substitutions.ts';

const COMPARATORS: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>=']);
const TYPES: ReadonlySet<string> = new Set(['S', 'N', 'B', 'BOOL', 'NULL', 'SS', 'NS', 'BS', 'L', 'M']);
const ORDERED: ReadonlySet<AttributeType> = new Set(['S', 'N', 'B']);
const MAX_IN_OPTIONS = 100;

/** Throws ExpressionError. */
export function parseCondition(text: string, substitutions: Substitutions): Condition {
  const parser = createParser(text, substitutions);
  /** Conditions that stood in parentheses: `((a))` is an error in DynamoDB. */
  const wrapped = new WeakSet<Condition>();
  const condition = disjunction(parser, wrapped);
  if (parser.peek() !== '') throw parser.syntaxError();
  return condition;
}

function disjunction(parser: Parser, wrapped: WeakSet<Condition>): Condition {
  let left = conjunction(parser, wrapped);
  while (parser.accept('OR')) {
    parser.operator();
    left = { kind: 'or', left, right: conjunction(parser, wrapped) };
  }
  return left;
}

function conjunction(parser: Parser, wrapped: WeakSet<Condition>): Condition {
  let left = negation(parser, wrapped);
  while (parser.accept('AND')) {
    parser.operator();
    left = { kind: 'and', left, right: negation(parser, wrapped) };
  }
  return left;
}

function negation(parser: Parser, wrapped: WeakSet<Condition>): Condition {
  if (parser.accept('NOT')) {
    parser.operator();
    return { kind: 'not', inner: parser.nested(() => negation(parser, wrapped)) };
  }
  if (!parser.accept('(')) return predicate(parser);
  const inner = parser.nested(() => disjunction(parser, wrapped));
  parser.expect(')');
  if (wrapped.has(inner)) throw new ExpressionError('The expression has redundant parentheses;');
  wrapped.add(inner);
  return inner;
}

function predicate(parser: Parser): Condition {
  if (parser.peek(1) === '(' && parser.peek() !== 'size') return call(parser);
  const left = operand(parser);
  parser.operator();
  if (COMPARATORS.has(parser.peek())) {
    const comparator = parser.next() as Comparator;
    return comparison(comparator, left, operand(parser));
  }
  if (parser.accept('BETWEEN')) {
    const low = operand(parser);
    parser.expect('AND');
    return between(left, low, operand(parser));
  }
  if (parser.accept('IN')) return membership(parser, left);
  throw parser.syntaxError();
}

function operand(parser: Parser): Operand {
  const token = parser.peek();
  if (token.startsWith(':')) {
    parser.next();
    return { kind: 'value', value: parser.substitutions.value(token) };
  }
  if (parser.peek(1) !== '(') return { kind: 'path', path: parser.path() };
  if (token !== 'size') throw misplaced(token);
  parser.next();
  parser.expect('(');
  parser.operator();
  const path = pathArgument(parser, 'size');
  parser.expect(')');
  return { kind: 'size', path };
}

function call(parser: Parser): Condition {
  const name = parser.next();
  parser.expect('(');
  parser.operator();
  const condition = functionCondition(parser, name);
  parser.expect(')');
  return condition;
}

function functionCondition(parser: Parser, name: string): Condition {
  switch (name) {
    case 'attribute_exists':
    case 'attribute_not_exists':
      return { kind: 'exists', path: pathArgument(parser, name), exists: name === 'attribute_exists' };
    case 'attribute_type': {
      const path = pathArgument(parser, name);
      parser.expect(',');
      return { kind: 'type', path, type: typeArgument(operand(parser)) };
    }
    case 'begins_with':
    case 'contains': {
      const left = operand(parser);
      parser.expect(',');
      const right = operand(parser);
      distinct(name, left, right);
      if (name === 'begins_with') for (const side of [left, right]) checkType(name, side, ['S', 'B']);
      return { kind: name, left, right };
    }
    default:
      throw misplaced(name);
  }
}

function comparison(comparator: Comparator, left: Operand, right: Operand): Condition {
  distinct(comparator, left, right);
  if (comparator !== '=' && comparator !== '<>') {
    for (const side of [left, right]) checkType(comparator, side, [...ORDERED]);
  }
  return { kind: 'compare', comparator, left, right };
}

function between(value: Operand, low: Operand, high: Operand): Condition {
  for (const side of [value, low, high]) checkType('BETWEEN', side, [...ORDERED]);
  if (low.kind === 'value' && high.kind === 'value') {
    const direction = order(low.value, high.value);
    const bounds = `lower bound operand: ${describe(low.value)}, upper bound operand: ${describe(high.value)}`;
    if (direction === undefined) {
      throw new ExpressionError(
        `The BETWEEN operator requires same data type for lower and upper bounds; ${bounds}`,
      );
    }
    if (direction > 0) {
      const rule = 'The BETWEEN operator requires upper bound to be greater than or equal to lower bound';
      throw new ExpressionError(`${rule}; ${bounds}`);
    }
  }
  return { kind: 'between', operand: value, low, high };
}

function membership(parser: Parser, left: Operand): Condition {
  parser.expect('(');
  const options = [operand(parser)];
  while (parser.accept(',')) options.push(operand(parser));
  parser.expect(')');
  if (options.length > MAX_IN_OPTIONS) {
    throw new ExpressionError('The IN operator is provided with too many operands');
  }
  return { kind: 'in', operand: left, options };
}

function pathArgument(parser: Parser, name: string): Path {
  if (!parser.peek().startsWith(':')) return parser.path();
  throw new ExpressionError(`Operator or function requires a document path; operator or function: ${name}`);
}

function typeArgument(operand: Operand): AttributeType {
  const type = operand.kind === 'value' ? operand.value.S : undefined;
  if (type !== undefined && TYPES.has(type)) return type as AttributeType;
  throw new ExpressionError(
    `Invalid attribute type name found; type: ${type}, valid types: {${[...TYPES].join(',')}}`,
  );
}

/** Refuses an operand whose type is known before any item is read, and wrong. */
function checkType(operator: string, operand: Operand, types: readonly AttributeType[]): void {
  if (operand.kind === 'path') return;
  const type = operand.kind === 'size' ? 'N' : typeOf(operand.value);
  if (types.includes(type)) return;
  const what = 'Incorrect operand type for operator or function; operator or function: ';
  throw new ExpressionError(`${what}${operator}, operand type: ${type}`);
}

function distinct(operator: string, left: Operand, right: Operand): void {
  if (
    left.kind !== 'path' ||
    right.kind !== 'path' ||
    JSON.stringify(left.path) !== JSON.stringify(right.path)
  )
    return;
  const what = 'The first operand must be distinct from the remaining operands for this operator or function';
  throw new ExpressionError(`${what}; operator: ${operator}, first operand: [${left.path.join(', ')}]`);
}

function misplaced(name: string): ExpressionError {
  const known =
    /^(attribute_(not_)?exists|attribute_type|begins_with|contains|size|if_not_exists|list_append)$/;
  if (!known.test(name)) return new ExpressionError(`Invalid function name; function: ${name}`);
  return new ExpressionError(
    `The function is not allowed to be used this way in an expression; function: ${name}`,
  );
}

function describe(value: AttributeValue): string {
  return `AttributeValue: {${typeOf(value)}:${Object.values(value)[0]}}`;
}
