/** CreateTable, DescribeTable, UpdateTable, DeleteTable, ListTables. */
import { AwsError } from '../contract.ts';
import { arnOf, type Owner } from './catalog.ts';
import { authorizedTable, type Deps, type Operation } from './context.ts';
import { invalid, invalidParameter } from './errors.ts';
import { checkRequest } from './requests.ts';
import { keyAttributes } from './schema.ts';
import { type Index, type KeyAttribute, keyNames, type Table } from './table.ts';

interface AttributeDefinition {
  AttributeName: string;
  AttributeType: KeyAttribute['type'];
}
interface KeySchemaElement {
  AttributeName: string;
  KeyType: 'HASH' | 'RANGE';
}
type Throughput = NonNullable<Table['throughput']>;
interface IndexRequest {
  IndexName: string;
  KeySchema: KeySchemaElement[];
  Projection: Index['projection'];
}
interface CreateTableRequest {
  TableName: string;
  AttributeDefinitions: AttributeDefinition[];
  KeySchema: KeySchemaElement[];
  GlobalSecondaryIndexes?: IndexRequest[];
  ProvisionedThroughput?: Throughput;
  DeletionProtectionEnabled?: boolean;
}
interface UpdateTableRequest {
  TableName: string;
  AttributeDefinitions?: AttributeDefinition[];
  BillingMode?: 'PROVISIONED' | 'PAY_PER_REQUEST';
  ProvisionedThroughput?: Throughput;
  DeletionProtectionEnabled?: boolean;
  GlobalSecondaryIndexUpdates?: { Create?: IndexRequest; Delete?: { IndexName: string } }[];
}

const MAX_INDEXES = 20;
const LIST_LIMIT = 100;

export const createTable: Operation = async (deps, input, context) => {
  const request = checkRequest<CreateTableRequest>('CreateTable', input);
  const { TableName, AttributeDefinitions, KeySchema, GlobalSecondaryIndexes = [] } = request;
  context.authorize('dynamodb:CreateTable', arnOf(context, TableName));
  const types = typesOf(AttributeDefinitions);
  const key = keyFrom(KeySchema, types);
  const indexes = GlobalSecondaryIndexes.map((index) => indexFrom(deps, context, TableName, index, types));
  for (const index of indexes) index.status = 'ACTIVE'; // an empty table has nothing to fill it with
  const used = new Set([key, ...indexes].flatMap((keyed) => keyNames(keyed)));
  if (used.size < types.size) {
    throw invalidParameter(
      `Some AttributeDefinitions are not used. AttributeDefinitions: [${[...types.keys()].join(', ')}], keys used: [${[...used].join(', ')}]`,
    );
  }
  const table = await deps.catalog.create(context, {
    name: TableName,
    ...key,
    indexes,
    throughput: request.ProvisionedThroughput,
    deletionProtected: request.DeletionProtectionEnabled ?? false,
  });
  return { TableDescription: describe(table) };
};

export const describeTable: Operation = (deps, input, context) => {
  const { TableName } = checkRequest<{ TableName: string }>('DescribeTable', input);
  context.authorize('dynamodb:DescribeTable', arnOf(context, TableName));
  return { Table: describe(deps.catalog.get(context, TableName, true)) };
};

export const deleteTable: Operation = async (deps, input, context) => {
  const { TableName } = checkRequest<{ TableName: string }>('DeleteTable', input);
  context.authorize('dynamodb:DeleteTable', arnOf(context, TableName));
  const table = deps.catalog.get(context, TableName, true);
  if (table.deletionProtected) {
    throw invalid(
      `Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.`,
    );
  }
  await deps.catalog.remove(table);
  return { TableDescription: { ...describe(table), TableStatus: 'DELETING' } };
};

export const listTables: Operation = ({ catalog }, input, context) => {
  const { ExclusiveStartTableName, Limit = LIST_LIMIT } = checkRequest<{
    ExclusiveStartTableName?: string;
    Limit?: number;
  }>('ListTables', input);
  context.authorize('dynamodb:ListTables', '*');
  const start = ExclusiveStartTableName ?? '';
  const names = catalog.names(context).filter((name) => name > start);
  const TableNames = names.slice(0, Limit);
  return { TableNames, LastEvaluatedTableName: names.length > Limit ? TableNames.at(-1) : undefined };
};

export const updateTable: Operation = async (deps, input, context) => {
  const request = checkRequest<UpdateTableRequest>('UpdateTable', input);
  const { TableName, GlobalSecondaryIndexUpdates: updates = [], DeletionProtectionEnabled } = request;
  const table = authorizedTable(deps, context, 'UpdateTable', TableName);
  const settings = [request.BillingMode, request.ProvisionedThroughput, DeletionProtectionEnabled];
  if (updates.length === 0 && settings.every((setting) => setting === undefined)) {
    throw invalid(
      'At least one of ProvisionedThroughput, BillingMode, GlobalSecondaryIndexUpdates or DeletionProtectionEnabled is required',
    );
  }
  const throughput = newThroughput(table, request);
  const [update, ...others] = updates;
  if (others.length > 0 || (update && table.indexes.some(({ status }) => status === 'CREATING'))) {
    const only = 'Only 1 online index can be created or deleted simultaneously per table';
    throw new AwsError('LimitExceededException', `Subscriber limit exceeded: ${only}`);
  }
  const added = update?.Create && newIndex(deps, table, update.Create, request.AttributeDefinitions);
  const dropped = update?.Delete && existingIndex(table, update.Delete.IndexName);
  if (update && !added === !dropped) {
    throw invalidParameter(
      'One of GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete is needed',
    );
  }
  table.throughput = throughput;
  table.deletionProtected = DeletionProtectionEnabled ?? table.deletionProtected;
  table.indexes = [...table.indexes.filter((index) => index !== dropped), ...(added ? [added] : [])];
  await deps.catalog.update(table, dropped ? [dropped.id] : []);
  if (added) deps.catalog.fill(table, added);
  return { TableDescription: describe(table) };
};

function newThroughput(table: Table, { BillingMode, ProvisionedThroughput }: UpdateTableRequest) {
  const provisioned = BillingMode ? BillingMode === 'PROVISIONED' : table.throughput !== undefined;
  if (!provisioned && ProvisionedThroughput) {
    throw invalidParameter(
      'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
    );
  }
  if (BillingMode === 'PROVISIONED' && !ProvisionedThroughput) {
    throw invalidParameter('ProvisionedThroughput must be specified when BillingMode is PROVISIONED');
  }
  return provisioned ? (ProvisionedThroughput ?? table.throughput) : undefined;
}

function newIndex(
  deps: Deps,
  table: Table,
  request: IndexRequest,
  definitions: AttributeDefinition[] = [],
): Index {
  if (table.indexes.some(({ name }) => name === request.IndexName)) {
    throw invalid('Attempting to create an index which already exists');
  }
  if (table.indexes.length >= MAX_INDEXES) {
    throw invalidParameter(`GlobalSecondaryIndex count exceeds the per-table limit of ${MAX_INDEXES}`);
  }
  const types = typesOf(definitions);
  for (const { name, type } of attributesOf(table)) {
    if (types.has(name) && types.get(name) !== type) {
      throw invalidParameter(`Attribute ${name} is defined with another type`);
    }
    types.set(name, type);
  }
  return indexFrom(deps, table, table.name, request, types);
}

function existingIndex(table: Table, name: string): Index {
  const index = table.indexes.find((candidate) => candidate.name === name);
  if (index) return index;
  throw new AwsError('ResourceNotFoundException', `Requested resource not found: Index: ${name} not found`);
}

function indexFrom(
  deps: Deps,
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
    id: deps.catalog.newSpace(),
    name: IndexName,
    arn: `${arnOf(owner, tableName)}/index/${IndexName}`,
    ...keyFrom(KeySchema, types),
    projection: Projection,
    status: 'CREATING',
  };
}

function typesOf(definitions: readonly AttributeDefinition[]): Map<string, KeyAttribute['type']> {
  return new Map(definitions.map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType]));
}

function keyFrom(schema: readonly KeySchemaElement[], types: ReadonlyMap<string, KeyAttribute['type']>) {
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

function attributesOf(table: Table): KeyAttribute[] {
  const all = [...keyAttributes(table), ...table.indexes.flatMap(keyAttributes)];
  return [...new Map(all.map((at) => [at.name, at])).values()];
}

function describe(table: Table): Record<string, unknown> {
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
