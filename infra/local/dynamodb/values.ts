/** Attribute values and items: type, size, equality and order as DynamoDB defines them. */
import { Buffer } from 'node:buffer';
import { invalid } from './errors.ts';
import { compareNumbers } from './numbers.ts';

/** One value; exactly one member is set. Binary is base64, numbers are canonical strings. */
export interface AttributeValue {
  S?: string;
  N?: string;
  B?: string;
  BOOL?: boolean;
  NULL?: boolean;
  SS?: string[];
  NS?: string[];
  BS?: string[];
  L?: AttributeValue[];
  M?: Record<string, AttributeValue>;
}
export type AttributeType = keyof AttributeValue;
export type Item = Record<string, AttributeValue>;

/** Largest item, bytes. */
export const MAX_ITEM_BYTES = 409_600;
const MAX_DEPTH = 32;

export function typeOf(value: AttributeValue): AttributeType {
  for (const type in value) return type as AttributeType;
  throw new TypeError('an attribute value without a type passed the validation');
}

/** The strings of a set value. */
export function setMembers(value: AttributeValue): string[] | undefined {
  return value.SS ?? value.NS ?? value.BS;
}

/** An attribute of an item or a map; names such as `constructor` are ordinary names. */
export function attribute(item: Item, name: string): AttributeValue | undefined {
  return Object.hasOwn(item, name) ? item[name] : undefined;
}

/** Size in bytes as DynamoDB counts it: UTF-8 names and values. Throws when nested too deeply. */
export function itemSize(item: Item, depth = 0): number {
  let size = 0;
  for (const name in item) size += Buffer.byteLength(name) + valueSize(item[name], depth);
  return size;
}

function valueSize(value: AttributeValue, depth: number): number {
  if (depth > MAX_DEPTH) throw invalid('Nesting Levels have exceeded supported limits');
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return numberSize(value.N);
  if (value.B !== undefined) return Buffer.byteLength(value.B, 'base64');
  if (value.M) return 3 + Object.keys(value.M).length + itemSize(value.M, depth + 1);
  if (value.L) return value.L.reduce((sum, member) => sum + 1 + valueSize(member, depth + 1), 3);
  if (value.SS) return value.SS.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (value.NS) return value.NS.reduce((sum, text) => sum + numberSize(text), 0);
  if (value.BS) return value.BS.reduce((sum, text) => sum + Buffer.byteLength(text, 'base64'), 0);
  return 1;
}

/** About one byte per two significant digits, plus one, plus one for the sign. */
function numberSize(text: string): number {
  const digits = text.replace(/^-?0*\.?0*|\./g, '').replace(/0+$/, '').length;
  return Math.ceil(digits / 2) + 1 + (text.startsWith('-') ? 1 : 0);
}

/** Deep equality; sets have no order. */
export function equal(a: AttributeValue, b: AttributeValue): boolean {
  const type = typeOf(a);
  if (type !== typeOf(b)) return false;
  if (a.M && b.M) return equalMaps(a.M, b.M);
  if (a.L && b.L) return a.L.length === b.L.length && a.L.every((member, i) => equal(member, b.L![i]));
  const set = setMembers(a);
  if (set) {
    const other = new Set(setMembers(b));
    return set.length === other.size && set.every((member) => other.has(member));
  }
  return a[type] === b[type];
}

function equalMaps(a: Item, b: Item): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && equal(a[name], b[name]))
  );
}

/** Order of two values of one ordered type: negative, zero, positive; undefined if they have no order. */
export function order(a: AttributeValue, b: AttributeValue): number | undefined {
  if (a.N !== undefined && b.N !== undefined) return compareNumbers(a.N, b.N);
  if (a.S !== undefined && b.S !== undefined) return Buffer.compare(Buffer.from(a.S), Buffer.from(b.S));
  if (a.B !== undefined && b.B !== undefined) return Buffer.compare(bytes(a.B), bytes(b.B));
  return undefined;
}

export function bytes(base64: string): Buffer {
  return Buffer.from(base64, 'base64');
}
