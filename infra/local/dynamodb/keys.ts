/**
 * Keys of the store. All keys of one space (a table's items, an index, a time to live) start with `ID!`.
 *
 *   item   ID ! partition hash 00 [range 00]
 *   index  ID ! partition hash 00 [range 00] item-key
 *   ttl    ID ! seconds 00 item-key
 *
 * `partition` is four hexadecimal digits of a hash over the hash key: Scan returns items in its order and
 * parallel scans split it. Hash and range are escaped, so that the bytes of the keys sort as the values do.
 */
import engine from 'dynalite/db/index.js';
import { invalid } from './errors.ts';
import type { KeyCondition } from './expressions/key-condition.ts';
import type { KeyAttribute, Keyed, TimeToLive } from './table.ts';
import { type AttributeValue, attribute, bytes, type Item } from './values.ts';

/** Ends a part of a key: sorts before everything that a part can contain. */
const END = '\u0000';
/** Sorts after a part that has ended, before a part that goes on. */
const AFTER = '\u0001';
/** Sorts after everything that a part can contain. */
const LAST = '\u{10ffff}';

/** Keys from `gte` up to, but not including, `lt`. */
export interface KeyRange {
  gte: string;
  lt: string;
}

/** All keys of a space. */
export function spaceRange(id: string): KeyRange {
  return { gte: `${id}!`, lt: `${id}"` };
}

/** Key of an item within its table, without the space. */
export function itemKey(table: Keyed, key: Item): string {
  const hash = encode(key[table.hash.name], table.hash.type);
  const range = table.range ? encode(key[table.range.name], table.range.type) + END : '';
  return partition(hash) + hash + END + range;
}

/** Where an item stands in an index, without the space; undefined if it lacks an attribute of the key. */
export function indexKey(index: Keyed, item: Item, primary: string): string | undefined {
  const hash = attribute(item, index.hash.name);
  const range = index.range && attribute(item, index.range.name);
  if (!hash || (index.range && !range)) return undefined;
  const types: [AttributeValue | undefined, KeyAttribute | undefined][] = [
    [hash, index.hash],
    [range, index.range],
  ];
  // Items from before the index may have attributes of another type; the index leaves them out.
  if (types.some(([value, key]) => value && key && value[key.type] === undefined)) return undefined;
  return itemKey(index, item) + primary;
}

/** The key of the item that an index key stands for. */
export function primaryOf(index: Keyed, key: string): string {
  const afterHash = key.indexOf(END) + 1;
  return key.slice(index.range ? key.indexOf(END, afterHash) + 1 : afterHash);
}

/** Items that expire later than this many seconds sort wrong; year 33658. */
const MAX_SECONDS = 1e12;
const SECONDS_DIGITS = 12;

/** Where an item stands among those that expire; undefined if it never does. */
export function ttlKey(ttl: TimeToLive, item: Item, primary: string): string | undefined {
  const seconds = Number(attribute(item, ttl.attribute)?.N);
  if (!(seconds > 0 && seconds < MAX_SECONDS)) return undefined;
  return `${ttlSeconds(seconds)}${END}${primary}`;
}

export function ttlSeconds(seconds: number): string {
  return String(Math.floor(seconds)).padStart(SECONDS_DIGITS, '0');
}

export function primaryOfTtl(key: string): string {
  return key.slice(SECONDS_DIGITS + END.length);
}

/** The keys that a KeyConditionExpression selects, with the space. */
export function queryRange(target: Keyed, { hash, sort }: KeyCondition): KeyRange {
  const encoded = encode(hash, target.hash.type);
  const start = `${target.id}!${partition(encoded)}${encoded}${END}`;
  if (!sort || !target.range) return { gte: start, lt: start + LAST };
  const type = target.range.type;
  const [first, second = first] = sort.values.map((value) => start + encode(value, type));
  switch (sort.operator) {
    case '=':
      return { gte: first + END, lt: first + AFTER };
    case '<':
      return { gte: start, lt: first + END };
    case '<=':
      return { gte: start, lt: first + AFTER };
    case '>':
      return { gte: first + AFTER, lt: start + LAST };
    case '>=':
      return { gte: first + END, lt: start + LAST };
    case 'between':
      return { gte: first + END, lt: second + AFTER };
    case 'begins_with':
      return { gte: first, lt: first + LAST };
  }
}

/** The part of a space that one segment of a parallel scan reads. */
export function segmentRange(id: string, segment: number, segments: number): KeyRange {
  const edge = (i: number): string =>
    Math.ceil((PARTITIONS * i) / segments)
      .toString(16)
      .padStart(4, '0');
  const { gte, lt } = spaceRange(id);
  return {
    gte: segment === 0 ? gte : gte + edge(segment),
    lt: segment === segments - 1 ? lt : gte + edge(segment + 1),
  };
}

const PARTITIONS = 65_536;

/** FNV-1a, mixed by the finalizer of MurmurHash3, so that similar keys spread: 16 bits. */
function partition(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) & 0xffff).toString(16).padStart(4, '0');
}

/** Characters with a meaning in keys. */
const ESCAPES: Record<string, string> = {
  '\u0000': '\u0001\u0001',
  '\u0001': '\u0001\u0002',
  '\u{10fffe}': '\u{10fffe}\u0001',
  '\u{10ffff}': '\u{10fffe}\u0002',
};
/** Those, and halves of characters, which have no UTF-8. */
const SPECIAL = new RegExp(`[${Object.keys(ESCAPES).join('')}\\p{Surrogate}]`, 'gu');

function encode(value: AttributeValue, type: KeyAttribute['type']): string {
  if (type === 'N') return engine.toLexiStr(value.N!, 'N');
  if (type === 'B') return bytes(value.B!).toString('hex');
  return value.S!.replace(SPECIAL, escapeCharacter);
}

function escapeCharacter(character: string): string {
  const escaped = ESCAPES[character];
  if (escaped === undefined) throw invalid('A key attribute is not a valid UTF-8 string');
  return escaped;
}
