/** Condition operators of IAM policies. Source: "IAM JSON policy elements: Condition operators". */
import { matchesArn, matchesWildcard } from './wildcard.ts';

/** Values a request has for condition keys; an absent key is absent. */
export type ConditionKeys = Readonly<Record<string, string | undefined>>;

/** Operator -> condition key -> accepted values (one suffices). */
export type ConditionBlock = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

type Test = (wanted: string, given: string) => boolean;

const instant = (text: string): number =>
  /^-?\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text);
const number = (test: (a: number, b: number) => boolean): Test => {
  return (wanted, given) => test(Number(given), Number(wanted));
};
const date = (test: (a: number, b: number) => boolean): Test => {
  return (wanted, given) => test(instant(given), instant(wanted));
};

const TESTS: Record<string, Test> = {
  StringEquals: (wanted, given) => wanted === given,
  StringEqualsIgnoreCase: (wanted, given) => wanted.toLowerCase() === given.toLowerCase(),
  StringLike: matchesWildcard,
  ArnEquals: matchesArn,
  ArnLike: matchesArn,
  Bool: (wanted, given) => wanted.toLowerCase() === given.toLowerCase(),
  NumericEquals: number((a, b) => a === b),
  NumericLessThan: number((a, b) => a < b),
  NumericLessThanEquals: number((a, b) => a <= b),
  NumericGreaterThan: number((a, b) => a > b),
  NumericGreaterThanEquals: number((a, b) => a >= b),
  DateEquals: date((a, b) => a === b),
  DateLessThan: date((a, b) => a < b),
  DateLessThanEquals: date((a, b) => a <= b),
  DateGreaterThan: date((a, b) => a > b),
  DateGreaterThanEquals: date((a, b) => a >= b),
};

/** Operators that hold when none of the values does, and when the key is absent. */
const NEGATED: Record<string, Test> = {
  StringNotEquals: TESTS.StringEquals,
  StringNotEqualsIgnoreCase: TESTS.StringEqualsIgnoreCase,
  StringNotLike: TESTS.StringLike,
  ArnNotEquals: TESTS.ArnEquals,
  ArnNotLike: TESTS.ArnLike,
  NumericNotEquals: TESTS.NumericEquals,
  DateNotEquals: TESTS.DateEquals,
};

const IF_EXISTS = 'IfExists';

function baseOf(operator: string): string {
  return operator.endsWith(IF_EXISTS) ? operator.slice(0, -IF_EXISTS.length) : operator;
}

/** Whether the operator is emulated; `ForAllValues:` and `ForAnyValue:` are not. */
export function isOperator(operator: string): boolean {
  if (operator === 'Null') return true;
  return Object.hasOwn(TESTS, baseOf(operator)) || Object.hasOwn(NEGATED, baseOf(operator));
}

/** Whether every operator holds for every of its keys. The operators must have passed `isOperator`. */
export function conditionsHold(block: ConditionBlock, keys: ConditionKeys): boolean {
  return Object.entries(block).every(([operator, wantedByKey]) =>
    Object.entries(wantedByKey).every(([key, wanted]) => holds(operator, wanted, lookUp(keys, key))),
  );
}

function holds(operator: string, wanted: readonly string[], given: string | undefined): boolean {
  if (operator === 'Null') return wanted.includes(String(given === undefined));
  const base = baseOf(operator);
  if (given === undefined) return operator.endsWith(IF_EXISTS) || Object.hasOwn(NEGATED, base);
  const negated = NEGATED[base];
  return negated ? !wanted.some((value) => negated(value, given)) : wanted.some((v) => TESTS[base](v, given));
}

/** Condition key names ignore case. */
function lookUp(keys: ConditionKeys, name: string): string | undefined {
  if (keys[name] !== undefined) return keys[name];
  const lower = name.toLowerCase();
  const found = Object.keys(keys).find((key) => key.toLowerCase() === lower);
  return found === undefined ? undefined : keys[found];
}
