/** Table schemas between the API's shape and that of the catalog. */
import { arnOf, type Catalog, type Owner } from './catalog.ts';
import { invalid, invalidParameter } from './errors.ts';
import { keyAttributes } from './schema.ts';
import type { Index, KeyAttribute, Table } from './table.ts';

export interface AttributeDefinition {
  AttributeName: string;
  AttributeType: KeyAttribute['type'];
}
export interface KeySchemaElement {
  AttributeName: string;
  KeyType: 'HASH' | 'RANGE';
}
export type Throughput = NonNullable<Table['throughput']>;
export interface IndexRequest {
  IndexName: string;
  KeySchema: KeySchemaElement[];
  Projection: Index['projection'];
}
export function indexFrom(
  catalog: Catalog,
  owner: Owner,
  tableName: string,
  { IndexName, KeySchema, Projection }: IndexRequest,
  types: ReadonlyMap<string, KeyAttribute['type']>,
): Index {
  if (Projection.ProjectionType === undefined) throw invalidParameter('Unknown ProjectionType: null');
  if ((Projection.ProjectionType === 'INCLUDE') !== (Projection.NonKeyAttributes !== undefined)) {
    throw invalidParameter(`NonKeyAttributes do not go with ProjectionType ${Projection.ProjectionType}`);
  }
  return {
    id: catalog.newSpace(),
    name: IndexName,
    arn: `${arnOf(owner, tableName)}/index/${IndexName}`,
    ...keyFrom(KeySchema, types),
    projection: Projection,
    status: 'CREATING',
  };
}

export function typesOf(definitions: readonly AttributeDefinition[]): Map<string, KeyAttribute['type']> {
  return new Map(definitions.map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType]));
}

export function keyFrom(
  schema: readonly KeySchemaElement[],
  types: ReadonlyMap<string, KeyAttribute['type']>,
) {
  const [hash, range] = schema.map(({ AttributeName: name }) => {
    const type = types.get(name);
    if (name === '__proto__' || !type) {
      throw invalidParameter(
        `Some index key attributes are not defined in AttributeDefinitions. Keys: [${name}]`,
      );
    }
    return { name, type };
  });
  if (schema[0].KeyType !== 'HASH' || (range && schema[1].KeyType !== 'RANGE') || hash.name === range?.name) {
    throw invalid('Invalid KeySchema: a HASH key comes first, then at most one RANGE key of another name');
  }
  return range ? { hash, range } : { hash };
}

export function attributesOf(table: Table): KeyAttribute[] {
  const all = [...keyAttributes(table), ...table.indexes.flatMap(keyAttributes)];
  return [...new Map(all.map((at) => [at.name, at])).values()];
}

export function describe(table: Table): Record<string, unknown> {
  const throughput = table.throughput ?? { ReadCapacityUnits: 0, WriteCapacityUnits: 0 };
  const BillingMode = table.throughput ? 'PROVISIONED' : 'PAY_PER_REQUEST';
  return {
    TableName: table.name,
    TableArn: table.arn,
    TableId: table.tableId,
    TableStatus: 'ACTIVE',
    CreationDateTime: table.createdAt,
    AttributeDefinitions: attributesOf(table).map(({ name, type }) => ({
      AttributeName: name,
      AttributeType: type,
    })),
    KeySchema: schemaOf(table),
    BillingModeSummary: { BillingMode },
    ProvisionedThroughput: { ...throughput, NumberOfDecreasesToday: 0 },
    DeletionProtectionEnabled: table.deletionProtected,
    GlobalSecondaryIndexes: table.indexes.length > 0 ? table.indexes.map(describeIndex) : undefined,
  };
}

function describeIndex(index: Index): Record<string, unknown> {
  return {
    IndexName: index.name,
    IndexArn: index.arn,
    IndexStatus: index.status,
    Backfilling: index.status === 'CREATING' ? true : undefined,
    KeySchema: schemaOf(index),
    Projection: index.projection,
  };
}

function schemaOf(keyed: { hash: KeyAttribute; range?: KeyAttribute }): KeySchemaElement[] {
  const [hash, range] = keyAttributes(keyed);
  const schema: KeySchemaElement[] = [{ AttributeName: hash.name, KeyType: 'HASH' }];
  if (range) schema.push({ AttributeName: range.name, KeyType: 'RANGE' });
  return schema;
}
