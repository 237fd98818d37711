/**
 * No token, password, secret key or presigned URL in any log line, zip, execution history or DynamoDB item.
 * Canaries are planted wherever a caller can put text, and the real secrets of the run are looked for as well.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { paginateGetExecutionHistory, paginateListExecutions, SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import t from 'tap';
import { createKeyRing, openMasterKey } from '../../infra/local/credentials.ts';
import { cloudDir, HUB_ACCOUNT, LOCAL_REGION, RESEARCHER_ACCOUNT } from '../../infra/local/launch.ts';
import { mode1Names } from '../../infra/local/stacks/hub.ts';
import { mode2Names } from '../../infra/local/stacks/mode2.ts';
import { jobToken } from '../../services/jobs/token.ts';
import { fileReference, startLaptop } from '../helpers/laptop.ts';

const RAW = join(import.meta.dirname, '../fixtures/raw');
const CANARY = 'canary-0f9a1b7c3e';

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

t.test('T11: secrets stay where they belong', async (t) => {
  const laptop = await startLaptop(t);
  const login = await laptop.researcher.call<Record<string, string>>('POST', '/api/auth/login', {
    email: 'researcher@example.org',
    password: 'Correct-horse.7-battery',
  });
  const jobs: string[] = [];
  for (const mode of ['mode_1', 'mode_2'] as const) {
    for (const file of ['brain16.h5', 'epi.dat']) {
      const signal = (await fileReference(laptop.researcher, join(RAW, file), laptop.units[mode])) as {
        options: Record<string, unknown>;
      };
      signal.options['presigned_url'] = `https://bucket.example/key?X-Amz-Signature=${CANARY}-url`;
      const { jobId } = await laptop.researcher.call<{ jobId: string }>('POST', '/api/task/queue', {
        cloudapp_name: 'MR Optimum',
        alias: 'secrets',
        computing_unit_id: laptop.units[mode].computingUnitId,
        token: `${CANARY}-top`,
        output: { matlab: true },
        task: {
          version: 'v0',
          acquisition: 2,
          type: 'snr',
          name: 'ac',
          token: `Bearer ${CANARY}-token`,
          options: {
            reconstructor: { name: 'rss', options: { signal, authorization: `${CANARY}-auth` } },
          },
        },
      });
      jobs.push(jobId);
    }
  }
  for (const jobId of jobs) await laptop.ended(jobId);

  const keys = createKeyRing(await openMasterKey(cloudDir(laptop.dataDir)));
  const { tokenSecret } = JSON.parse(readFileSync(join(laptop.dataDir, 'secrets.json'), 'utf8'));
  t.type(tokenSecret, 'string');
  const secrets: [string, string][] = [
    ['canary', CANARY],
    ['a presigned URL', 'X-Amz-Signature='],
    ['the password', 'Correct-horse.7-battery'],
    ["the administrator's password", laptop.broker.adminPassword ?? 'none'],
    ['an id token', login['id_token']],
    ['a refresh token', login['refresh_token']],
    ['the token secret', tokenSecret],
    ["the broker role's container token", keys.containerToken(HUB_ACCOUNT, 'CloudMRBrainRole')],
    ['a root key', keys.rootCredentials(HUB_ACCOUNT).secretAccessKey],
    ['a root key', keys.rootCredentials(RESEARCHER_ACCOUNT).secretAccessKey],
    ...jobs.map((jobId): [string, string] => ['a callback token', jobToken(tokenSecret, jobId, 0)]),
  ];
  const mustBeClean = (
    t: { same(a: unknown, b: unknown, what: string): unknown },
    place: string,
    text: string,
  ): void => {
    const found = secrets.filter(([, secret]) => text.includes(secret)).map(([what]) => what);
    t.same(found, [], place);
  };

  t.test('in the logs of the broker, of functions and of tasks', async (t) => {
    const logs = [join(laptop.dataDir, 'broker.log'), ...filesBelow(join(cloudDir(laptop.dataDir), 'logs'))];
    t.ok(logs.length >= 3, `${logs.length} logs`);
    for (const log of logs) mustBeClean(t, log.slice(laptop.dataDir.length), readFileSync(log, 'utf8'));
  });

  t.test('in result zips and failure bundles', async (t) => {
    for (const jobId of jobs) {
      const folder = await laptop.fetch(jobId);
      const files = filesBelow(folder).filter((file) => !file.endsWith('.zip'));
      t.ok(files.some((file) => file.endsWith('info.json') || file.endsWith('error.json')));
      for (const file of files) mustBeClean(t, file.slice(folder.length), readFileSync(file, 'latin1'));
    }
  });

  t.test('in execution histories', async (t) => {
    const machines: [string, string][] = [
      [HUB_ACCOUNT, mode1Names(HUB_ACCOUNT, LOCAL_REGION).stateMachineArn],
      [RESEARCHER_ACCOUNT, mode2Names('mroptimum-mode2', RESEARCHER_ACCOUNT, LOCAL_REGION).stateMachineArn],
    ];
    let histories = 0;
    for (const [account, stateMachineArn] of machines) {
      const sfn = new SFNClient({
        endpoint: laptop.endpoint,
        region: LOCAL_REGION,
        credentials: keys.rootCredentials(account),
      });
      for await (const { executions = [] } of paginateListExecutions({ client: sfn }, { stateMachineArn })) {
        for (const { executionArn } of executions) {
          const pages = paginateGetExecutionHistory(
            { client: sfn },
            { executionArn, includeExecutionData: true },
          );
          for await (const { events } of pages) mustBeClean(t, String(executionArn), JSON.stringify(events));
          histories++;
        }
      }
      sfn.destroy();
    }
    t.ok(histories >= jobs.length, `${histories} histories`);
  });

  t.test('in DynamoDB', async (t) => {
    const table = DynamoDBDocumentClient.from(
      new DynamoDBClient({
        endpoint: laptop.endpoint,
        region: LOCAL_REGION,
        credentials: keys.rootCredentials(HUB_ACCOUNT),
      }),
    );
    let count = 0;
    for await (const { Items = [] } of paginateScan({ client: table }, { TableName: 'cloudmr' })) {
      count += Items.length;
      mustBeClean(t, `items up to ${count}`, JSON.stringify(Items));
    }
    t.ok(count > jobs.length);
    table.destroy();
  });
});
