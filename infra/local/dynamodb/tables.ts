/** CreateTable, DescribeTable, DeleteTable, ListTables. */
import { arnOf } from './catalog.ts';
import type { Operation } from './context.ts';
import { invalid, invalidParameter } from './errors.ts';
import { checkRequest } from './requests.ts';
import { keyNames } from './table.ts';
import {
  type AttributeDefinition,
  describe,
  type IndexRequest,
  indexFrom,
  type KeySchemaElement,
  keyFrom,
  type Throughput,
  typesOf,
} from './table-definition.ts';

interface CreateTableRequest {
  TableName: string;
  AttributeDefinitions: AttributeDefinition[];
  KeySchema: KeySchemaElement[];
  GlobalSecondaryIndexes?: IndexRequest[];
  ProvisionedThroughput?: Throughput;
  DeletionProtectionEnabled?: boolean;
}

const LIST_LIMIT = 100;

export const createTable: Operation = async (deps, input, context) => {
  const request = checkRequest<CreateTableRequest>('CreateTable', input);
  const { TableName, AttributeDefinitions, KeySchema, GlobalSecondaryIndexes = [] } = request;
  context.authorize('dynamodb:CreateTable', arnOf(context, TableName));
  const types = typesOf(AttributeDefinitions);
  const key = keyFrom(KeySchema, types);
  const indexes = GlobalSecondaryIndexes.map((index) =>
    indexFrom(deps.catalog, context, TableName, index, types),
  );
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
