/** The broker's services on the embedded cloud, with a state machine whose behaviour a test chooses. */
import { createHash } from 'node:crypto';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { StackDocument } from '../../infra/local/contract.ts';
import type { UnitCloud } from '../../services/ports.ts';
import type { Principal } from '../../services/principal.ts';
import { createCallerIdentities } from '../../src/aws/accounts/caller-identity.ts';
import { createUnitProbe } from '../../src/aws/accounts/unit-probe.ts';
import { createUnitTrust } from '../../src/aws/accounts/unit-trust.ts';
import { createIds } from '../../src/aws/ids.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { type BrokerParts, type BrokerProcess, brokerOf, TOKEN_SECRET } from './broker.ts';
import { HUB, REGION, RESEARCHER, type TestCloud } from './cloud.ts';
import { sampleUser, withProof } from './samples.ts';
import { serviceTrust } from './service-trust.ts';

export { TOKEN_SECRET };

const RESULT = 'zip!';
const hashed = createHash('sha256').update(RESULT).digest();
const SHA = hashed.toString('hex');

/** How an execution of the test's state machine goes. */
export const BEHAVIOUR = {
  /** Runs until it is stopped. */
  forever: { StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: 100_000, End: true } } },
  /** Ends at once and names the result of its job, 4 bytes with a checksum. */
  succeeds: {
    StartAt: 'Done',
    States: {
      Done: {
        Type: 'Pass',
        Parameters: {
          bucket: 'researcher-results',
          'key.$':
            "States.Format('mroptimum/{}/{}/{}/result.zip', States.ArrayGetItem(States.StringSplit($.key, '/'), 1), $.jobId, $.attempt)",
          sizeBytes: 4,
          sha256: SHA,
          checksumSHA256: hashed.toString('base64'),
          seconds: 1.5,
          summary: { medianSnr: 40, maxSnr: 90, slices: 1, matrix: [96, 96, 1], coils: 16, warnings: 0 },
        },
        End: true,
      },
    },
  },
  /** Ends at once without an output that means anything. */
  empty: { StartAt: 'Done', States: { Done: { Type: 'Pass', Result: {}, End: true } } },
  /** Fails as job.asl.json does after a failed run. */
  fails: {
    StartAt: 'Failed',
    States: {
      Failed: {
        Type: 'Fail',
        Error: 'unsupported_sequence',
        Cause: JSON.stringify({
          code: 'unsupported_sequence',
          message: 'an EPI scan',
          remedy: 'measure a GRE',
        }),
      },
    },
  },
  /** Fails with an error that no worker throws. */
  breaks: { StartAt: 'Failed', States: { Failed: { Type: 'Fail', Error: 'Boom', Cause: 'no JSON' } } },
  /** Exceeds the time limit of the machine. */
  late: {
    StartAt: 'Wait',
    TimeoutSeconds: 1,
    States: { Wait: { Type: 'Wait', Seconds: 100_000, End: true } },
  },
};

export type Broker = BrokerProcess;

/** A broker process's services; several may share one cloud. */
export function brokerOn(
  cloud: TestCloud,
  options: Pick<BrokerParts, 'origins' | 'consoleOrigin' | 'proofCallers' | 'shared'> = {},
): Broker {
  const { stores, unitCloud, clock, log } = cloud;
  return brokerOf({
    stores,
    cloud: unitCloud,
    callers: createCallerIdentities({ endpoint: cloud.endpoint, partition: 'aws', region: REGION, clock }),
    trust: createUnitTrust({ sts: cloud.clients.sts, platform: cloud.platform }),
    probe: createUnitProbe(cloud),
    clock,
    ids: createIds(clock),
    log,
    ...options,
  });
}

export interface Brain extends Broker {
  readonly cloud: TestCloud;
  /** Another broker process on the same store. */
  another(): Broker;
  readonly owner: Principal;
  readonly unit: Unit;
  /** Deploys the machine again, with more in its stack if its definition needs that. */
  behave(definition: object, more?: Partial<StackDocument>): Promise<void>;
  /** Submits a job; under an idempotency key, if one is given; to another broker process, if one is. */
  queue(key?: string, alias?: string, by?: Broker): Promise<Job>;
  /** Writes the result object of a job as the worker does; with other `content` something has gone wrong since. */
  writeResult(job: Job, content?: string): Promise<void>;
  /** The job document as the worker finds it. */
  document(job: Job): Promise<Record<string, unknown>>;
  /** As the root of the unit's account. */
  s3: S3Client;
  /** Waits until the execution of a started job has ended by itself; executions run in real time. */
  executionEnds(jobId: string): Promise<void>;
  /** Moves the clock and ticks until the job is in one of the states, at most `rounds` times. */
  until(jobId: string, states: string[], rounds?: number): Promise<Job>;
  started(): Promise<number>;
}

/** A unit's cloud whose StartExecution of one name has its effect at once, and answers when the test says so. */
export function heldStart(cloud: UnitCloud, name: string) {
  let begin = (): void => {};
  let release = (): void => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const released = new Promise<void>((resolve) => (release = resolve));
  return {
    begun,
    release,
    cloud: {
      ...cloud,
      async startExecution(...asked: Parameters<UnitCloud['startExecution']>) {
        const arn = await cloud.startExecution(...asked);
        if (asked[1] !== name) return arn;
        begin();
        await released;
        return arn;
      },
    },
  };
}

let brains = 0;
/** What the role of the machine may do. */
const steps = [
  {
    Statement: [
      {
        Effect: 'Allow' as const,
        Action: ['ecs:RunTask', 'iam:PassRole', 'lambda:InvokeFunction'],
        Resource: '*',
      },
    ],
  },
];

/** A broker with a Mode 2 unit, a state machine and a person of its own on a cloud that tests share. */
export async function startBrain(
  t: { teardown(fn: () => unknown): unknown },
  cloud: TestCloud,
): Promise<Brain> {
  const number = ++brains;
  const machine = `brain-${number}-JobChooser`;
  // One owner for all: the role of the account belongs to one person.
  const owner: Principal = { userId: cloud.mode2.ownerId, role: 'user' };
  await cloud.control(RESEARCHER).clearFaults();
  await cloud.control(HUB).clearFaults();
  await cloud.control(HUB).clearCalls();
  cloud.sessions.forget(cloud.mode2.unitId);
  const broker = brokerOn(cloud);
  const behave: Brain['behave'] = async (definition, more = {}) => {
    await cloud.control(RESEARCHER).applyStack({
      stackName: `brain-${number}`,
      accountId: RESEARCHER,
      region: REGION,
      buckets: [],
      functions: [],
      clusters: [],
      taskDefinitions: [],
      stateMachines: [
        { name: machine, roleName: `brain-${number}-states`, definition: JSON.stringify(definition) },
      ],
      tables: [],
      ...more,
      roles: [
        { name: `brain-${number}-states`, trust: serviceTrust('states.amazonaws.com'), policies: steps },
        ...(more.roles ?? []),
      ],
    });
  };
  await behave(BEHAVIOUR.forever);
  const unit = withProof({
    ...cloud.mode2,
    trustCheckedAt: cloud.clock(),
    unitId: createIds(cloud.clock).next(),
    stateMachineArn: `arn:aws:states:${REGION}:${RESEARCHER}:stateMachine:${machine}`,
  });
  await cloud.stores.users.create(sampleUser({ userId: owner.userId, email: `${owner.userId}@example.org` }));
  if ((await cloud.stores.units.put(unit)) !== 'stored') throw new Error('the unit was not stored');
  const s3 = new S3Client({
    endpoint: cloud.endpoint,
    region: REGION,
    forcePathStyle: true,
    credentials: cloud.cloud.rootCredentials(RESEARCHER),
  });
  t.teardown(() => s3.destroy());
  return {
    ...broker,
    cloud,
    another: () => brokerOn(cloud),
    s3,
    behave,
    owner,
    unit,
    queue: async (key, alias = 'a brain', by = broker) => {
      const submission = {
        appId: 'mroptimum',
        alias,
        unitId: unit.unitId,
        output: { coilsensitivity: false, gfactor: false, matlab: false },
        task: {
          version: 'v0',
          acquisition: 2,
          name: 'ac',
          options: {
            reconstructor: {
              name: 'rss',
              options: {
                signal: {
                  type: 'file',
                  options: {
                    type: 's3',
                    bucket: 'researcher-data',
                    key: `mroptimum/${owner.userId}/uploads/x.h5`,
                  },
                },
              },
            },
          },
        },
      };
      return (await by.submit.submit(owner, submission, key)).job;
    },
    async writeResult(job, content = RESULT) {
      await s3.send(
        new PutObjectCommand({
          Bucket: job.result.bucket,
          Key: job.result.key,
          Body: content,
          Metadata: { sha256: SHA, 'job-id': job.jobId },
          ChecksumAlgorithm: 'SHA256',
        }),
      );
    },
    async document(job) {
      const answer = await s3.send(
        new GetObjectCommand({ Bucket: job.document.bucket, Key: job.document.key }),
      );
      return JSON.parse((await answer.Body?.transformToString()) ?? '');
    },
    async executionEnds(jobId) {
      const arn = String((await broker.jobs.get(jobId))?.executionArn);
      while ((await cloud.unitCloud.describeExecution(unit, arn)).status === 'RUNNING') {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async until(jobId, states, rounds = 40) {
      for (let round = 0; round < rounds; round++) {
        await broker.ticker.tick();
        const job = await broker.jobs.get(jobId);
        if (job && states.includes(job.state)) return job;
        // To where the job has something to do, if that is later.
        cloud.clock.advance(Math.max(5_000, Math.min((job?.dueAt ?? 0) - cloud.clock(), 60_000)));
        // The execution itself runs in real time.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const job = await broker.jobs.get(jobId);
      throw new Error(`job is ${job?.state} after ${rounds} rounds: ${JSON.stringify(job?.history)}`);
    },
    started: () => cloud.calls('states', 'StartExecution'),
  };
}
