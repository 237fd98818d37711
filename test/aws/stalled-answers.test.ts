/** Answers that begin and do not end: nobody waits for them for ever, and they say nothing of what was not done. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { DescribeExecutionCommand } from '@aws-sdk/client-sfn';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import t from 'tap';
import { createUnitCloud } from '../../src/aws/accounts/unit-cloud.ts';
import { type AwsClients, createAwsClients } from '../../src/aws/clients.ts';
import { toCloudError } from '../../src/aws/cloud-errors.ts';
import { toStoreError } from '../../src/aws/table/dynamo-errors.ts';
import { sampleUnit } from '../helpers/samples.ts';

const REGION = 'us-east-1';
const held = { accessKeyId: 'AKIATEST', secretAccessKey: 'secret', sessionToken: 'token' };
const HALF = { 'content-type': 'application/x-amz-json-1.0', 'content-length': '1000' };

/** Headers that say yes, and a body that has begun; it goes on to `then`. */
function half(response: ServerResponse, then = (): void => {}): void {
  response.writeHead(200, HALF);
  response.write('{"half":', then);
}

/** Clients of a service that answers as told, the how-manieth call it is. */
async function clientsOf(answer: (call: number, response: ServerResponse) => void): Promise<AwsClients> {
  let calls = 0;
  const server = createServer((request, response) => {
    request.resume().on('end', () => answer(calls++, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const clients = createAwsClients({
    region: REGION,
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: async () => held,
    timeouts: { connectMs: 200, answerMs: 200 },
  });
  t.teardown(() => {
    clients.close();
    server.closeAllConnections();
    server.close();
  });
  return clients;
}

t.test('a body that stops in the midst is no answer, of any service', async (t) => {
  const clients = await clientsOf((_call, response) => half(response));
  const sfn = clients.sfn(held, REGION);
  const s3 = clients.s3(held, REGION);
  const executionArn = `arn:aws:states:${REGION}:222222222222:execution:x:y`;
  const calls = {
    sts: () => clients.sts.send(new GetCallerIdentityCommand({})),
    states: () => sfn.send(new DescribeExecutionCommand({ executionArn })),
    s3: async () =>
      (await s3.send(new GetObjectCommand({ Bucket: 'b', Key: 'k' }))).Body?.transformToString(),
    dynamo: () => clients.documents.send(new GetItemCommand({ TableName: 't', Key: { pk: { S: 'x' } } })),
  };
  for (const [name, call] of Object.entries(calls)) {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => (timer = setTimeout(resolve, 4_000, 'waits for ever')));
    const said = await Promise.race([late, call().catch((error: unknown) => error)]);
    clearTimeout(timer);
    const known = name === 'dynamo' ? toStoreError(said) : toCloudError(name, said);
    t.match(known, name === 'dynamo' ? { code: 'unavailable' } : { problem: 'unavailable' }, name);
  }
});

t.test('nor is one that breaks off, again and again', async (t) => {
  const clients = await clientsOf((_call, response) => half(response, () => response.destroy()));
  const problem = await clients.sts.send(new GetCallerIdentityCommand({})).catch((error: unknown) => error);
  t.match(toCloudError('GetCallerIdentity', problem), { problem: 'unavailable' });
});

t.test('nor is one that nobody can read: a write may have been done', async (t) => {
  const clients = await clientsOf((_call, response) => response.writeHead(200).end('<html>'));
  const get = new GetItemCommand({ TableName: 't', Key: { pk: { S: 'x' } } });
  const problem = await clients.documents.send(get).catch((error: unknown) => error);
  t.match(toStoreError(problem), { code: 'unavailable' });
});

t.test('a start whose answer broke off may have begun, whatever is said of the next try', async (t) => {
  const clients = await clientsOf((call, response) => {
    if (call === 0) return half(response, () => response.destroy());
    response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
    response.end('{"__type":"ThrottlingException","message":"too fast"}');
  });
  const session = {
    credentials: { ...held, expiration: new Date(9e12) },
    expiresAt: 9e12,
    roleSessionName: 'x',
  };
  const cloud = createUnitCloud({
    clients,
    clock: Date.now,
    sessions: {
      get: async () => ({ ...session, sourceIdentity: undefined }),
      async use(_unit, _purpose, operation, work) {
        try {
          return await work({ ...session, sourceIdentity: undefined });
        } catch (error) {
          throw toCloudError(operation, error);
        }
      },
      forget() {},
    },
  });
  const input = { jobId: 'j', attempt: 0, bucket: 'b', key: 'k' };
  await t.rejects(cloud.startExecution(sampleUnit(), 'name', input), {
    name: 'CloudError',
    problem: 'unavailable',
  });
});
