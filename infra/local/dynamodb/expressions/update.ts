/** The grammar of UpdateExpression. */
import { type AttributeType, type AttributeValue, typeOf } from '../values.ts';
import type { Path, UpdateAction, UpdateValue } from './ast.ts';
import { createParser, type Parser } from './parser.ts';
import { createPathTree } from './path-tree.ts';
import { ExpressionError, type Substitutions } from './substitutions.ts';

const SETS: readonly AttributeType[] = ['SS', 'NS', 'BS'];

/** Throws ExpressionError; the paths of the actions neither overlap nor conflict. */
export function parseUpdate(text: string, substitutions: Substitutions): UpdateAction[] {
  const parser = createParser(text, substitutions);
  const actions: UpdateAction[] = [];
  const seen = new Set<string>();
  while (parser.peek() !== '') {
    const section = parser.peek().toUpperCase();
    const rule = SECTIONS[section];
    if (!rule) throw parser.syntaxError();
    if (seen.has(section)) {
      throw new ExpressionError(`The "${section}" section can only be used once in an update expression;`);
    }
    seen.add(section);
    parser.next();
    do actions.push(rule(parser));
    while (parser.accept(','));
  }
  const tree = createPathTree();
  for (const { path } of actions) tree.insert(path);
  return actions;
}

const SECTIONS: Record<string, (parser: Parser) => UpdateAction> = {
  SET(parser) {
    const path = parser.path();
    parser.expect('=');
    return { kind: 'set', path, value: sum(parser) };
  },
  REMOVE: (parser) => ({ kind: 'remove', path: parser.path() }),
  ADD: (parser) => ({ kind: 'add', path: parser.path(), value: literal(parser, 'ADD', ['N', ...SETS]) }),
  DELETE: (parser) => ({ kind: 'delete', path: parser.path(), value: literal(parser, 'DELETE', SETS) }),
};

function sum(parser: Parser): UpdateValue {
  const left = operand(parser);
  const sign = parser.peek();
  if (sign !== '+' && sign !== '-') return left;
  parser.next();
  parser.operator();
  const right = operand(parser);
  for (const side of [left, right]) check(sign, side, 'N');
  return { kind: sign, left, right };
}

function operand(parser: Parser): UpdateValue {
  const token = parser.peek();
  if (token.startsWith(':')) {
    parser.next();
    return { kind: 'value', value: parser.substitutions.value(token) };
  }
  if (parser.peek(1) !== '(') return { kind: 'path', path: parser.path() };
  parser.next();
  parser.expect('(');
  parser.operator();
  const value = parser.nested(() => functionValue(parser, token));
  parser.expect(')');
  return value;
}

function functionValue(parser: Parser, name: string): UpdateValue {
  if (name === 'if_not_exists') {
    const path: Path = parser.path();
    parser.expect(',');
    return { kind: 'if_not_exists', path, otherwise: operand(parser) };
  }
  if (name !== 'list_append') throw new ExpressionError(`Invalid function name; function: ${name}`);
  const left = operand(parser);
  parser.expect(',');
  const right = operand(parser);
  for (const side of [left, right]) check(name, side, 'L');
  return { kind: 'list_append', left, right };
}

/** Refuses operands whose type is known to be wrong before any item is read. */
function check(operator: string, side: UpdateValue, type: AttributeType): void {
  if (side.kind === 'if_not_exists') check(operator, side.otherwise, type);
  else if (side.kind === 'value' && typeOf(side.value) !== type) throw wrongType(operator, side.value);
  else if (side.kind === 'list_append' && type !== 'L') {
    throw new ExpressionError(
      `Incorrect operand type for operator or function; operator: ${operator}, operand type: L`,
    );
  }
}

function literal(parser: Parser, section: string, types: readonly AttributeType[]): AttributeValue {
  const token = parser.peek();
  if (!token.startsWith(':')) throw parser.syntaxError();
  parser.next();
  const value = parser.substitutions.value(token);
  if (!types.includes(typeOf(value))) throw wrongType(section, value);
  return value;
}

function wrongType(operator: string, value: AttributeValue): ExpressionError {
  const what = 'Incorrect operand type for operator or function; operator: ';
  return new ExpressionError(`${what}${operator}, operand type: ${typeOf(value)}`);
}
