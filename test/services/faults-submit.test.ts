/** What the broker promises about submits that are repeated, raced or interrupted, by the numbers of the fault list. */
import { readFileSync } from 'node:fs';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import t from 'tap';
import { D_SUB_MS } from '../../services/clockwork/deadlines.ts';
import { jobToken } from '../../services/jobs/token.ts';
import { AppError } from '../../src/errors.ts';
import type { Job } from '../../src/schemas/job.ts';
import { BEHAVIOUR, startBrain, TOKEN_SECRET } from '../helpers/brain.ts';
import { HUB, REGION, RESEARCHER, startTestCloud } from '../helpers/cloud.ts';
import { serviceTrust } from '../helpers/service-trust.ts';

const cloud = await startTestCloud(t);

t.test('F1: the same submit again is the same job, and one execution', async (t) => {
  const brain = await startBrain(t, cloud);
  const first = await brain.queue('a key');
  await brain.ticker.tick();
  const again = await brain.queue('a key');
  t.equal(again.jobId, first.jobId);
  t.equal((await brain.until(first.jobId, ['running'])).attempt, 0);
  t.equal((await brain.queue('a key')).state, 'running', 'as it is now, not as it was');
  t.equal(await brain.started(), 1);
});

t.test('F2: the same key for another request is refused, and nothing starts', async (t) => {
  const brain = await startBrain(t, cloud);
  const first = await brain.queue('key 2');
  await t.rejects(brain.queue('key 2', 'another brain'), { code: 'idempotency_key_reuse', status: 422 });
  await brain.until(first.jobId, ['running']);
  t.equal(await brain.started(), 1);
});

t.test(
  'F3: submits at once under one key, at two brokers, are one job, and all are told of it',
  async (t) => {
    const brain = await startBrain(t, cloud);
    const other = brain.another();
    const before = (await brain.jobs.listByOwner(brain.owner.userId, { limit: 200 })).items.length;
    const races = Array.from({ length: 8 }, (_, n) =>
      brain.queue('key 3', undefined, n % 2 ? other : undefined),
    );
    const jobs = await Promise.all(races);
    t.equal(new Set(jobs.map(({ jobId }) => jobId)).size, 1);
    const after = (await brain.jobs.listByOwner(brain.owner.userId, { limit: 200 })).items;
    t.equal(after.length, before + 1);
    await Promise.all([brain.ticker.tick(), other.ticker.tick()]);
    await brain.until(jobs[0].jobId, ['running']);
    t.equal(await brain.started(), 1);
  },
);

t.test('F4: a broker that dies as soon as it has written the job is replaced by another', async (t) => {
  const brain = await startBrain(t, cloud);
  // Nobody has claimed it, and whoever was nudged is dead.
  const job = await brain.queue();
  t.equal(await brain.started(), 0);
  const other = brain.another();
  await other.ticker.tick();
  t.equal(await brain.started(), 1);
  t.match(await brain.jobs.get(job.jobId), { attempt: 0, executionArn: new RegExp(`${job.executionName}$`) });
  t.ok(cloud.clock() - job.createdAt <= D_SUB_MS, 'in time');
});

t.test(
  'F9: a session that ends in the midst of what a person asks is renewed, once and in silence',
  async (t) => {
    const brain = await startBrain(t, cloud);
    await brain.behave(BEHAVIOUR.fails);
    const { jobId, failureBundle } = await brain.queue();
    await brain.until(jobId, ['failed']);
    const bundle = { Bucket: failureBundle.bucket, Key: failureBundle.key, Body: 'zip' };
    await brain.s3.send(new PutObjectCommand(bundle));
    await brain.users.download(brain.owner, jobId, 60);
    const opened = await brain.cloud.calls('sts', 'AssumeRole');
    const control = brain.cloud.control(RESEARCHER);
    await control.addFault({ service: 's3', operation: 'HeadObject', kind: 'expired', times: 1 });
    t.match(await brain.users.download(brain.owner, jobId, 60), { url: /X-Amz-Signature/ });
    t.equal(await brain.cloud.calls('sts', 'AssumeRole'), opened + 1, 'one new session');
    t.match(await control.faults(), [{ struck: 1 }]);
  },
);

t.test('F9: a session that ends in the midst of a start is renewed, and nobody notices', async (t) => {
  const brain = await startBrain(t, cloud);
  for (const [service, operation] of [
    ['s3', 'PutObject'],
    ['states', 'StartExecution'],
  ] as const) {
    await brain.cloud.control(RESEARCHER).addFault({ service, operation, kind: 'expired', times: 1 });
  }
  const job = await brain.queue();
  const running = await brain.until(job.jobId, ['running']);
  t.same(
    running.history.filter(({ note }) => note !== undefined),
    [],
    'no try that failed is told',
  );
  t.ok((await brain.cloud.calls('sts', 'AssumeRole')) >= 2, 'a new session was opened');
});

t.test('F25: a store that is gone in the midst of a submit leaves the whole job or none', async (t) => {
  const brain = await startBrain(t, cloud);
  const control = brain.cloud.control(HUB);
  const listed = async (): Promise<Job[]> =>
    (await brain.jobs.listByOwner(brain.owner.userId, { limit: 200 })).items;
  for (const kind of ['timeout_before', 'timeout_after'] as const) {
    const before = (await listed()).length;
    await control.addFault({ service: 'dynamodb', operation: 'TransactWriteItems', kind, times: 3 });
    const key = `interrupted ${kind}`;
    const told = await brain.queue(key).catch((error: unknown) => error);
    await control.clearFaults();
    if (told instanceof AppError) t.match(told, { code: 'unavailable', status: 503 });
    const job = await brain.queue(key);
    t.equal((await listed()).length, before + 1, `${kind}: one job, whoever was told of it`);
    t.equal((await brain.until(job.jobId, ['running'])).attempt, 0);
  }
});

t.test('F34: a job of an older broker is finished by a newer one, and the other way round', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(BEHAVIOUR.succeeds);
  const job = await brain.queue();
  // As an older release stored it, and with what only a newer one knows.
  const { estimate: _, ...older } = job;
  await brain.cloud.damage(`JOB#${job.jobId}`, 'JOB', {
    body: JSON.stringify({ ...older, ofTomorrow: { colour: 'blue' } }),
  });
  await brain.writeResult(job);
  const other = brain.another();
  await other.ticker.tick();
  t.equal((await other.callbacks.ended(job.jobId, jobToken(TOKEN_SECRET, job.jobId, 0))).jobId, job.jobId);
  const ended = (await brain.until(job.jobId, ['succeeded'])) as Job & { ofTomorrow: unknown };
  t.same(ended.ofTomorrow, { colour: 'blue' });
  t.equal(await brain.started(), 1);
});

t.test('F35: a stack that is updated in the midst of a job does not change this job', async (t) => {
  const brain = await startBrain(t, cloud);
  const slowly = {
    StartAt: 'Wait',
    States: { Wait: { Type: 'Wait', Seconds: 1, Next: 'Done' }, ...BEHAVIOUR.succeeds.States },
  };
  await brain.behave(slowly);
  const job = await brain.queue();
  await brain.writeResult(job);
  await brain.until(job.jobId, ['running']);
  await brain.behave(BEHAVIOUR.fails);
  t.equal((await brain.until(job.jobId, ['succeeded', 'failed'], 100)).state, 'succeeded');
  const next = await brain.until((await brain.queue()).jobId, ['succeeded', 'failed']);
  t.equal(next.state, 'failed', 'the next job runs on what is deployed then');
});

t.test(
  'F35: a task that starts after its stack was updated runs the image of its job, not the new one',
  async (t) => {
    const brain = await startBrain(t, cloud);
    const family = 'worker-of-f35';
    // As the templates name it (Ref): the stack fills in the revision.
    const { Done } = BEHAVIOUR.succeeds.States;
    const definition = {
      StartAt: 'Wait',
      States: {
        Wait: { Type: 'Wait', Seconds: 2, Next: 'Run' },
        Run: {
          Type: 'Task',
          Resource: 'arn:aws:states:::ecs:runTask.sync',
          Parameters: {
            LaunchType: 'FARGATE',
            Cluster: `arn:aws:ecs:us-east-1:${RESEARCHER}:cluster/f35`,
            TaskDefinition: `arn:aws:ecs:us-east-1:${RESEARCHER}:task-definition/${family}:1`,
          },
          ResultPath: null,
          Next: 'Done',
        },
        Done,
      },
    };
    const deploy = (exitCode: string): Promise<void> =>
      brain.behave(definition, {
        clusters: ['f35'],
        roles: [{ name: 'worker-of-f35', trust: serviceTrust('ecs-tasks.amazonaws.com'), policies: [] }],
        taskDefinitions: [
          {
            family,
            containerName: 'worker',
            taskRoleName: 'worker-of-f35',
            command: 'test/fixtures/local/tasks/exit.ts',
            cpu: 1024,
            memoryMb: 2048,
            environment: { EXIT_CODE: exitCode },
          },
        ],
      });
    await deploy('0');
    const job = await brain.queue();
    await brain.writeResult(job);
    await brain.until(job.jobId, ['running']);
    await deploy('3');
    t.equal((await brain.until(job.jobId, ['succeeded', 'failed'], 300)).state, 'succeeded');
    const next = await brain.queue();
    await brain.writeResult(next);
    t.equal(
      (await brain.until(next.jobId, ['succeeded', 'failed'], 300)).state,
      'failed',
      'the next one does not',
    );
  },
);

t.test(
  'F35: a Lambda invocation that starts after its stack was updated runs the image of its job, and its result says which',
  async (t) => {
    const brain = await startBrain(t, cloud);
    const name = 'worker-of-f35-on-lambda';
    // As the templates name it (Ref): the stack fills in the version.
    const definition = {
      StartAt: 'Wait',
      States: {
        Wait: { Type: 'Wait', Seconds: 2, Next: 'Run' },
        Run: {
          Type: 'Task',
          Resource: 'arn:aws:states:::lambda:invoke',
          Parameters: {
            FunctionName: `arn:aws:lambda:${REGION}:${RESEARCHER}:function:${name}:1`,
            'Payload.$': '$',
          },
          OutputPath: '$.Payload',
          End: true,
        },
      },
    };
    const imageOf = (letter: string): string => `sha256:${letter.repeat(64)}`;
    // The worker itself: what an image holds is not emulated, what the stack says of it is.
    const deploy = (letter: string): Promise<void> =>
      brain.behave(definition, {
        roles: [
          {
            name,
            trust: serviceTrust('lambda.amazonaws.com'),
            policies: [{ Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] }],
          },
        ],
        functions: [
          {
            name,
            roleName: name,
            handler: 'compute/lambda.ts#handler',
            timeoutSeconds: 60,
            memoryMb: 1_769,
            environment: { WORKER_IMAGE: `worker@${imageOf(letter)}` },
            versionDescription: imageOf(letter),
          },
        ],
      });
    const ranOn = async ({ result: { bucket: Bucket, key } }: Job): Promise<unknown> => {
      const Key = key.replace(/[^/]+$/, 'run.json');
      const { Body } = await brain.s3.send(new GetObjectCommand({ Bucket, Key }));
      const { worker } = JSON.parse((await Body?.transformToString()) ?? '');
      return [worker.imageDigest, worker.functionVersion];
    };
    await brain.s3.send(
      new PutObjectCommand({
        Bucket: 'researcher-data',
        Key: `mroptimum/${brain.owner.userId}/uploads/x.h5`,
        Body: readFileSync(new URL('../../infra/local/phantom/phantom.h5', import.meta.url)),
      }),
    );
    await deploy('a');
    const job = await brain.queue();
    await brain.until(job.jobId, ['running']);
    await deploy('b');
    const ended = await brain.until(job.jobId, ['succeeded', 'failed'], 600);
    t.equal(ended.state, 'succeeded', ended.failure?.message ?? '');
    t.same(await ranOn(ended), [imageOf('a'), '1']);
    const next = await brain.until((await brain.queue()).jobId, ['succeeded', 'failed'], 600);
    t.same(await ranOn(next), [imageOf('b'), '2'], 'the next one runs on what is deployed then');
  },
);
