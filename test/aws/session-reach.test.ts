/** Sessions really end where their purpose ends: tried with the raw credentials, against a role that may do all. */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import t from 'tap';
import { executionArn, executionName } from '../../services/jobs/naming.ts';
import type { Purpose } from '../../src/aws/accounts/session-policy.ts';
import { REGION, startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);
const { mode2: unit, sessions, clients } = cloud;
const MACHINE = unit.stateMachineArn;
const OTHER_MACHINE = `${MACHINE}-other`;
const NAME = executionName('reach', 0);
const RUNNING = executionArn(MACHINE, NAME);
const OTHER_RUNNING = executionArn(OTHER_MACHINE, NAME);
/** Of somebody in the account, on the same machine. */
const OWN_RUNNING = executionArn(MACHINE, 'own');

const { clients: root, credentials: rootCredentials } = cloud.rootClients(unit.awsAccountId);
for (const [stateMachineArn, name] of [
  [MACHINE, NAME],
  [MACHINE, 'own'],
  [OTHER_MACHINE, NAME],
]) {
  const start = new StartExecutionCommand({ stateMachineArn, name, input: '{"attempt":0}' });
  await root.sfn(await rootCredentials(), REGION).send(start);
}
for (const Bucket of [unit.dataBucket, unit.resultsBucket, unit.failedBucket, 'mode2-private']) {
  for (const Key of ['mroptimum/u1/x', 'mroptimum/u2/x', 'other/u1/x', 'private/patient.txt']) {
    await root.s3(await rootCredentials(), REGION).send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
  }
}

interface Act {
  readonly name: string;
  /** Resolves if AWS let it happen. */
  readonly run: (purpose: Purpose) => Promise<unknown>;
}

async function s3Of(purpose: Purpose) {
  return clients.s3((await sessions.get(unit, purpose)).credentials, REGION);
}
async function sfnOf(purpose: Purpose) {
  return clients.sfn((await sessions.get(unit, purpose)).credentials, REGION);
}

const put = (Bucket: string, Key: string): Act => ({
  name: `put ${Bucket}/${Key}`,
  run: async (purpose) => (await s3Of(purpose)).send(new PutObjectCommand({ Bucket, Key, Body: 'x' })),
});
const get = (Bucket: string, Key: string): Act => ({
  name: `get ${Bucket}/${Key}`,
  run: async (purpose) => {
    const { Body } = await (await s3Of(purpose)).send(new GetObjectCommand({ Bucket, Key }));
    return Body?.transformToString();
  },
});
const head = (Bucket: string, Key: string): Act => ({
  name: `head ${Bucket}/${Key}`,
  run: async (purpose) => (await s3Of(purpose)).send(new HeadObjectCommand({ Bucket, Key })),
});
const remove = (Bucket: string, Key: string): Act => ({
  name: `delete ${Bucket}/${Key}`,
  run: async (purpose) => (await s3Of(purpose)).send(new DeleteObjectCommand({ Bucket, Key })),
});
const list = (Bucket: string): Act => ({
  name: `list ${Bucket}`,
  run: async (purpose) => (await s3Of(purpose)).send(new ListObjectsV2Command({ Bucket })),
});
let started = 0;
const start = (stateMachineArn: string): Act => ({
  name: `start ${stateMachineArn}`,
  run: async (purpose) => {
    const name = `reach-${++started}`;
    const command = new StartExecutionCommand({ stateMachineArn, name, input: '{"attempt":1}' });
    return (await sfnOf(purpose)).send(command);
  },
});
const describe = (executionArn: string): Act => ({
  name: `describe ${executionArn}`,
  run: async (purpose) => (await sfnOf(purpose)).send(new DescribeExecutionCommand({ executionArn })),
});
const listRuns = (stateMachineArn: string): Act => ({
  name: `list executions of ${stateMachineArn}`,
  run: async (purpose) => (await sfnOf(purpose)).send(new ListExecutionsCommand({ stateMachineArn })),
});
const stop = (executionArn: string): Act => ({
  name: `stop ${executionArn}`,
  run: async (purpose) => (await sfnOf(purpose)).send(new StopExecutionCommand({ executionArn })),
});

const { dataBucket: DATA, resultsBucket: RESULTS, failedBucket: FAILED } = unit;
const U1 = 'mroptimum/u1/x';
const U2 = 'mroptimum/u2/x';

const REACH: { purpose: Purpose; may: Act[]; mayNot: Act[] }[] = [
  {
    purpose: { kind: 'start' },
    may: [start(MACHINE), put(DATA, 'mroptimum/u1/j/0/job.json')],
    mayNot: [
      start(OTHER_MACHINE),
      describe(RUNNING),
      stop(RUNNING),
      put(DATA, U1),
      put(RESULTS, 'mroptimum/u1/j/0/job.json'),
      put('mode2-private', 'mroptimum/u1/j/0/job.json'),
      put(DATA, 'private/job.json'),
      put(DATA, 'job.json'),
      put(DATA, 'other/u1/j/0/job.json'),
      put(DATA, 'mroptimum2/u1/j/0/job.json'),
      get(DATA, 'mroptimum/u1/j/0/job.json'),
      remove(DATA, 'mroptimum/u1/j/0/job.json'),
      list(DATA),
    ],
  },
  {
    purpose: { kind: 'observe' },
    may: [
      describe(RUNNING),
      listRuns(MACHINE),
      head(RESULTS, U1),
      head(FAILED, U2),
      list(RESULTS),
      stop(RUNNING),
    ],
    mayNot: [
      describe(OTHER_RUNNING),
      describe(OWN_RUNNING),
      listRuns(OTHER_MACHINE),
      stop(OTHER_RUNNING),
      stop(OWN_RUNNING),
      get(RESULTS, 'private/patient.txt'),
      get(FAILED, 'private/patient.txt'),
      get(RESULTS, 'other/u1/x'),
      start(MACHINE),
      head(DATA, U1),
      get('mode2-private', U1),
      put(RESULTS, U1),
      remove(RESULTS, U1),
    ],
  },
  {
    purpose: { kind: 'presign', ownerId: 'u1' },
    may: [get(DATA, U1), put(DATA, U1), head(DATA, U1), get(RESULTS, U1), get(FAILED, U1)],
    mayNot: [
      get(DATA, U2),
      put(DATA, U2),
      get(RESULTS, U2),
      get(FAILED, U2),
      put(RESULTS, U1),
      put(FAILED, U1),
      get(RESULTS, 'other/u1/x'),
      get('mode2-private', U1),
      put(DATA, 'mroptimum/u1'),
      put(DATA, 'mroptimum/u11/x'),
      remove(DATA, U1),
      start(MACHINE),
      describe(RUNNING),
    ],
  },
  {
    purpose: { kind: 'check' },
    may: [
      put(DATA, 'mroptimum/preflight/x'),
      get(DATA, 'mroptimum/preflight/x'),
      remove(DATA, 'mroptimum/preflight/x'),
    ],
    mayNot: [
      get(DATA, U1),
      put(RESULTS, U1),
      remove(FAILED, U1),
      get('mode2-private', U1),
      start(MACHINE),
      describe(RUNNING),
      stop(RUNNING),
    ],
  },
  {
    purpose: { kind: 'remove', ownerId: 'u1' },
    may: [remove(DATA, U1), remove(RESULTS, U1)],
    mayNot: [
      remove(DATA, U2),
      remove('mode2-private', U1),
      get(FAILED, U1),
      put(DATA, U1),
      list(DATA),
      start(MACHINE),
    ],
  },
];

for (const { purpose, may, mayNot } of REACH) {
  t.test(`T17: a session to ${purpose.kind}`, async (t) => {
    for (const act of may) await t.resolves(act.run(purpose), `may ${act.name}`);
    for (const act of mayNot) {
      await t.rejects(
        act.run(purpose),
        { name: /^(AccessDenied(Exception)?|403|Unknown|UnknownError|Forbidden)$/ },
        `may not ${act.name}`,
      );
    }
  });
}
