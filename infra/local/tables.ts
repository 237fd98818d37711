/** The tables of a stack: made through the DynamoDB service as the account's root would make them. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { rootArn } from './arn.ts';
import { AwsError, type JsonService, type ServiceContext, type StackDocument } from './contract.ts';

const POLL_MS = 20;
const POLLS = 250;

/** Makes the tables that are not there yet and sets their time to live; existing tables are left alone. */
export async function createTables(dynamodb: JsonService, document: StackDocument): Promise<void> {
  const { accountId, region } = document;
  const arn = rootArn(accountId);
  const context: ServiceContext = {
    requestId: randomUUID(),
    accountId,
    region,
    caller: { accountId, arn, principalArn: arn, kind: 'root' },
    authorize: () => {}, // root, in its own account
  };
  for (const { TimeToLiveSpecification, ...table } of document.tables) {
    const { TableName } = table;
    await unless('ResourceInUseException', () => dynamodb.call('CreateTable', table, context));
    await untilActive(() => dynamodb.call('DescribeTable', { TableName }, context));
    if (TimeToLiveSpecification) {
      // Setting what is set already is a ValidationException.
      const input = { TableName, TimeToLiveSpecification };
      const { TimeToLiveDescription } = (await dynamodb.call(
        'DescribeTimeToLive',
        { TableName },
        context,
      )) as {
        TimeToLiveDescription?: { TimeToLiveStatus?: string };
      };
      const enabled = TimeToLiveDescription?.TimeToLiveStatus?.startsWith('ENABL') ?? false;
      if (!enabled) await dynamodb.call('UpdateTimeToLive', input, context);
    }
  }
}

async function unless(code: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== code) throw error;
  }
}

async function untilActive(describe: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < POLLS; i++) {
    const { Table } = (await describe()) as { Table?: { TableStatus?: string } };
    if (Table?.TableStatus === 'ACTIVE') return;
    await sleep(POLL_MS);
  }
  throw new AwsError('ServiceUnavailable', 'A table of the stack did not become active.', 503);
}
