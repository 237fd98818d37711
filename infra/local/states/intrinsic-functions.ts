/** The intrinsic functions that AWS lists for JSONPath states. Each throws an Error that says what is wrong. */
import { createHash, randomInt, randomUUID } from 'node:crypto';
import { isObject, type Json, type JsonObject, parseJson } from './json.ts';

const MAX_RANGE = 1000;
const MAX_CHARACTERS = 10_000;
const HASHES: Record<string, string> = {
  MD5: 'md5',
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};

/** Accepted numbers of arguments and the function itself. */
interface Intrinsic {
  arity: [least: number, most: number];
  run(args: Json[]): Json;
}

const text = (value: Json, which: string): string => {
  if (typeof value !== 'string') throw new Error(`${which} must be a string`);
  return value;
};
const short = (value: Json, which: string): string => {
  if (text(value, which).length > MAX_CHARACTERS) {
    throw new Error(`${which} must have at most ${MAX_CHARACTERS} characters`);
  }
  return value as string;
};
/** Numbers are rounded to the nearest integer, as AWS does. */
const integer = (value: Json, which: string): number => {
  if (typeof value !== 'number') throw new Error(`${which} must be a number`);
  return Math.round(value);
};
const list = (value: Json, which: string): Json[] => {
  if (!Array.isArray(value)) throw new Error(`${which} must be an array`);
  return value;
};
const object = (value: Json, which: string): JsonObject => {
  if (!isObject(value)) throw new Error(`${which} must be an object`);
  return value;
};

/** Text in which equal JSON values are equal: object keys sorted. */
function canonical(value: Json): string {
  return JSON.stringify(value, (_key, node) =>
    isObject(node) ? Object.fromEntries(Object.entries(node).sort(([a], [b]) => (a < b ? -1 : 1))) : node,
  );
}

/** How States.Format shows a value: strings bare, collections as `{a=1, b=[2]}`. */
function shown(value: Json): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (isObject(value)) {
    return `{${Object.entries(value)
      .map(([key, child]) => `${key}=${shown(child)}`)
      .join(', ')}}`;
  }
  return String(value);
}

/** Replaces each `{}` by the next value; `\{`, `\}`, `\'` and `\\` stand for themselves. */
function format([template, ...values]: Json[]): string {
  let used = 0;
  const out = text(template, 'the template').replace(/\\([{}'\\])|\{\}|[{}]/g, (match, escaped) => {
    if (escaped) return escaped;
    if (match !== '{}')
      throw new Error(`a single '${match}' in the template must be escaped as '\\${match}'`);
    if (used >= values.length) throw new Error('there are fewer values than {} in the template');
    return shown(values[used++]);
  });
  if (used < values.length) throw new Error('there are more values than {} in the template');
  return out;
}

function arrayRange([first, last, step]: Json[]): number[] {
  const from = integer(first, 'the first element');
  const to = integer(last, 'the last element');
  const by = integer(step, 'the step');
  if (by === 0) throw new Error('the step must not be 0');
  const length = Math.max(0, Math.floor((to - from) / by) + 1);
  if (length > MAX_RANGE) throw new Error(`the array would have more than ${MAX_RANGE} elements`);
  return Array.from({ length }, (_, i) => from + i * by);
}

function arrayPartition([values, size]: Json[]): Json[][] {
  const items = list(values, 'the first argument');
  const by = integer(size, 'the chunk size');
  if (by < 1) throw new Error('the chunk size must be a positive integer');
  return Array.from({ length: Math.ceil(items.length / by) }, (_, i) => items.slice(i * by, (i + 1) * by));
}

function arrayGetItem([values, index]: Json[]): Json {
  const items = list(values, 'the first argument');
  const i = integer(index, 'the index');
  if (i < 0 || i >= items.length) throw new Error(`index ${i} is outside of the array`);
  return items[i];
}

/** With a seed the result is the same each time; AWS's own sequence is not published. */
function mathRandom([start, end, seed]: Json[]): number {
  const from = integer(start, 'the start');
  const to = integer(end, 'the end');
  if (to <= from) throw new Error('the end must be greater than the start');
  if (seed === undefined) return from + randomInt(0, to - from);
  const digest = createHash('sha256')
    .update(String(integer(seed, 'the seed')))
    .digest();
  return from + Number(digest.readBigUInt64BE() % BigInt(to - from));
}

function hash([data, algorithm]: Json[]): string {
  const name = HASHES[text(algorithm, 'the algorithm')];
  if (!name) throw new Error(`the algorithm must be one of ${Object.keys(HASHES).join(', ')}`);
  const bytes = typeof data === 'string' ? data : JSON.stringify(data);
  return createHash(name).update(short(bytes, 'the data')).digest('hex');
}

function unique(values: Json[]): Json[] {
  const seen = new Set<string>();
  return values.filter((value) => seen.size < seen.add(canonical(value)).size);
}

function jsonMerge([left, right, deep]: Json[]): Json {
  if (deep !== false) throw new Error('only shallow merging is supported: the third argument must be false');
  return { ...object(left, 'the first argument'), ...object(right, 'the second argument') };
}

/** Every character of the second argument is a delimiter; empty parts are dropped. */
function stringSplit([source, delimiters]: Json[]): string[] {
  const marks = new Set(text(delimiters, 'the delimiters'));
  const parts = [''];
  for (const c of text(source, 'the first argument')) {
    if (marks.has(c)) parts.push('');
    else parts[parts.length - 1] += c;
  }
  return parts.filter((part) => part !== '');
}

export const INTRINSICS: Record<string, Intrinsic> = {
  'States.Format': { arity: [1, Number.POSITIVE_INFINITY], run: format },
  'States.StringToJson': { arity: [1, 1], run: ([s]) => parseJson(text(s, 'the argument')) },
  'States.JsonToString': { arity: [1, 1], run: ([value]) => JSON.stringify(value) },
  'States.Array': { arity: [0, Number.POSITIVE_INFINITY], run: (args) => args },
  'States.ArrayPartition': { arity: [2, 2], run: arrayPartition },
  'States.ArrayContains': {
    arity: [2, 2],
    run: ([values, wanted]) => {
      const key = canonical(wanted);
      return list(values, 'the first argument').some((value) => canonical(value) === key);
    },
  },
  'States.ArrayRange': { arity: [3, 3], run: arrayRange },
  'States.ArrayGetItem': { arity: [2, 2], run: arrayGetItem },
  'States.ArrayLength': { arity: [1, 1], run: ([values]) => list(values, 'the argument').length },
  'States.ArrayUnique': { arity: [1, 1], run: ([values]) => unique(list(values, 'the argument')) },
  'States.Base64Encode': {
    arity: [1, 1],
    run: ([s]) => Buffer.from(short(s, 'the argument')).toString('base64'),
  },
  'States.Base64Decode': { arity: [1, 1], run: ([s]) => decodeBase64(short(s, 'the argument')) },
  'States.Hash': { arity: [2, 2], run: hash },
  'States.JsonMerge': { arity: [3, 3], run: jsonMerge },
  'States.MathRandom': { arity: [2, 3], run: mathRandom },
  'States.MathAdd': {
    arity: [2, 2],
    run: ([a, b]) => integer(a, 'the first argument') + integer(b, 'the second argument'),
  },
  'States.StringSplit': { arity: [2, 2], run: stringSplit },
  'States.UUID': { arity: [0, 0], run: () => randomUUID() },
};

function decodeBase64(encoded: string): string {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(encoded) || encoded.length % 4 === 1) {
    throw new Error('the argument is not Base64');
  }
  return Buffer.from(encoded, 'base64').toString();
}
