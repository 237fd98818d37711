/** A unit whose owner moves it to another role, machine or buckets: what runs and lies where it was is not lost. */
import { GetObjectCommand } from '@aws-sdk/client-s3';
import t from 'tap';
import type { Job } from '../../src/schemas/job.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { BEHAVIOUR, type Brain, startBrain } from '../helpers/brain.ts';
import { HUB, REGION, RESEARCHER, startTestCloud } from '../helpers/cloud.ts';
import { sampleUser, withProof } from '../helpers/samples.ts';

const cloud = await startTestCloud(t);
const NEW_BUCKETS = {
  dataBucket: 'researcher-data-v2',
  resultsBucket: 'researcher-results-v2',
  failedBucket: 'researcher-failed-v2',
};
const ROLE = `arn:aws:iam::${RESEARCHER}:role/second-CloudMRCrossAccountRole`;

await cloud.control(RESEARCHER).applyStack({
  stackName: 'second',
  accountId: RESEARCHER,
  region: REGION,
  roles: [
    {
      name: 'second-CloudMRCrossAccountRole',
      maxSessionSeconds: 3_600,
      trust: {
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: `arn:aws:iam::${HUB}:role/CloudMRBrainRole` },
            Action: 'sts:AssumeRole',
            Condition: { StringEquals: { 'sts:ExternalId': String(cloud.mode2.externalId) } },
          },
        ],
      },
      policies: [{ Statement: [{ Effect: 'Allow', Action: ['states:*', 's3:*'], Resource: '*' }] }],
    },
  ],
  buckets: Object.values(NEW_BUCKETS).map((name) => ({ name })),
  functions: [],
  clusters: [],
  taskDefinitions: [],
  stateMachines: [],
  tables: [],
});

type Move = Partial<
  Pick<Unit, 'crossAccountRoleArn' | 'stateMachineArn' | 'dataBucket' | 'resultsBucket' | 'failedBucket'>
>;

/** A change with a proof, as it is stored after one. */
async function move({ unit, cloud }: Brain, change: Move): Promise<void> {
  const stored = await cloud.stores.units.get(unit.unitId);
  if (!stored) throw new Error('the unit is not there');
  const moved = withProof({ ...stored, ...change, status: 'ready', version: stored.version + 1 });
  if ((await cloud.stores.units.put(moved)) !== 'stored') throw new Error('the unit was not moved');
}

/** The PATCH of an owner who has not shown anything yet. */
async function patch({ owner, unit, units }: Brain, change: Move): Promise<void> {
  const { status } = await units.update(owner, unit.unitId, change);
  if (status !== 'pending') throw new Error(`the unit is ${status}`);
}

const machine2 = ({ unit }: Brain): Move => ({ stateMachineArn: `${unit.stateMachineArn}-v2` });

for (const [name, change] of [
  ['another machine', machine2],
  ['other buckets', () => NEW_BUCKETS],
  ['another role', () => ({ crossAccountRoleArn: ROLE })],
] as const) {
  for (const [how, go] of [
    ['is moved to', move],
    ['waits for the proof of', patch],
  ] as const) {
    t.test(`a job that runs when its unit ${how} ${name} is followed, and its result fetched`, async (t) => {
      const b = await startBrain(t, cloud);
      await b.behave(BEHAVIOUR.succeeds);
      const job = await b.queue();
      await b.writeResult(job);
      await b.ticker.tick();
      t.match(await b.jobs.get(job.jobId), { state: 'starting', executionArn: String });
      await go(b, change(b));
      const ended = await b.until(job.jobId, ['succeeded', 'failed', 'lost']);
      t.equal(ended.state, 'succeeded');
      const answer = await fetch((await b.users.download(b.owner, job.jobId)).url);
      t.equal(answer.status, 200);
      t.equal(await answer.text(), 'zip!');
    });

    t.test(`a job that runs when its unit ${how} ${name} is canceled where it runs`, async (t) => {
      const b = await startBrain(t, cloud);
      const job = await b.queue();
      const running = await b.until(job.jobId, ['running']);
      await go(b, change(b));
      await b.users.cancel(b.owner, job.jobId);
      const ended = await b.until(job.jobId, ['canceled', 'failed', 'lost']);
      t.equal(ended.state, 'canceled');
      t.equal(ended.history.at(-1)?.by, 'step-functions', 'because Step Functions says ABORTED');
      t.equal(ended.executionArn, running.executionArn);
    });
  }
}

t.test('a start whose answer was lost is found again though the unit was changed since', async (t) => {
  for (const go of [move, patch]) {
    const b = await startBrain(t, cloud);
    const fault = {
      service: 'states',
      operation: 'StartExecution',
      kind: 'timeout_after',
      times: 4,
    } as const;
    await cloud.control(RESEARCHER).addFault(fault);
    const job = await b.queue();
    await b.ticker.tick();
    t.match(await b.jobs.get(job.jobId), { state: 'starting', executionArn: undefined });
    await go(b, { ...machine2(b), ...NEW_BUCKETS, crossAccountRoleArn: ROLE });
    await cloud.control(RESEARCHER).clearFaults();
    const running = await b.until(job.jobId, ['running']);
    t.equal(
      running.executionArn,
      `${b.unit.stateMachineArn.replace(':stateMachine:', ':execution:')}:${job.executionName}`,
    );
    await b.users.cancel(b.owner, job.jobId);
    t.equal((await b.until(job.jobId, ['canceled', 'failed', 'lost'])).state, 'canceled');
  }
});

/** A job of somebody to whom the unit is shared no longer, and about whose start nobody has heard. */
async function unsharedAfterStart(b: Brain): Promise<Job> {
  const bob = { userId: 'bob', role: 'user' } as const;
  await cloud.stores.users.create(sampleUser({ userId: 'bob', email: 'bob@example.org' }));
  await b.units.share(b.owner, b.unit.unitId, 'bob');
  const file = { bucket: b.unit.dataBucket, key: 'mroptimum/bob/uploads/x.h5' };
  const { job } = await b.submit.submit(bob, {
    appId: 'mroptimum',
    alias: 'of bob',
    unitId: b.unit.unitId,
    output: { coilsensitivity: false, gfactor: false, matlab: false },
    task: {
      options: { reconstructor: { options: { signal: { type: 'file', options: { type: 's3', ...file } } } } },
    },
  });
  const fault = { service: 'states', operation: 'StartExecution', kind: 'timeout_after', times: 4 } as const;
  await cloud.control(RESEARCHER).addFault(fault);
  await b.ticker.tick();
  await cloud.control(RESEARCHER).clearFaults();
  await b.units.unshare(b.owner, b.unit.unitId, 'bob');
  return job;
}

t.test('a start whose answer was lost is stopped when the unit is shared no longer', async (t) => {
  const b = await startBrain(t, cloud);
  const job = await unsharedAfterStart(b);
  const ended = await b.until(job.jobId, ['failed', 'running', 'lost', 'canceled']);
  t.match(ended, { state: 'failed', failure: { code: 'unit_not_shared' } });
  const arn = `${b.unit.stateMachineArn.replace(':stateMachine:', ':execution:')}:${job.executionName}`;
  t.match(await cloud.unitCloud.describeExecution(b.unit, arn), { status: 'ABORTED' }, 'nothing runs on');
});

t.test(
  'an execution of a lost answer that has ended before it could be stopped keeps its result',
  async (t) => {
    const b = await startBrain(t, cloud);
    await b.behave(BEHAVIOUR.succeeds);
    const job = await unsharedAfterStart(b);
    await b.writeResult(job);
    t.match(await b.until(job.jobId, ['failed', 'succeeded', 'lost']), { state: 'succeeded' });
  },
);

t.test('a queued job goes to the buckets of today if its files are still there', async (t) => {
  const b = await startBrain(t, cloud);
  const job = await b.queue();
  const { dataBucket: _, ...others } = NEW_BUCKETS;
  await move(b, others);
  const running = await b.until(job.jobId, ['running', 'failed']);
  t.match(running, { state: 'running', result: { bucket: 'researcher-results-v2', key: job.result.key } });
  t.match(await b.document(running), { result: { bucket: 'researcher-results-v2' } });
});

t.test('a queued job whose files lie in a bucket that the unit has left says so', async (t) => {
  const b = await startBrain(t, cloud);
  const job = await b.queue();
  await move(b, NEW_BUCKETS);
  const { failure } = await b.until(job.jobId, ['failed', 'running']);
  t.match(failure, { code: 'unit_changed', actor: 'user', remedy: /^Upload the files again/ });
  t.equal(await b.started(), 0);
});

t.test('a queued job waits while the change of its unit waits for a proof, for a day at most', async (t) => {
  const b = await startBrain(t, cloud);
  const [job, other] = [await b.queue(), await b.queue()];
  await patch(b, { crossAccountRoleArn: ROLE });
  for (let i = 0; i < 20; i++) {
    await b.ticker.tick();
    cloud.clock.advance(60_000);
  }
  const waiting = await b.jobs.get(job.jobId);
  t.equal(waiting?.state, 'queued');
  t.same(
    waiting?.history.map(({ note }) => note),
    [undefined, 'waits: unit_pending'],
    'it is said once',
  );
  t.ok(
    Number(waiting?.deadlineAt) > cloud.clock() + 6 * 3_600_000 - 600_000,
    'the time to run is not used up',
  );
  await b.users.cancel(b.owner, other.jobId);
  await move(b, { crossAccountRoleArn: ROLE });
  const started = await b.until(job.jobId, ['running', 'failed']);
  t.match(started, { state: 'running', place: { crossAccountRoleArn: ROLE } });

  const c = await startBrain(t, cloud);
  const third = await c.queue();
  await patch(c, NEW_BUCKETS);
  await c.ticker.tick();
  cloud.clock.advance(25 * 3_600_000);
  const { failure } = await c.until(third.jobId, ['failed']);
  t.match(failure, { code: 'unit_pending', actor: 'unit_owner' });
});

t.test('a job is deleted with what it left in buckets that its unit has left', async (t) => {
  const b = await startBrain(t, cloud);
  await b.behave(BEHAVIOUR.succeeds);
  const job = await b.queue();
  await b.writeResult(job);
  await b.until(job.jobId, ['succeeded']);
  await patch(b, { ...NEW_BUCKETS, crossAccountRoleArn: ROLE });
  t.equal(await b.endedJobs.remove(b.owner, job.jobId), true);
  const root = cloud.rootClients(RESEARCHER);
  const s3 = root.clients.s3(await root.credentials(), REGION);
  for (const { bucket, key } of [job.document, job.result]) {
    await t.rejects(s3.send(new GetObjectCommand({ Bucket: bucket, Key: key })), { name: 'NoSuchKey' });
  }

  const second = await startBrain(t, cloud);
  const left = await second.queue();
  await second.until(left.jobId, ['running']);
  await second.users.cancel(second.owner, left.jobId);
  await second.until(left.jobId, ['canceled']);
  await patch(second, NEW_BUCKETS);
  await cloud.control(RESEARCHER).addFault({ service: 's3', operation: 'DeleteObject', kind: 'deny' });
  t.equal(
    await second.endedJobs.remove(second.owner, left.jobId),
    true,
    'a closed bucket keeps no job alive',
  );
  t.match(cloud.log.entries.at(-1), { level: 'warn', fields: { jobId: left.jobId } });
});
