/** The broker's table in the embedded cloud: one cloud for a test file, a table for each broker in it. */
import { readFileSync } from 'node:fs';
import { startTestCloud, type TestCloud } from './cloud.ts';

const TABLES = JSON.parse(readFileSync(new URL('../../infra/broker/tables.json', import.meta.url), 'utf8'));

/** One cloud for all brokers of a test file; each has its own table. */
let shared: Promise<TestCloud> | undefined;
let tables = 0;

/** Closed with the test file; who is no test brings a table of their own and does not load tap. */
async function testCloud(): Promise<TestCloud> {
  const { default: tap } = await import('tap');
  return startTestCloud(tap);
}

/** A table of its own in `account`. */
export async function newTable(account: string) {
  shared ??= testCloud();
  return tableIn(await shared, account);
}

/** The same, in a cloud that is there already. */
export async function tableIn(cloud: TestCloud, account: string) {
  const tableName = `cloudmr-${++tables}`;
  await cloud.control(account).applyStack({
    stackName: tableName,
    accountId: account,
    region: 'us-east-1',
    roles: [],
    buckets: [],
    functions: [],
    clusters: [],
    taskDefinitions: [],
    stateMachines: [],
    tables: [{ TableName: tableName, ...TABLES['cloudmr'] }],
  });
  return { tableName, documents: cloud.rootClients(account).clients.documents };
}
