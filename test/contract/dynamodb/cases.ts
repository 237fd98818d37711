/** What the contract cases of DynamoDB share. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Test } from 'tap';
import tables from '../../../infra/broker/tables.json' with { type: 'json' };

const { TimeToLiveSpecification: _, ...definition } = tables.cloudmr;
/** The broker's table, without its name. */
export const BROKER_TABLE = definition as Omit<CreateTableCommandInput, 'TableName'>;

export interface World {
  readonly client: DynamoDBClient;
  readonly documents: DynamoDBDocumentClient;
  /** A table as the broker has it, shared by the cases: each takes partitions of its own. */
  readonly table: string;
  /** A name that nothing else has. */
  fresh(prefix: string): string;
}

export interface Case {
  readonly name: string;
  run(t: Test, world: World): Promise<void>;
}

export function freshName(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`;
}

/** What an operation answers, or the name of its error. */
export async function outcome<T>(work: Promise<T>): Promise<T | string> {
  return work.catch((error: Error) => error.name);
}

/** The error of an operation that must fail. */
export async function failure(work: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  return work.then(
    () => {
      throw new Error('the operation was accepted');
    },
    (error) => error,
  );
}

export async function makeTable(client: DynamoDBClient, input: CreateTableCommandInput): Promise<void> {
  await client.send(new CreateTableCommand(input));
  await active(client, input.TableName!);
}

/** Waits until the table and all its indexes are active. */
export async function active(client: DynamoDBClient, TableName: string): Promise<void> {
  for (;;) {
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    const states = [
      Table?.TableStatus,
      ...(Table?.GlobalSecondaryIndexes ?? []).map((index) => index.IndexStatus),
    ];
    if (states.every((state) => state === 'ACTIVE')) return;
    await sleep(20);
  }
}

export async function put({ documents, table }: World, ...items: Record<string, unknown>[]): Promise<void> {
  await Promise.all(items.map((Item) => documents.send(new PutCommand({ TableName: table, Item }))));
}

export async function get({ documents, table }: World, pk: string, sk: string) {
  const { Item } = await documents.send(
    new GetCommand({ TableName: table, Key: { pk, sk }, ConsistentRead: true }),
  );
  return Item;
}

/** Updates one item by an expression; names start with `#`, values with `:`. */
export async function update(
  { documents, table }: World,
  Key: { pk: string; sk: string },
  UpdateExpression: string,
  placeholders: Record<string, unknown> = {},
  options: {
    ReturnValues?: 'ALL_NEW' | 'ALL_OLD' | 'UPDATED_NEW' | 'UPDATED_OLD';
    ConditionExpression?: string;
  } = {},
) {
  return documents.send(
    new UpdateCommand({ TableName: table, Key, UpdateExpression, ...split(placeholders), ...options }),
  );
}

/** Placeholders as the two parameters that DynamoDB wants; absent when empty. */
export function split(placeholders: Record<string, unknown>) {
  const entries = Object.entries(placeholders);
  const names = entries.filter(([key]) => key.startsWith('#'));
  const values = entries.filter(([key]) => key.startsWith(':'));
  return {
    ExpressionAttributeNames:
      names.length > 0 ? (Object.fromEntries(names) as Record<string, string>) : undefined,
    ExpressionAttributeValues: values.length > 0 ? Object.fromEntries(values) : undefined,
  };
}
