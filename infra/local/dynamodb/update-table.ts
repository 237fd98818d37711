/** UpdateTable: settings, and indexes that come and go. */
import { AwsError } from '../contract.ts';
import type { Catalog } from './catalog.ts';
import { authorizedTable, type Operation } from './context.ts';
import { invalid, invalidParameter } from './errors.ts';
import { checkRequest } from './requests.ts';
import type { Index, Table } from './table.ts';
import {
  type AttributeDefinition,
  attributesOf,
  describe,
  type IndexRequest,
  indexFrom,
  type Throughput,
  typesOf,
} from './table-definition.ts';

interface UpdateTableRequest {
  TableName: string;
  AttributeDefinitions?: AttributeDefinition[];
  BillingMode?: 'PROVISIONED' | 'PAY_PER_REQUEST';
  ProvisionedThroughput?: Throughput;
  DeletionProtectionEnabled?: boolean;
  GlobalSecondaryIndexUpdates?: { Create?: IndexRequest; Delete?: { IndexName: string } }[];
}

const MAX_INDEXES = 20;

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
  const added = update?.Create && newIndex(deps.catalog, table, update.Create, request.AttributeDefinitions);
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
  catalog: Catalog,
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
  return indexFrom(catalog, table, table.name, request, types);
}

function existingIndex(table: Table, name: string): Index {
  const index = table.indexes.find((candidate) => candidate.name === name);
  if (index) return index;
  throw new AwsError('ResourceNotFoundException', `Requested resource not found: Index: ${name} not found`);
}
