/** Whether keys and items fit the schema of their table. */
import { invalid, invalidParameter } from './errors.ts';
import type { Index, KeyAttribute, Table } from './table.ts';
import { type AttributeValue, attribute, bytes, type Item, typeOf } from './values.ts';

const MAX_HASH_BYTES = 2_048;
const MAX_RANGE_BYTES = 1_024;

/** Throws unless `key` consists of exactly the primary key attributes. */
export function checkKey(table: Table, key: Item): void {
  const attributes = keyAttributes(table);
  const fits =
    Object.keys(key).length === attributes.length &&
    attributes.every(({ name, type }) => attribute(key, name)?.[type] !== undefined);
  if (!fits) throw invalid('The provided key element does not match the schema');
  for (const at of attributes) checkPrimary(key[at.name], at, at === table.hash);
}

/** Throws unless the item has its primary key, and its index attributes are fit for the indexes. */
export function checkItem(table: Table, item: Item): void {
  for (const at of keyAttributes(table)) {
    const value = attribute(item, at.name);
    if (!value) throw invalidParameter(`Missing the key ${at.name} in the item`);
    if (value[at.type] === undefined) {
      const actual = `expected: ${at.type} actual: ${typeOf(value)}`;
      throw invalidParameter(`Type mismatch for key ${at.name} ${actual}`);
    }
    checkPrimary(value, at, at === table.hash);
  }
  checkIndexAttributes(table, item);
}

/** Throws if an attribute that is the key of an index has another type, is empty or too long. */
export function checkIndexAttributes(table: Table, item: Item): void {
  for (const index of table.indexes) {
    for (const at of keyAttributes(index)) {
      const value = attribute(item, at.name);
      if (value) checkIndexAttribute(value, at, index);
    }
  }
}

/** The key attributes of a table or an index, hash first. */
export function keyAttributes({ hash, range }: { hash: KeyAttribute; range?: KeyAttribute }): KeyAttribute[] {
  return range ? [hash, range] : [hash];
}

function checkPrimary(value: AttributeValue, { name, type }: KeyAttribute, isHash: boolean): void {
  if (isEmpty(value)) {
    throw invalidParameter(
      `The AttributeValue for a key attribute cannot contain an empty ${kindOf(type)} value. Key: ${name}`,
    );
  }
  const size = keySize(value);
  if (isHash && size > MAX_HASH_BYTES) {
    throw invalidParameter(`Size of hashkey has exceeded the maximum size limit of${MAX_HASH_BYTES} bytes`);
  }
  if (!isHash && size > MAX_RANGE_BYTES) {
    throw invalidParameter(
      `Aggregated size of all range keys has exceeded the size limit of ${MAX_RANGE_BYTES} bytes`,
    );
  }
}

function checkIndexAttribute(value: AttributeValue, { name, type }: KeyAttribute, index: Index): void {
  const where = `IndexName: ${index.name}, IndexKey: ${name}`;
  if (value[type] === undefined) {
    const types = `Expected: ${type} Actual: ${typeOf(value)} IndexName: ${index.name}`;
    throw invalidParameter(`Type mismatch for Index Key ${name} ${types}`);
  }
  if (isEmpty(value)) {
    const what = `The AttributeValue for a key attribute cannot contain an empty ${kindOf(type)} value`;
    throw invalidParameter(`A value specified for a secondary index key is not supported. ${what}. ${where}`);
  }
  if (keySize(value) > (name === index.hash.name ? MAX_HASH_BYTES : MAX_RANGE_BYTES)) {
    throw invalidParameter(`The size of a secondary index key has exceeded its limit. ${where}`);
  }
}

function isEmpty(value: AttributeValue): boolean {
  return value.S === '' || value.B === '';
}

function keySize(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  return value.B === undefined ? 0 : bytes(value.B).length;
}

function kindOf(type: KeyAttribute['type']): string {
  return type === 'B' ? 'binary' : 'string';
}
