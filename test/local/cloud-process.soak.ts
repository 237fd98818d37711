/** The embedded cloud as a process: what survives `kill -9`, and what ends it. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fromHttp } from '@aws-sdk/credential-providers';
import t from 'tap';
import { createControlClient } from '../../infra/local/control-client.ts';
import { createKeyRing, openMasterKey } from '../../infra/local/credentials.ts';
import { openRegistry } from '../../infra/local/registry.ts';
import { LOADER, script } from '../helpers/script.ts';
import { allow, HUB, stack, TASK_TRUST } from './support/core-with-s3.ts';

const MAIN = script('infra/local/main.ts');
const STACK = stack(HUB, {
  roles: [{ name: 'Broker', trust: TASK_TRUST, policies: [allow('*')] }],
  buckets: [{ name: 'hub-data' }],
  tables: [
    {
      TableName: 'cloudmr',
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    },
  ],
});

interface Started {
  child: ChildProcess;
  endpoint: string;
  port: number;
}

function forkMain(env: Record<string, string>): ChildProcess {
  return fork(MAIN, [], {
    execArgv: [...LOADER],
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}

async function start(t: { teardown(fn: () => unknown): unknown }, dir: string): Promise<Started> {
  const child = forkMain({ CLOUDMR_LOCAL_DIR: dir });
  t.teardown(() => child.kill('SIGKILL'));
  child.stderr?.pipe(process.stderr);
  const [ready] = (await once(child, 'message')) as [{ type: string; endpoint: string; port: number }];
  return { child, ...ready };
}

async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<[number | null, string | null]> {
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  child.kill(signal);
  return ended;
}

async function clients(dir: string, endpoint: string) {
  const keys = createKeyRing(await openMasterKey(dir));
  const provider = fromHttp({
    awsContainerCredentialsFullUri: `${endpoint}/_cloudmr/credentials/${HUB}/Broker`,
    awsContainerAuthorizationToken: keys.containerToken(HUB, 'Broker'),
  });
  const control = createControlClient({ endpoint, accountId: HUB, credentials: keys.rootCredentials(HUB) });
  return { keys, provider, control };
}

t.test('a killed cloud comes back with everything, at the same place', async (t) => {
  const dir = join(t.testdir(), 'cloud');
  const first = await start(t, dir);
  t.equal(statSync(join(dir, 'master.key')).mode & 0o777, 0o600);
  t.equal(readFileSync(join(dir, 'port'), 'utf8'), String(first.port));
  const { provider, control } = await clients(dir, first.endpoint);
  await control.applyStack(STACK);
  const credentials = await provider();
  const options = { endpoint: first.endpoint, region: 'us-east-1', credentials };
  const s3 = new S3Client({ ...options, forcePathStyle: true });
  const dynamodb = new DynamoDBClient(options);
  await s3.send(new PutObjectCommand({ Bucket: 'hub-data', Key: 'a', Body: 'content' }));
  await dynamodb.send(new PutItemCommand({ TableName: 'cloudmr', Item: { pk: { S: 'a' } } }));
  t.same(await kill(first.child, 'SIGKILL'), [null, 'SIGKILL']);

  const second = await start(t, dir);
  t.equal(second.endpoint, first.endpoint);
  const { Arn } = await new STSClient(options).send(new GetCallerIdentityCommand());
  t.equal(Arn, `arn:aws:sts::${HUB}:assumed-role/Broker/container`, 'the session from before still holds');
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'hub-data', Key: 'a' }));
  t.equal(await Body?.transformToString(), 'content');
  const { Item } = await dynamodb.send(new GetItemCommand({ TableName: 'cloudmr', Key: { pk: { S: 'a' } } }));
  t.same(Item, { pk: { S: 'a' } });
  t.same(await kill(second.child, 'SIGTERM'), [0, null]);
});

t.test('SIGTERM lets what is under way finish', async (t) => {
  const dir = t.testdir();
  const { child, endpoint } = await start(t, dir);
  const { control, keys } = await clients(dir, endpoint);
  await control.addFault({ service: 'sts', operation: 'GetCallerIdentity', kind: 'late', delayMs: 400 });
  const credentials = keys.rootCredentials(HUB);
  const sts = new STSClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
  const answer = sts.send(new GetCallerIdentityCommand());
  while ((await control.faults())[0].struck === 0);
  const ended = kill(child, 'SIGTERM');
  t.equal((await answer).Account, HUB);
  t.same(await ended, [0, null]);
});

t.test('a parent that is killed leaves no orphan behind', async (t) => {
  const dir = t.testdir();
  const parent = spawn(
    process.execPath,
    [
      '-e',
      `const child = require('node:child_process').fork(${JSON.stringify(MAIN)}, [], {
        execArgv: ${JSON.stringify(LOADER)}, env: { PATH: process.env.PATH, CLOUDMR_LOCAL_DIR: ${JSON.stringify(dir)} } });
      child.on('message', () => console.log(child.pid));`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [printed] = await once(parent.stdout, 'data');
  const orphan = Number(String(printed));
  t.ok(existsSync(`/proc/${orphan}`) || process.kill(orphan, 0));
  await kill(parent, 'SIGKILL');
  const registry = await openRegistry(dir, 8_000);
  await registry.close();
  t.pass('the store is free again');
});

t.test('a successor waits for its predecessor and takes over its place', async (t) => {
  const dir = t.testdir();
  const first = await start(t, dir);
  const waiting = start(t, dir);
  // The successor must have met the lock before it is released: give it the time to get there.
  const early = await Promise.race([
    waiting.then(() => 'started'),
    once(first.child, 'exit', { signal: AbortSignal.timeout(1_500) }).catch(() => 'waits'),
  ]);
  t.equal(early, 'waits');
  await kill(first.child, 'SIGTERM');
  t.equal((await waiting).endpoint, first.endpoint);
});

t.test('a taken port is not a reason to fail', async (t) => {
  const dir = t.testdir();
  const first = await start(t, dir);
  await kill(first.child, 'SIGTERM');
  const squatter = createServer().listen(first.port, '127.0.0.1');
  t.teardown(() => squatter.close());
  await once(squatter, 'listening');
  const second = await start(t, dir);
  t.not(second.port, first.port);
  t.equal((await fetch(`${second.endpoint}/_cloudmr/health`)).status, 200);
});

t.test('wrong settings are named', async (t) => {
  const cases: [Record<string, string>, RegExp][] = [
    [{}, /CLOUDMR_LOCAL_DIR/],
    [{ CLOUDMR_LOCAL_DIR: t.testdir(), CLOUDMR_LOCAL_PORT: '99999' }, /CLOUDMR_LOCAL_PORT/],
  ];
  for (const [env, message] of cases) {
    const child = forkMain(env);
    let stderr = '';
    child.stderr?.on('data', (chunk) => (stderr += chunk));
    const [code] = await once(child, 'exit');
    t.equal(code, 1);
    t.match(stderr, message);
  }
});
