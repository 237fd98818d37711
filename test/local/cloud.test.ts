/** The composed cloud: JSON services through the gateway, tables of stacks, roles of state machines. */
import { resolve } from 'node:path';
import {
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import t from 'tap';
import { type Cloud, startCloud } from '../../infra/local/cloud.ts';
import { createControlClient } from '../../infra/local/control-client.ts';
import type { FaultInput } from '../../infra/local/faults.ts';
import { signRequest } from '../../infra/local/sigv4/sign.ts';
import { allow, HUB, LAB, type SdkCredentials, sendRaw, stack } from './support/core-with-s3.ts';

const TABLE = {
  TableName: 'cloudmr',
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  BillingMode: 'PAY_PER_REQUEST',
  TimeToLiveSpecification: { AttributeName: 'expiresAtSeconds', Enabled: true },
};
const MACHINE = `arn:aws:states:us-east-1:${LAB}:stateMachine:job`;
const FUNCTION = `arn:aws:lambda:us-east-1:${LAB}:function:RunJob`;

let cloud: Cloud;
t.before(async () => {
  cloud = await startCloud({ dir: t.testdir(), projectRoot: resolve(import.meta.dirname, '../..') });
});
t.teardown(() => cloud.close());

const control = (accountId: string) =>
  createControlClient({
    endpoint: cloud.endpoint,
    accountId,
    credentials: cloud.rootCredentials(accountId),
  });
const options = (credentials: SdkCredentials) => ({
  endpoint: cloud.endpoint,
  region: 'us-east-1',
  credentials,
  maxAttempts: 1,
});
const dynamodb = (credentials: SdkCredentials) => new DynamoDBClient(options(credentials));
const put = (client: DynamoDBClient, pk: string) =>
  client.send(new PutItemCommand({ TableName: 'cloudmr', Item: { pk: { S: pk } } }));
const get = async (client: DynamoDBClient, pk: string) => {
  const { Item } = await client.send(new GetItemCommand({ TableName: 'cloudmr', Key: { pk: { S: pk } } }));
  return Item;
};

t.test('a stack brings its tables, time to live included, once', async (t) => {
  const client = dynamodb(cloud.rootCredentials(HUB));
  await control(HUB).applyStack(stack(HUB, { tables: [TABLE] }));
  const { Table } = await client.send(new DescribeTableCommand({ TableName: 'cloudmr' }));
  t.equal(Table?.TableStatus, 'ACTIVE');
  t.match(await client.send(new DescribeTimeToLiveCommand({ TableName: 'cloudmr' })), {
    TimeToLiveDescription: { TimeToLiveStatus: 'ENABLED', AttributeName: 'expiresAtSeconds' },
  });
  await put(client, 'a');
  await control(HUB).applyStack(stack(HUB, { tables: [TABLE] }));
  await control(HUB).removeStack('test');
  t.same(await get(client, 'a'), { pk: { S: 'a' } }, 'neither deploying again nor removing touches the data');
  await t.rejects(put(dynamodb(cloud.rootCredentials(LAB)), 'a'), { name: 'ResourceNotFoundException' });
});

t.test('a JSON service says in its own words what is wrong', async (t) => {
  const good = cloud.rootCredentials(HUB);
  const bad = (credentials: SdkCredentials, name: string) =>
    t.rejects(get(dynamodb(credentials), 'a'), { name, $metadata: { httpStatusCode: 400 } });
  await bad({ ...good, secretAccessKey: 'wrong' }, 'InvalidSignatureException');
  await bad({ ...good, accessKeyId: 'AKIAIOSFODNN7EXAMPLE' }, 'UnrecognizedClientException');
  await bad({ ...good, sessionToken: 'a.b' }, 'UnrecognizedClientException');

  const ask = (target: string, body: string) => {
    const request = { method: 'POST', body, headers: { 'x-amz-target': target } };
    const url = new URL(cloud.endpoint);
    const headers = signRequest(
      { ...request, url },
      { credentials: good, service: 'dynamodb', region: 'us-east-1', clock: Date.now },
    );
    return sendRaw(cloud.endpoint, { ...request, path: '/', headers });
  };
  t.match(await ask('AWSStepFunctions.ListExecutions', '{}'), {
    status: 400,
    text: /UnknownOperationException/,
  });
  t.match(await ask('DynamoDB_20120810.ExecuteStatement', '{}'), {
    status: 501,
    text: /com\.amazonaws\.dynamodb\.v20120810#NotImplementedLocally/,
  });
  t.match(await ask('DynamoDB_20120810.GetItem', '{'), { status: 400, text: /SerializationException/ });
  t.match(await ask('DynamoDB_20120810.GetItem', '[]'), { status: 400, text: /SerializationException/ });
});

t.test('faults of a JSON service', async (t) => {
  const client = dynamodb(cloud.rootCredentials(HUB));
  const order = (kind: FaultInput['kind'], more = {}) =>
    control(HUB).addFault({ service: 'dynamodb', operation: 'PutItem', kind, times: 1, ...more });
  await order('throttle');
  await t.rejects(put(client, 'b'), { name: 'ProvisionedThroughputExceededException' });
  await order('deny');
  await t.rejects(put(client, 'b'), { name: 'AccessDeniedException' });
  await order('expired');
  await t.rejects(put(client, 'b'), { name: 'ExpiredTokenException' });
  await order('timeout_before');
  await t.rejects(put(client, 'b'), { message: /socket hang up|ECONNRESET/ });
  t.equal(await get(client, 'b'), undefined);
  await order('timeout_after');
  await t.rejects(put(client, 'b'), { message: /socket hang up|ECONNRESET/ });
  t.same(await get(client, 'b'), { pk: { S: 'b' } }, 'the write had happened');
  await order('late', { delayMs: 1_000 });
  const late = put(client, 'c');
  while (!(await get(client, 'c')));
  t.equal(await Promise.race([late.then(() => 'answered'), Promise.resolve('waiting')]), 'waiting');
  await late;
});

t.test('a state machine may do what its role may, no more', async (t) => {
  const machineRole = (policies: ReturnType<typeof allow>[]) => ({
    name: 'Machine',
    trust: {
      Statement: [
        {
          Effect: 'Allow' as const,
          Action: 'sts:AssumeRole',
          Principal: { Service: 'states.amazonaws.com' },
        },
      ],
    },
    policies,
  });
  const definition = JSON.stringify({
    StartAt: 'Run',
    States: {
      Run: {
        Type: 'Task',
        Resource: 'arn:aws:states:::lambda:invoke',
        Parameters: { FunctionName: FUNCTION, Payload: {} },
        End: true,
      },
    },
  });
  const client = new SFNClient(options(cloud.rootCredentials(LAB)));
  const run = async () => {
    const { executionArn } = await client.send(new StartExecutionCommand({ stateMachineArn: MACHINE }));
    for (;;) {
      const found = await client.send(new DescribeExecutionCommand({ executionArn }));
      if (found.status !== 'RUNNING') return found;
    }
  };
  const machines = [{ name: 'job', roleName: 'Machine', definition }];
  await control(LAB).applyStack(stack(LAB, { roles: [machineRole([])], stateMachines: machines }));
  t.match(await run(), {
    status: 'FAILED',
    error: 'Lambda.AWSLambdaException',
    cause: /lambda:InvokeFunction/,
  });
  await control(LAB).applyStack(
    stack(LAB, { roles: [machineRole([allow('lambda:InvokeFunction', FUNCTION)])], stateMachines: machines }),
  );
  t.match(
    await run(),
    { status: 'FAILED', error: 'Lambda.ResourceNotFoundException' },
    'now it gets to the Lambda',
  );
});
