/** Comparison operators of Choice states. A value of another type than the operator's never matches. */
import type { ChoiceRule } from './definition.ts';
import { runtimeError } from './errors.ts';
import type { Json } from './json.ts';
import { parsePath, readPath } from './jsonpath.ts';

type Comparison = (value: Json, expected: Json) => boolean;

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Epoch ms of an RFC 3339 timestamp with upper-case T and Z, `undefined` for anything else. */
export function parseTimestamp(value: Json): number | undefined {
  if (typeof value !== 'string' || !TIMESTAMP.test(value)) return undefined;
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : time;
}

/** The family of an operator: how it takes a value, `undefined` where the type is wrong. */
type Take = (value: Json) => number | string | boolean | undefined;
const FAMILIES: Record<string, Take> = {
  String: (value) => (typeof value === 'string' ? value : undefined),
  Numeric: (value) => (typeof value === 'number' ? value : undefined),
  Timestamp: parseTimestamp,
};
const ORDERS: Record<string, (a: number | string | boolean, b: number | string | boolean) => boolean> = {
  Equals: (a, b) => a === b,
  LessThan: (a, b) => a < b,
  GreaterThan: (a, b) => a > b,
  LessThanEquals: (a, b) => a <= b,
  GreaterThanEquals: (a, b) => a >= b,
};

function compareBy(take: Take, order: (typeof ORDERS)[string]): Comparison {
  return (value, expected) => {
    const a = take(value);
    const b = take(expected);
    return a !== undefined && b !== undefined && order(a, b);
  };
}

/** `*` matches any characters, `\*` a star. Linear in practice: greedy segments, no backtracking. */
function wildcardMatches(value: Json, pattern: Json): boolean {
  if (typeof value !== 'string' || typeof pattern !== 'string') return false;
  const parts = [''];
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === '*') parts.push('');
    else parts[parts.length - 1] += pattern[i] === '\\' && i + 1 < pattern.length ? pattern[++i] : pattern[i];
  }
  if (parts.length === 1) return value === parts[0];
  const first = parts[0];
  const last = parts[parts.length - 1];
  if (value.length < first.length + last.length || !value.startsWith(first) || !value.endsWith(last))
    return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = value.indexOf(part, at);
    if (found < 0 || found + part.length > value.length - last.length) return false;
    at = found + part.length;
  }
  return true;
}

const is =
  (test: (value: Json) => boolean): Comparison =>
  (value, expected) =>
    test(value) === expected;

/** Every operator with a value on its right-hand side. */
export const OPERATORS: ReadonlyMap<string, Comparison> = new Map<string, Comparison>([
  ...Object.entries(FAMILIES).flatMap(([family, take]) =>
    Object.entries(ORDERS).map(([name, order]) => [family + name, compareBy(take, order)] as const),
  ),
  [
    'BooleanEquals',
    compareBy((value) => (typeof value === 'boolean' ? value : undefined), ORDERS.Equals),
  ] as const,
  ['StringMatches', wildcardMatches] as const,
  ['IsNull', is((value) => value === null)] as const,
  ['IsNumeric', is((value) => typeof value === 'number')] as const,
  ['IsString', is((value) => typeof value === 'string')] as const,
  ['IsBoolean', is((value) => typeof value === 'boolean')] as const,
  ['IsTimestamp', is((value) => parseTimestamp(value) !== undefined)] as const,
]);

/** Operators that also exist as `...Path`, with the other side read from the input. */
export function hasPathForm(operator: string): boolean {
  return !operator.startsWith('Is') && operator !== 'StringMatches';
}

/** Whether a rule holds. Throws States.Runtime if a variable does not exist (unless tested with IsPresent). */
export function ruleHolds(rule: ChoiceRule, input: Json, context: Json): boolean {
  if (rule.And) return rule.And.every((part) => ruleHolds(part, input, context));
  if (rule.Or) return rule.Or.some((part) => ruleHolds(part, input, context));
  if (rule.Not) return !ruleHolds(rule.Not, input, context);
  const operator = operatorOf(rule);
  const value = readPath(parsePath(rule.Variable as string), input, context);
  if (operator === 'IsPresent') return (value !== undefined) === rule.IsPresent;
  const comparison = OPERATORS.get(operator);
  if (comparison) return comparison(present(value, rule.Variable as string), rule[operator] as Json);
  const path = rule[operator] as string;
  const expected = present(readPath(parsePath(path), input, context), path);
  const base = OPERATORS.get(operator.slice(0, -'Path'.length)) as Comparison;
  return base(present(value, rule.Variable as string), expected);
}

/** The one key of a data test that is neither Variable, Next nor Comment. */
export function operatorOf(rule: ChoiceRule): string {
  return Object.keys(rule).find((key) => !['Variable', 'Next', 'Comment'].includes(key)) ?? '';
}

function present(value: Json | undefined, path: string): Json {
  if (value !== undefined) return value;
  throw runtimeError(
    `Invalid path '${path}': The choice state's condition path references an invalid value.`,
  );
}
