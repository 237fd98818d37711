/** The life of an execution: stopped, forgotten, unchanged, one of so many. */
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import t from 'tap';
import { eventually } from '../helpers/eventually.ts';

import {
  code,
  executionArn,
  functionArn,
  inProcess,
  machineArn,
  manualClock,
  PASS,
  startStates,
  WAIT,
} from './states-harness.ts';

t.test('stopping tells the task, ends once, and a second stop changes nothing', async (t) => {
  let told: unknown;
  const lambda = inProcess({
    waits: (_payload, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          told = signal.reason;
          reject(signal.reason);
        });
      }),
  });
  const definition = {
    StartAt: 'A',
    States: {
      A: {
        Type: 'Task',
        Resource: functionArn('waits'),
        Retry: [{ ErrorEquals: ['States.ALL'] }],
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'B' }],
        End: true,
      },
      B: { Type: 'Pass', End: true },
    },
  };
  const states = await startStates({ dir: t.testdir(), definitions: { m: definition }, lambda });
  t.teardown(() => states.close());
  const { client } = states;
  const arn = executionArn('m', 'x');
  await client.send(new StartExecutionCommand({ stateMachineArn: machineArn('m'), name: 'x' }));
  await eventually(() => lambda.calls.length === 1);
  const stop = (error: string) =>
    client.send(new StopExecutionCommand({ executionArn: arn, error, cause: 'c' }));
  const [first, second] = await Promise.all([stop('One'), stop('Two')]);
  t.equal(first.stopDate?.getTime(), second.stopDate?.getTime());
  t.ok(told, 'the task was told');
  const third = await stop('Three');
  t.equal(third.stopDate?.getTime(), first.stopDate?.getTime());
  const end = await client.send(new DescribeExecutionCommand({ executionArn: arn }));
  t.match(end, { status: 'ABORTED', error: 'One', cause: 'c' });
  const { events = [] } = await client.send(new GetExecutionHistoryCommand({ executionArn: arn }));
  t.same(
    events.map(({ type }) => type),
    [
      'ExecutionStarted',
      'TaskStateEntered',
      'LambdaFunctionScheduled',
      'LambdaFunctionStarted',
      'ExecutionAborted',
    ],
  );
  t.match(events.at(-1), { executionAbortedEventDetails: { error: 'One', cause: 'c' } });
  t.equal(lambda.calls.length, 1, 'neither retried nor caught');
});

t.test('names are free again, and executions forgotten, after 90 days', async (t) => {
  const clock = manualClock();
  const dir = t.testdir();
  const options = { dir, definitions: { p: PASS }, clock: clock.now, scheduler: clock };
  const day = 24 * 3600 * 1000;
  let states = await startStates(options);
  const start = (name: string) =>
    states.client.send(new StartExecutionCommand({ stateMachineArn: machineArn('p'), name, input: '{}' }));
  const names = async () => {
    const page = await states.client.send(new ListExecutionsCommand({ stateMachineArn: machineArn('p') }));
    return (page.executions ?? []).map(({ name }) => name);
  };
  await states.run('p', {}, 'x');
  await states.run('p', {}, 'y');
  await clock.advance(90 * day - 1);
  t.equal(await code(start('x')), 'ExecutionAlreadyExists');
  t.same((await names()).length, 2);
  await clock.advance(1);
  const gone = new DescribeExecutionCommand({ executionArn: executionArn('p', 'x') });
  t.equal(await code(states.client.send(gone)), 'ExecutionDoesNotExist');
  const { startDate } = await start('x');
  t.equal(startDate?.getTime(), clock.now());
  t.same(await names(), ['x'], 'only the new one');
  await states.settled(executionArn('p', 'x'));
  const { events } = await states.client.send(
    new GetExecutionHistoryCommand({ executionArn: executionArn('p', 'x') }),
  );
  t.equal(events?.length, 4, 'with a history of its own');
  await states.close();
  states = await startStates(options);
  t.teardown(() => states.close());
  t.same(await names(), ['x'], 'the old one is gone from the disk, too');
});

t.test('the input, the definition and the dates stay as they were at the start', async (t) => {
  const definitions: Record<string, unknown> = {
    m: {
      StartAt: 'A',
      States: {
        A: { Type: 'Task', Resource: functionArn('f'), Next: 'B' },
        B: { Type: 'Pass', Result: 'old', End: true },
      },
    },
  };
  let release = (_value: unknown) => {};
  const lambda = inProcess({
    f: () =>
      new Promise((resolve) => {
        release = resolve;
      }),
  });
  const states = await startStates({ dir: t.testdir(), definitions, lambda });
  t.teardown(() => states.close());
  const input = '{ "a":  1.0 }';
  await states.client.send(new StartExecutionCommand({ stateMachineArn: machineArn('m'), name: 'x', input }));
  await eventually(() => lambda.calls.length === 1);
  definitions.m = PASS;
  release(1);
  t.match(await states.settled(executionArn('m', 'x')), { status: 'SUCCEEDED', output: '"old"', input });
});

t.test('only so many executions run at a time', async (t) => {
  const states = await startStates({ dir: t.testdir(), definitions: { m: WAIT }, maxOpenExecutions: 2 });
  t.teardown(() => states.close());
  const start = (name: string) =>
    code(states.client.send(new StartExecutionCommand({ stateMachineArn: machineArn('m'), name })));
  t.same(
    [await start('a'), await start('b'), await start('c')],
    ['accepted', 'accepted', 'ExecutionLimitExceeded'],
  );
  await states.client.send(new StopExecutionCommand({ executionArn: executionArn('m', 'a') }));
  t.equal(await start('c'), 'accepted');
});

t.test('the functions that a machine names are prewarmed when an execution starts', async (t) => {
  const warmed: string[] = [];
  const lambda = { ...inProcess({ f: () => 1 }), prewarm: (arn: string) => warmed.push(arn) };
  const definition = { StartAt: 'A', States: { A: { Type: 'Task', Resource: functionArn('f'), End: true } } };
  const states = await startStates({ dir: t.testdir(), definitions: { m: definition }, lambda });
  t.teardown(() => states.close());
  await states.run('m', {});
  t.same(warmed, [functionArn('f')]);
});
