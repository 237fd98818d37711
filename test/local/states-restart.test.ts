import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import t, { type Test } from 'tap';
import { eventually, isAlive, PROJECT } from './cloud-harness.ts';
import { executionArn, machineArn, REGION } from './states-harness.ts';

/** A service that can be killed and started again on the same data. */
async function killable(t: Test, dir: string) {
  let child: ChildProcess | undefined;
  let client: SFNClient | undefined;
  const kill = async () => {
    client?.destroy();
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  t.teardown(kill);
  return {
    kill,
    async start(): Promise<SFNClient> {
      await kill();
      child = fork(join(PROJECT, 'test/fixtures/local/states-process.ts'), [dir], {
        execArgv: ['--import', 'tsx'],
      });
      const ended = once(child, 'exit').then(([code]) =>
        Promise.reject(new Error(`the service ended with ${code}`)),
      );
      const [{ endpoint }] = (await Promise.race([once(child, 'message'), ended])) as [{ endpoint: string }];
      ended.catch(() => undefined); // later ends are ordered by the test
      const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
      client = new SFNClient({ endpoint, region: REGION, maxAttempts: 1, credentials });
      return client;
    },
  };
}

const begin = (client: SFNClient, machine: string, name: string, input: unknown) =>
  client.send(
    new StartExecutionCommand({ stateMachineArn: machineArn(machine), name, input: JSON.stringify(input) }),
  );

async function settled(client: SFNClient, machine: string, name: string) {
  for (;;) {
    const end = await client.send(
      new DescribeExecutionCommand({ executionArn: executionArn(machine, name) }),
    );
    if (end.status !== 'RUNNING') return end;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function eventsOf(client: SFNClient, machine: string, name: string) {
  const request = { executionArn: executionArn(machine, name), maxResults: 1000 };
  const { events = [] } = await client.send(new GetExecutionHistoryCommand(request));
  return events;
}

const calls = (file: string): number[] =>
  existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').map(Number) : [];

t.test('a task that was under way when the service was killed runs again', async (t) => {
  const dir = t.testdir();
  const service = await killable(t, dir);
  const file = join(dir, 'calls');
  await begin(await service.start(), 'task', 'x', { file, ms: 60_000 });
  await eventually(() => calls(file).length === 1);
  await service.kill();
  const client = await service.start();
  t.match(await settled(client, 'task', 'x'), { status: 'SUCCEEDED', output: '{"value":2}' });
  t.same(
    (await eventsOf(client, 'task', 'x')).map(({ type }) => type),
    [
      ...[
        'ExecutionStarted',
        'TaskStateEntered',
        'TaskScheduled',
        'TaskStarted',
        'TaskScheduled',
        'TaskStarted',
      ],
      ...['TaskSucceeded', 'TaskStateExited', 'ExecutionSucceeded'],
    ],
  );
});

t.test('a wait ends when it was due, whenever the service was away', async (t) => {
  const dir = t.testdir();
  const service = await killable(t, dir);
  const first = await service.start();
  const { startDate } = await begin(first, 'wait', 'x', { seconds: 4 });
  await begin(first, 'wait', 'past', { seconds: 1 });
  await eventually(() => Date.now() > (startDate as Date).getTime() + 1200);
  await service.kill();
  const client = await service.start();
  const end = await settled(client, 'wait', 'x');
  const waited = (end.stopDate as Date).getTime() - (startDate as Date).getTime();
  t.equal(end.status, 'SUCCEEDED');
  t.ok(waited >= 4000, `${waited} ms is not too early`);
  t.ok(waited < 5200, `${waited} ms is not counted from the restart`);
  t.match(
    await settled(client, 'wait', 'past'),
    { status: 'SUCCEEDED' },
    'what fell due meanwhile ends at once',
  );
});

t.test('a retry keeps its pause and its count over a restart', async (t) => {
  const dir = t.testdir();
  const service = await killable(t, dir);
  const file = join(dir, 'calls');
  const first = await service.start();
  await begin(first, 'retry', 'x', { file, failures: 9 });
  await eventually(() => calls(file).length === 1);
  const failed = async () => (await eventsOf(first, 'retry', 'x')).some(({ type }) => type === 'TaskFailed');
  while (!(await failed())) await new Promise((resolve) => setTimeout(resolve, 20));
  await service.kill();
  const client = await service.start();
  t.match(await settled(client, 'retry', 'x'), { status: 'SUCCEEDED', output: '{"error":"Flaky"}' });
  const times = calls(file);
  t.equal(times.length, 3, 'the first call and two retries, no more');
  t.ok(times[1] - times[0] >= 1990, 'the pause of 2 s was kept');
  const events = await eventsOf(client, 'retry', 'x');
  t.equal(events.filter(({ type }) => type === 'TaskFailed').length, 3);
});

t.test(
  'an ECS task does not outlive the service; its state starts a new one, which can be stopped',
  async (t) => {
    const dir = t.testdir();
    const service = await killable(t, dir);
    const out = join(dir, 'out');
    const read = () =>
      existsSync(out) && readFileSync(out, 'utf8') !== '' && JSON.parse(readFileSync(out, 'utf8'));
    await begin(await service.start(), 'ecs', 'x', { out });
    const { pid: before } = await eventually(read);
    await service.kill();
    await eventually(() => !isAlive(before));
    t.notOk(read().stopped, 'killed without a word');
    const client = await service.start();
    const { pid: after } = await eventually(() => read().pid !== before && read());
    t.ok(isAlive(after));
    await client.send(
      new StopExecutionCommand({ executionArn: executionArn('ecs', 'x'), error: 'Cancelled' }),
    );
    t.match(await settled(client, 'ecs', 'x'), { status: 'ABORTED', error: 'Cancelled' });
    await eventually(() => !isAlive(after));
    t.ok(read().stopped, 'its SIGTERM handler ran');
  },
);

t.test('killed again and again, every execution still ends once, with the right result', async (t) => {
  const service = await killable(t, t.testdir());
  let client = await service.start();
  const names = ['a', 'b', 'c', 'd'];
  await Promise.all(names.map((name) => begin(client, 'mixed', name, {})));
  for (const ms of [250, 600, 120, 900]) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    await service.kill();
    client = await service.start();
    for (const name of names) {
      const again = await begin(client, 'mixed', name, {}).catch((error: Error) => error.name);
      t.ok(typeof again === 'object' || again === 'ExecutionAlreadyExists');
    }
  }
  for (const name of names) {
    t.match(await settled(client, 'mixed', name), { status: 'SUCCEEDED', output: '[[1,4,9],[1,4,9]]' });
    const events = await eventsOf(client, 'mixed', name);
    t.same(
      events.map(({ id }) => id),
      events.map((_, i) => i + 1),
      'no event is missing',
    );
    const ends = events.filter(({ type }) =>
      /^Execution(Succeeded|Failed|Aborted|TimedOut)$/.test(type ?? ''),
    );
    t.equal(ends.length, 1);
    t.equal(events.at(-1)?.type, 'ExecutionSucceeded');
    t.equal(
      events.filter(({ type }) => type === 'PassStateEntered').length,
      1,
      'finished states do not run again',
    );
    t.equal(
      events.filter(({ type }) => type === 'MapIterationSucceeded').length,
      6,
      'nor finished iterations',
    );
  }
});
