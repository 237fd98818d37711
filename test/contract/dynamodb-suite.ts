/** The contract of DynamoDB as this project uses it, against any endpoint that speaks it. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Test } from 'tap';
import { BROKER_TABLE, freshName, makeTable } from './dynamodb/cases.ts';
import { expressionCases } from './dynamodb/expressions.ts';
import { itemCases } from './dynamodb/items.ts';
import { queryCases } from './dynamodb/queries.ts';
import { scanCases } from './dynamodb/scans.ts';
import { tableCases } from './dynamodb/tables.ts';
import { transactionCases } from './dynamodb/transactions.ts';

export interface Target {
  /** Shown in the test output. */
  readonly name: string;
  readonly endpoint: string;
  /** For targets that verify signatures. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** What the target is known to do wrong: name of the case -> what it does. */
  readonly gaps?: Readonly<Record<string, string>>;
}

const ANY = { accessKeyId: '111122223333', secretAccessKey: 'not-verified' };

/** Runs all cases against the target; cases in its gaps are shown as skipped with the reason. */
export async function dynamodbSuite(
  t: Test,
  { name, endpoint, credentials = ANY, gaps = {} }: Target,
): Promise<void> {
  t.comment(`DynamoDB contract against ${name}`);
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials });
  const documents = DynamoDBDocumentClient.from(client);
  const world = { client, documents, table: freshName('contract'), fresh: freshName };
  t.teardown(() => client.destroy());
  await makeTable(client, { TableName: world.table, ...BROKER_TABLE });
  const cases = [
    ...itemCases,
    ...expressionCases,
    ...queryCases,
    ...scanCases,
    ...transactionCases,
    ...tableCases,
  ];
  t.same(
    Object.keys(gaps).filter((gap) => !cases.some((each) => each.name === gap)),
    [],
    'every gap names a case',
  );
  for (const each of cases)
    await t.test(each.name, { skip: gaps[each.name] ?? false }, (t) => each.run(t, world));
}
