/**
 * Stored items: keys and a few attributes that conditions need, and the thing itself as JSON in `body`. JSON
 * keeps every value exactly (DynamoDB's own numbers and maps refuse some of what JSON allows) and costs the
 * SDK a tenth of the work of a deep map.
 */
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { AppError } from '../../errors.ts';
import type { IndexKeys, Key } from './table.ts';

/** A sort of item: its name, the number of its stored form, and how it is checked when it is read. */
export interface Kind<T> {
  readonly name: string;
  readonly schema: number;
  readonly shape: z.ZodType<T>;
  /** Leads from the stored form of a number to that of the next one; readers go all steps up to `schema`. */
  readonly upgrades?: Readonly<Record<number, (stored: unknown) => unknown>>;
}

export interface Item extends Key, IndexKeys {
  readonly kind: string;
  readonly schema: number;
  /** Names this very write, so that a repeated write can recognise its own effect. */
  readonly writeId: string;
  readonly version?: number;
  /** TTL, epoch seconds. */
  readonly expiresAtSeconds?: number;
  readonly body: string;
}

/** Below DynamoDB's 400 KB per item, keys and names included. */
export const MAX_BODY_BYTES = 380_000;

/** The item of `value`. Throws payload_too_large if DynamoDB could not hold it. */
export function toItem<T>(
  kind: Kind<T>,
  key: Key,
  value: T,
  extra: IndexKeys & { version?: number; expiresAtSeconds?: number } = {},
): Item {
  const body = JSON.stringify(value);
  if (Buffer.byteLength(body) > MAX_BODY_BYTES) {
    throw new AppError('payload_too_large', `${kind.name}: larger than ${MAX_BODY_BYTES} bytes when stored`);
  }
  return { ...key, ...extra, kind: kind.name, schema: kind.schema, writeId: randomUUID(), body };
}

/**
 * The value of a stored item; one of an older form is upgraded. Fields that a newer broker has added are kept,
 * however deep, so that brokers of two versions can share the table. Throws `unavailable` for an item of a newer
 * form, which is left alone for a newer broker, and `internal` for one that is not of this kind; the message names
 * the item, never its contents.
 */
export function fromItem<T>(kind: Kind<T>, item: Readonly<Record<string, unknown>>): T {
  if (item['kind'] !== kind.name) throw corrupt(kind, item, `its kind is not ${kind.name}`);
  const stored = upgraded(kind, item);
  const checked = kind.shape.safeParse(stored);
  if (!checked.success) {
    const where = checked.error.issues.map((issue) => issue.path.join('.') || 'body');
    throw corrupt(kind, item, `these fields are wrong: ${[...new Set(where)].slice(0, 10).join(', ')}`);
  }
  return keepUnknown(stored, checked.data) as T;
}

/**
 * A stored item in the form of this broker, to be written in its place; undefined if it is of this form already. Its
 * keys, indexes and version stay. Throws as `fromItem` does.
 */
export function migrated(
  kind: Kind<unknown>,
  item: Readonly<Record<string, unknown>>,
): Record<string, unknown> | undefined {
  if (item['schema'] === kind.schema) return undefined;
  const body = JSON.stringify(fromItem(kind, item));
  return { ...item, schema: kind.schema, writeId: randomUUID(), body };
}

/** The stored form in the number that this broker reads. */
function upgraded(kind: Kind<unknown>, item: Readonly<Record<string, unknown>>): unknown {
  const found = item['schema'];
  if (typeof found !== 'number' || !Number.isInteger(found)) throw corrupt(kind, item, 'it has no schema');
  if (found > kind.schema) {
    throw new AppError('unavailable', `a stored ${kind.name} was written by a newer broker`);
  }
  let stored = parseJson(item['body']);
  for (let from = found; from < kind.schema; from++) {
    const step = kind.upgrades?.[from];
    if (!step) throw corrupt(kind, item, `its schema is ${found}, and nothing leads to ${kind.schema}`);
    stored = step(stored);
  }
  return stored;
}

/** What was checked, with the fields of what was stored that the check does not know. */
function keepUnknown(stored: unknown, checked: unknown): unknown {
  if (Array.isArray(stored) && Array.isArray(checked)) {
    return checked.map((value, index) => keepUnknown(stored[index], value));
  }
  if (!isRecord(stored) || !isRecord(checked)) return checked;
  const merged: Record<string, unknown> = { ...stored };
  for (const [name, value] of Object.entries(checked)) merged[name] = keepUnknown(stored[name], value);
  return merged;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function corrupt(kind: Kind<unknown>, item: Readonly<Record<string, unknown>>, problem: string): AppError {
  return new AppError('internal', `a stored ${kind.name} cannot be read: ${problem}`, {
    details: { corruptItem: { pk: item['pk'], sk: item['sk'] } },
  });
}

function parseJson(text: unknown): unknown {
  if (typeof text !== 'string') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is one more form that the shape refuses.
    return undefined;
  }
}
