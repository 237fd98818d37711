/**
 * Exact arithmetic on DynamoDB numbers. Numbers are strings in canonical form (no exponent, no leading or
 * trailing zeros), as the engine's validation leaves them: up to 38 digits, magnitude 1e-130 to 9.9e125.
 */
import { validateAttributeValue } from 'dynalite/validations/index.js';
import { invalid } from './errors.ts';

/** An integer times 10 ** -scale. */
interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

/** Integers of at most 15 digits: double precision is exact for them and for their sums. */
const SMALL = /^-?\d{1,15}$/;

/** `a + b`; throws ValidationException when the result has more than 38 digits or is out of range. */
export function add(a: string, b: string): string {
  if (SMALL.test(a) && SMALL.test(b)) return String(Number(a) + Number(b));
  return combine(a, b, (x, y) => x + y);
}

/** `a - b`; throws as `add`. */
export function subtract(a: string, b: string): string {
  if (SMALL.test(a) && SMALL.test(b)) return String(Number(a) - Number(b));
  return combine(a, b, (x, y) => x - y);
}

/** Negative, zero or positive as `a` is less than, equal to or greater than `b`. */
export function compareNumbers(a: string, b: string): number {
  if (a === b) return 0;
  if (SMALL.test(a) && SMALL.test(b)) return Number(a) - Number(b);
  const [x, y] = align(parse(a), parse(b));
  return x < y ? -1 : x > y ? 1 : 0;
}

function combine(a: string, b: string, operation: (x: bigint, y: bigint) => bigint): string {
  const [x, y, scale] = align(parse(a), parse(b));
  const result = { N: format({ units: operation(x, y), scale }) };
  const message = validateAttributeValue(result);
  if (message) throw invalid(message);
  return result.N;
}

function parse(text: string): Decimal {
  const point = text.indexOf('.');
  if (point < 0) return { units: BigInt(text), scale: 0 };
  return { units: BigInt(text.slice(0, point) + text.slice(point + 1)), scale: text.length - point - 1 };
}

function align(a: Decimal, b: Decimal): [a: bigint, b: bigint, scale: number] {
  const scale = Math.max(a.scale, b.scale);
  return [a.units * 10n ** BigInt(scale - a.scale), b.units * 10n ** BigInt(scale - b.scale), scale];
}

function format({ units, scale }: Decimal): string {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0');
  const sign = units < 0n ? '-' : '';
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '');
  return scale === 0 || fraction === '' ? sign + whole : `${sign}${whole}.${fraction}`;
}
