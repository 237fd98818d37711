import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetExecutionHistoryCommand, StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import t, { type Test } from 'tap';
import { eventually } from '../helpers/eventually.ts';
import { fixtureEcs, fixtureLambda, fixtureRegistry } from './cloud-harness.ts';
import { jobDefinition } from './job-harness.ts';
import { ACCOUNT, executionArn, machineArn, startStates } from './states-harness.ts';

/** The project's state machine over real functions and tasks that play the worker. */
async function stage(t: Test, change?: (text: string) => string) {
  const dir = t.testdir();
  const handler = (name: string) => ({ handler: `test/fixtures/local/job.ts#${name}` });
  const registry = fixtureRegistry({
    definitions: { job: jobDefinition({}, change) },
    functions: {
      selectPlatform: handler('selectPlatform'),
      runJob: { ...handler('runJob'), timeoutSeconds: 2, memoryMb: 128 },
      report: handler('report'),
    },
  });
  const lambda = fixtureLambda({ dir, registry });
  const ecs = fixtureEcs({ dir, registry });
  const states = await startStates({ dir, definitions: {}, registry, lambda, ecs });
  t.teardown(async () => {
    await states.close();
    await ecs.close();
    await lambda.close();
  });
  const pointer = (jobId: string) => ({
    jobId,
    attempt: 0,
    bucket: 'data-bucket',
    key: `jobs/${jobId}.json`,
  });
  return {
    ...states,
    dir,
    pointer,
    /** The end of a job and the states on its way. */
    async job(jobId: string) {
      const end = await states.run('job', pointer(jobId), jobId);
      const { events = [] } = await states.client.send(
        new GetExecutionHistoryCommand({ executionArn: end.executionArn, maxResults: 1000 }),
      );
      const way = events.flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? []);
      return { ...end, output: JSON.parse(end.output ?? 'null'), way: way.join(' > ') };
    },
  };
}

t.test('a job runs on Lambda, one on Fargate', async (t) => {
  const { job, dir } = await stage(t);
  t.match(await job('lambda'), {
    status: 'SUCCEEDED',
    output: { bucket: 'data-bucket', key: 'results/lambda.zip', ranOn: 'lambda' },
    way: 'SelectPlatform > ChoosePlatform > RunOnLambda > Report > Succeeded',
  });
  t.match(await job('fargate'), {
    status: 'SUCCEEDED',
    output: { key: 'results/fargate.zip', ranOn: 'fargate' },
    way: 'SelectPlatform > ChoosePlatform > RunOnFargate > Report > Succeeded',
  });
  const log = readFileSync(join(dir, 'logs', 'ecs', ACCOUNT, 'job.log'), 'utf8');
  t.match(log, /^data-bucket jobs\/fargate\.json$/m, 'the task got its pointer');
});

t.test('what Lambda cannot carry goes on to Fargate', async (t) => {
  const { job, client } = await stage(t);
  const errors = {
    'lambda-times-out': 'Sandbox.Timedout',
    'lambda-runs-out-of-memory': 'Runtime.OutOfMemory',
    'lambda-exits': 'Runtime.ExitError',
  };
  for (const [jobId, error] of Object.entries(errors)) {
    t.match(await job(jobId), {
      status: 'SUCCEEDED',
      output: { ranOn: 'fargate' },
      way: 'SelectPlatform > ChoosePlatform > RunOnLambda > RunOnFargate > Report > Succeeded',
    });
    const { events = [] } = await client.send(
      new GetExecutionHistoryCommand({ executionArn: executionArn('job', jobId) }),
    );
    t.equal(events.find(({ type }) => type === 'TaskFailed')?.taskFailedEventDetails?.error, error);
  }
});

t.test('a failed job is reported and fails with the code of its failure', async (t) => {
  const { job } = await stage(t);
  const lambda = await job('lambda-fails');
  t.match(lambda, {
    status: 'FAILED',
    error: 'bad_options',
    way: 'SelectPlatform > ChoosePlatform > RunOnLambda > ReportFailure > Failed',
  });
  const detail = JSON.parse(lambda.cause ?? '');
  t.same(Object.keys(detail), ['code', 'message', 'remedy']);
  t.match(JSON.parse(detail.message), { errorType: 'bad_options', errorMessage: 'NR must be positive' });

  const fargate = await job('fargate-fails');
  t.match(fargate, {
    status: 'FAILED',
    error: 'States.TaskFailed',
    way: /RunOnFargate > ReportFailure > Failed$/,
  });
  const task = JSON.parse(JSON.parse(fargate.cause ?? '').message);
  t.match(task, { StopCode: 'EssentialContainerExited', Containers: [{ Name: 'worker', ExitCode: 1 }] });

  t.match(await job('select-fails'), {
    status: 'FAILED',
    error: 'input_not_found',
    way: 'SelectPlatform > ReportFailure > Failed',
  });
  t.match(await job('result-missing'), {
    status: 'FAILED',
    error: 'result_missing',
    way: 'SelectPlatform > ChoosePlatform > RunOnLambda > Report > ReportFailure > Failed',
  });
});

t.test('when the report itself fails, the job fails with what was known before', async (t) => {
  const fewer = (text: string) => {
    const shorter = text.replaceAll(
      /"IntervalSeconds":2,"MaxAttempts":3/g,
      '"IntervalSeconds":1,"MaxAttempts":1',
    );
    if (shorter === text) throw new Error('the definition has other pauses now');
    return shorter;
  };
  const { job } = await stage(t, fewer);
  const end = await job('report-fails');
  t.match(end, {
    status: 'FAILED',
    error: 'ReportBroken',
    way: /Report > ReportFailure > FailedUnreported$/,
  });
  t.match(JSON.parse(end.cause ?? ''), { errorMessage: 'the report is broken' });
});

t.test('stopping a job on Fargate stops its task', async (t) => {
  const { client, pointer, dir, settled } = await stage(t);
  await client.send(
    new StartExecutionCommand({
      stateMachineArn: machineArn('job'),
      name: 'x',
      input: JSON.stringify(pointer('fargate-waits')),
    }),
  );
  const log = join(dir, 'logs', 'ecs', ACCOUNT, 'job.log');
  const text = () => {
    try {
      return readFileSync(log, 'utf8');
    } catch {
      return '';
    }
  };
  await eventually(() => text().includes('fargate-waits'), 15_000);
  await client.send(new StopExecutionCommand({ executionArn: executionArn('job', 'x'), error: 'Cancelled' }));
  t.match(await settled(executionArn('job', 'x')), { status: 'ABORTED', error: 'Cancelled' });
  await eventually(() => /END task [0-9a-f]{32} exit code 143/.test(text()));
  t.pass('the task ended by SIGTERM');
});
