import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { InvocationError } from '../../infra/local/contract.ts';
import { Halted } from '../../infra/local/runtime/halted.ts';
import { eventually } from '../helpers/eventually.ts';
import { script } from '../helpers/script.ts';
import { CLUSTER, fixtureEcs, fixtureRegistry, isAlive, PROJECT, withoutTap } from './cloud-harness.ts';
import { ACCOUNT, REGION } from './states-harness.ts';

const never = new AbortController().signal;

function request(taskDefinition: string, environment: Record<string, string> = {}, cluster = CLUSTER) {
  const list = Object.entries(environment).map(([name, value]) => ({ name, value }));
  return {
    cluster,
    taskDefinition,
    accountId: ACCOUNT,
    region: REGION,
    overrides: list.length === 0 ? [] : [{ name: 'worker', environment: list }],
  };
}

async function failure(promise: Promise<unknown>): Promise<InvocationError> {
  const error = await promise.catch((reason: unknown) => reason);
  if (error instanceof InvocationError) return error;
  throw new Error(`not an InvocationError: ${error}`);
}

const read = (file: string) =>
  existsSync(file) && readFileSync(file, 'utf8') !== '' && JSON.parse(readFileSync(file, 'utf8'));

t.test(
  'a task runs its command as main module with its own environment and ends with a description',
  async (t) => {
    const dir = t.testdir();
    const ecs = fixtureEcs({ dir, registry: fixtureRegistry() });
    t.teardown(() => ecs.close());
    const out = join(dir, 'out');
    const description = await ecs.runTask(request('report', { OUT: out, JOB_KEY: 'jobs/1.json' }), never);
    t.match(description, {
      TaskArn: new RegExp(`^arn:aws:ecs:us-east-1:${ACCOUNT}:task/cluster/[0-9a-f]{32}$`),
      ClusterArn: CLUSTER,
      TaskDefinitionArn: `arn:aws:ecs:us-east-1:${ACCOUNT}:task-definition/report:1`,
      LaunchType: 'FARGATE',
      LastStatus: 'STOPPED',
      StopCode: 'EssentialContainerExited',
      StoppedReason: 'Essential container in task exited',
      Containers: [{ Name: 'worker', ExitCode: 0, LastStatus: 'STOPPED' }],
    });
    const seen = read(out);
    t.equal(seen.argv[1], script('test/fixtures/local/tasks/report.ts'), 'the command is the main module');
    t.equal(seen.cwd, PROJECT);
    const { PATH, ECS_CONTAINER_METADATA_URI_V4, AWS_SECRET_ACCESS_KEY, ...rest } = withoutTap(seen.env);
    t.match(PATH, /\/usr\/bin/);
    t.match(ECS_CONTAINER_METADATA_URI_V4, /^http:\/\/127\.0\.0\.1:4566\//);
    t.match(AWS_SECRET_ACCESS_KEY, /^secret of [0-9a-f]{32}$/);
    t.same(rest, {
      COLOUR: 'green',
      OUT: out,
      JOB_KEY: 'jobs/1.json',
      TZ: 'UTC',
      LANG: 'C.UTF-8',
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE',
      AWS_ACCESS_KEY_ID: 'ASIATEST',
      AWS_SESSION_TOKEN: `arn:aws:iam::${ACCOUNT}:role/task-role for 43200 s`,
    });
    const log = readFileSync(join(dir, 'logs', 'ecs', ACCOUNT, 'report.log'), 'utf8');
    t.match(log, /^START task [0-9a-f]{32}\n/);
    t.match(log, /the task says jobs\/1\.json\n/);
  },
);

t.test('with a container credentials endpoint the keys stay out of the environment', async (t) => {
  const dir = t.testdir();
  const ecs = fixtureEcs({
    dir,
    registry: fixtureRegistry(),
    containerCredentials: (accountId, roleName) => ({
      uri: `http://127.0.0.1:4566/credentials/${accountId}/${roleName}`,
      token: 'opens it',
    }),
  });
  t.teardown(() => ecs.close());
  const out = join(dir, 'out');
  await ecs.runTask(request('report', { OUT: out }), never);
  const { env } = read(out);
  t.equal(env.AWS_CONTAINER_CREDENTIALS_FULL_URI, `http://127.0.0.1:4566/credentials/${ACCOUNT}/task-role`);
  t.equal(env.AWS_CONTAINER_AUTHORIZATION_TOKEN, 'opens it');
  t.equal(env.AWS_ACCESS_KEY_ID, undefined);
});

t.test('a container that fails makes the task fail, with the description as cause', async (t) => {
  const ecs = fixtureEcs({
    dir: t.testdir(),
    registry: fixtureRegistry({ tasks: { hoard: { memoryMb: 64 } } }),
  });
  t.teardown(() => ecs.close());
  const failed = await failure(ecs.runTask(request('exit', { EXIT_CODE: '7' }), never));
  t.equal(failed.errorName, 'States.TaskFailed');
  const cause = JSON.parse(failed.causeJson);
  t.match(cause, { LastStatus: 'STOPPED', StopCode: 'EssentialContainerExited' });
  t.match(cause.Containers, [{ Name: 'worker', ExitCode: 7 }]);
  t.notOk('Reason' in cause.Containers[0]);

  const killed = await failure(ecs.runTask(request('hoard'), never));
  t.equal(killed.errorName, 'States.TaskFailed');
  t.match(JSON.parse(killed.causeJson).Containers, [
    { ExitCode: 137, Reason: 'OutOfMemoryError: Container killed due to memory usage' },
  ]);
});

t.test('the signal stops a task: SIGTERM first, SIGKILL after its stop timeout', async (t) => {
  const dir = t.testdir();
  const registry = fixtureRegistry({ tasks: { wait: { stopTimeoutSeconds: 1 } } });
  const ecs = fixtureEcs({ dir, registry });
  t.teardown(() => ecs.close());
  const stopped = async (out: string, environment: Record<string, string>, reason?: Error) => {
    const stop = new AbortController();
    const running = ecs.runTask(request('wait', { OUT: out, ...environment }), stop.signal);
    const { pid } = await eventually(() => read(out));
    stop.abort(reason);
    const description = (await running) as { Containers: { ExitCode: number }[] };
    t.notOk(isAlive(pid), 'the process is gone');
    return { description, told: read(out).stopped === true };
  };
  const polite = await stopped(join(dir, 'polite'), {});
  t.match(polite.description, {
    LastStatus: 'STOPPED',
    StopCode: 'UserInitiated',
    StoppedReason: 'Task stopped by user',
    Containers: [{ ExitCode: 0 }],
  });
  t.ok(polite.told, 'its SIGTERM handler ran');

  const began = Date.now();
  const stubborn = await stopped(join(dir, 'stubborn'), { STUBBORN: '1' });
  t.match(stubborn.description, { StopCode: 'UserInitiated', Containers: [{ ExitCode: 137 }] });
  t.ok(stubborn.told);
  t.ok(Date.now() - began >= 1000, 'it had its second');

  const halted = await stopped(join(dir, 'halted'), {}, new Halted());
  t.notOk(halted.told, 'when the cloud closes nobody is told: the work runs again later');
});

t.test('what RunTask refuses, it refuses with the error of the ECS API', async (t) => {
  const ecs = fixtureEcs({
    dir: t.testdir(),
    registry: fixtureRegistry({ tasks: { noCommand: { command: 'test/fixtures/local/tasks/absent.ts' } } }),
  });
  t.teardown(() => ecs.close());
  const refusal = async (asked: ReturnType<typeof request>) => {
    const { errorName, causeJson } = await failure(ecs.runTask(asked, never));
    return `${errorName} ${causeJson}`;
  };
  t.match(await refusal(request('report', {}, `${CLUSTER}-other`)), /^ECS\.ClusterNotFoundException /);
  t.match(await refusal(request('missing')), /^ECS\.ClientException TaskDefinition not found\./);
  t.match(await refusal(request('noCommand')), /^ECS\.ClientException CannotStartContainerError/);
  const other = { ...request('report'), overrides: [{ name: 'other', environment: [] }] };
  t.match(await refusal(other), /^ECS\.InvalidParameterException Override for container named other is not/);
});

t.test('overrides end at 8,192 characters of JSON', async (t) => {
  const dir = t.testdir();
  const ecs = fixtureEcs({ dir, registry: fixtureRegistry() });
  t.teardown(() => ecs.close());
  const out = join(dir, 'out');
  const sized = (length: number) => {
    const empty = request('report', { OUT: out, PAD: '' });
    const used = JSON.stringify({ containerOverrides: empty.overrides }).length;
    return request('report', { OUT: out, PAD: 'x'.repeat(length - used) });
  };
  const largest = sized(8192);
  await ecs.runTask(largest, never);
  t.equal(read(out).env.PAD, largest.overrides[0].environment[1].value, '8,192 pass');
  const { errorName, causeJson } = await failure(ecs.runTask(sized(8193), never));
  t.equal(errorName, 'ECS.InvalidParameterException');
  t.match(causeJson, /^Container Overrides length must be at most 8192/);
});

t.test('tasks beyond the limit wait in order; a signal takes one out of the line', async (t) => {
  const dir = t.testdir();
  const ecs = fixtureEcs({ dir, registry: fixtureRegistry(), maxTasks: 1 });
  t.teardown(() => ecs.close());
  const stopFirst = new AbortController();
  const stopSecond = new AbortController();
  const first = ecs.runTask(request('wait', { OUT: join(dir, 'first') }), stopFirst.signal);
  const second = ecs.runTask(request('wait', { OUT: join(dir, 'second') }), stopSecond.signal);
  const third = ecs.runTask(request('report', { OUT: join(dir, 'third') }), never);
  await eventually(() => read(join(dir, 'first')));
  stopSecond.abort(new Error('no longer wanted'));
  await t.rejects(second, { message: 'no longer wanted' });
  t.notOk(existsSync(join(dir, 'third')), 'the third still waits');
  stopFirst.abort();
  await first;
  await third;
  t.ok(existsSync(join(dir, 'third')));
  t.notOk(existsSync(join(dir, 'second')));
});

t.test('closing kills what runs', async (t) => {
  const dir = t.testdir();
  const ecs = fixtureEcs({ dir, registry: fixtureRegistry() });
  const out = join(dir, 'out');
  const running = failure(ecs.runTask(request('spin', { OUT: out }), never));
  const pid = Number(await eventually(() => existsSync(out) && readFileSync(out, 'utf8')));
  await ecs.close();
  t.notOk(isAlive(pid));
  t.equal((await running).errorName, 'ECS.ServerException');
});

t.test('a task may be given another size, of those that Fargate has', async (t) => {
  const ecs = fixtureEcs({ dir: t.testdir(), registry: fixtureRegistry() });
  t.teardown(() => ecs.close());
  const sized = (cpu: number, memoryMb: number) => ({ ...request('report'), size: { cpu, memoryMb } });
  const out = join(t.testdir(), 'out');
  const description = await ecs.runTask(
    { ...request('report', { OUT: out }), size: { cpu: 4096, memoryMb: 16_384 } },
    never,
  );
  t.match(description, { Cpu: '4096', Memory: '16384' });
  t.match(read(out).execArgv.join(' '), /max-old-space-size=1\d{4}\b/, 'the process has the memory');
  for (const [cpu, memoryMb] of [
    [4096, 4096],
    [3000, 8192],
    [8192, 17_408],
    [16_384, 131_072],
  ]) {
    t.match(await failure(ecs.runTask(sized(cpu, memoryMb), never)), {
      errorName: 'ECS.ClientException',
      causeJson: /No Fargate configuration exists for given values/,
    });
  }
});
