/**
 * Every command of the runbook is run, block by block: ours against the whole system of a laptop, those of the AWS CLI
 * against an emulation of AWS (moto), as far as it knows the operation; the others are checked by the CLI itself.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { createKeyRing, openMasterKey } from '../infra/local/credentials.ts';
import { cloudDir, HUB_ACCOUNT } from '../infra/local/launch.ts';
import { createAsideStore } from '../src/aws/aside-store.ts';
import { createAwsClients } from '../src/aws/clients.ts';
import { createCursors } from '../src/aws/cursor.ts';
import { createItemTable } from '../src/aws/item-table.ts';
import { ended, fileReference, startLaptop, submitReferences } from './helpers/laptop.ts';
import { createMemoryLog } from './helpers/memory-log.ts';
import { FORM, ROOT, script } from './helpers/script.ts';

const text = readFileSync(script('docs/RUNBOOK.md'), 'utf8');
const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, body]) => body);
const ofAws = (block: string): boolean => /^\s*(\w+=\$\()?aws |physical /m.test(block);
/** Programs run as people start them, from the project itself. */
const PROJECT = FORM === '.ts' ? ROOT : dirname(ROOT);
const PHANTOM = script('infra/local/phantom/phantom.h5');

interface Ran {
  readonly code: number | null;
  readonly output: string;
}

function bash(source: string, env: Record<string, string>, input = ''): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-euo', 'pipefail', '-c', source], {
      cwd: PROJECT,
      env: { ...process.env, ...env },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
    child.stdin.end(input);
  });
}

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'cloudmr-runbook-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

t.test('the commands of cloudmr and npm do what the runbook says', async (t) => {
  const laptop = await startLaptop(t);
  const folder = folderOf(t);
  const { admin } = laptop;
  const unit = laptop.units.mode_1;
  // npx looks for the program in the project; so does this, without npm's own second.
  writeFileSync(join(folder, 'npx'), `#!/bin/sh\nshift\nexec node ${join(PROJECT, 'bin/cloudmr.js')} "$@"\n`);
  chmodSync(join(folder, 'npx'), 0o755);
  const signal = await fileReference(admin, PHANTOM, unit);
  const submit = () => submitReferences(admin, unit, { signal });
  const done = await submit();
  await ended(admin, done);
  const canceled = async (): Promise<string> => {
    const jobId = await submit();
    await admin.call('POST', `/api/job/${jobId}/cancel`, {}).catch(() => undefined);
    await ended(admin, jobId);
    return jobId;
  };
  const keys = createKeyRing(await openMasterKey(cloudDir(laptop.dataDir)));
  const clients = createAwsClients({
    region: 'us-east-1',
    endpoint: laptop.endpoint,
    credentials: async () => keys.rootCredentials(HUB_ACCOUNT),
  });
  t.teardown(() => clients.close());
  const aside = createAsideStore(
    createItemTable({
      documents: clients.documents,
      tableName: 'cloudmr',
      cursors: createCursors('cursors of a test'),
      log: createMemoryLog(),
    }),
  );
  const env = {
    PATH: `${folder}:${process.env['PATH']}`,
    CI: 'true',
    CLOUDMR_HOME: folder,
    DATA_DIR: laptop.dataDir,
    URL: laptop.url,
    ADMIN: 'admin@localhost',
    UNIT: unit.computingUnitId,
    JOB: done,
    BACKUP: join(folder, 'backup'),
  };
  for (const block of blocks.filter((one) => !ofAws(one))) {
    if (/restore/.test(block)) await laptop.broker.stop();
    const fresh: Record<string, string> = {};
    if (/\$OPEN_JOB/.test(block)) fresh['OPEN_JOB'] = await submit();
    if (/\$ENDED_JOB/.test(block)) fresh['ENDED_JOB'] = await canceled();
    if (/\$ASIDE_JOB/.test(block)) {
      fresh['ASIDE_JOB'] = done;
      await aside.put({ jobId: done, at: Date.now(), error: 'Error: of a test', failures: 5 });
    }
    const password = `${laptop.broker.adminPassword}\n`;
    const { code, output } = await bash(block, { ...env, ...fresh }, /login/.test(block) ? password : '');
    t.equal(code, 0, `${block}${output}`);
    // An entry may end with everything stopped; the next begins with everything open.
    if (/stop-all/.test(block)) await bash('npx cloudmr units open-all', env);
  }
});

/** What moto does not know; the CLI checks every parameter by the description of the service. */
const ONLY_CHECKED = ['service-quotas', 'cloudtrail', 'purge'];

/** A stack with what the runbook names, from the broker's own: moto does not know all of it. */
const STACK = {
  Parameters: {
    ImageUri: { Type: 'String', Default: 'one' },
    RestoredTableName: { Type: 'String', Default: '' },
  },
  Resources: {
    Table: {
      Type: 'AWS::DynamoDB::Table',
      Properties: {
        TableName: 'runbook-cloudmr',
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      },
    },
    Cluster: { Type: 'AWS::ECS::Cluster', Properties: {} },
    TaskDefinition: {
      Type: 'AWS::ECS::TaskDefinition',
      Properties: {
        Family: 'broker',
        ContainerDefinitions: [{ Name: 'broker', Image: { Ref: 'ImageUri' } }],
      },
    },
    Service: {
      Type: 'AWS::ECS::Service',
      Properties: {
        Cluster: { Ref: 'Cluster' },
        ServiceName: 'broker',
        TaskDefinition: { Ref: 'TaskDefinition' },
        DesiredCount: 0,
      },
    },
    LogGroup: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/ecs/runbook-broker' } },
    TokenSecret: { Type: 'AWS::SecretsManager::Secret', Properties: { Name: 'token', SecretString: 'old' } },
    DeadTicks: { Type: 'AWS::SQS::Queue', Properties: {} },
    BrokerRole: {
      Type: 'AWS::IAM::Role',
      Properties: {
        RoleName: 'runbook-role',
        AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [] },
      },
    },
    Changes: {
      Type: 'AWS::SSM::Parameter',
      Properties: { Type: 'String', Value: { 'Fn::Sub': '$' + '{ImageUri} $' + '{RestoredTableName}' } },
    },
  },
};

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const tools = ['aws', 'moto_server'].filter((name) => spawnSync('which', [name]).status !== 0);

t.test(
  'the commands of the AWS CLI are right',
  { skip: tools.length > 0 && `needs ${tools.join(' and ')} (.ci/run installs them)` },
  async (t) => {
    const folder = folderOf(t);
    const port = await freePort();
    const moto = spawn('moto_server', ['-p', String(port)], { stdio: 'ignore' });
    t.teardown(() => moto.kill());
    const url = `http://127.0.0.1:${port}`;
    for (let round = 0; round < 200; round++) {
      if (
        await fetch(`${url}/moto-api/`).then(
          ({ ok }) => ok,
          () => false,
        )
      )
        break;
      await pause(100);
    }
    const template = join(folder, 'template.json');
    writeFileSync(template, JSON.stringify(STACK));
    const env = {
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_PAGER: '',
      STACK: 'runbook',
      TEMPLATE: template,
      JOB: '01K9ZB4T8N5W3V6Q2R7S0M1XYA',
      IMAGE: 'registry.example.org/broker@sha256:0123',
    };
    const made = await bash(
      'aws cloudformation deploy --template-file "$TEMPLATE" --stack-name "$STACK" --capabilities CAPABILITY_NAMED_IAM',
      env,
    );
    t.equal(made.code, 0, made.output);
    const checked = ONLY_CHECKED.map((name) => `*${name}*`).join('|');
    const around = `aws() { case "$1 $2" in ${checked}) command aws "$@" --generate-cli-skeleton output;; *) command aws "$@";; esac; }\n`;
    const [preamble = '', ...others] = blocks.filter(ofAws);
    for (const block of [preamble, ...others]) {
      const source = block === preamble ? '' : preamble;
      const { code, output } = await bash(`${around}${source}${block}`, env);
      t.equal(code, 0, `${block}${output}`);
    }
    const { output } = await bash('aws dynamodb describe-table --table-name runbook-cloudmr-restored', env);
    t.match(output, /"TableStatus": "ACTIVE"/, 'the restored table is there');
  },
);
