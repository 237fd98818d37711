import { GetExecutionHistoryCommand, StartExecutionCommand } from '@aws-sdk/client-sfn';
import t from 'tap';
import { InvocationError } from '../../infra/local/contract.ts';
import type { Retrier } from '../../infra/local/states/definition.ts';
import { runtimeError, StateError } from '../../infra/local/states/errors.ts';
import { attemptsLeft, retryDelay, takesError } from '../../infra/local/states/retry.ts';
import { eventually } from '../helpers/eventually.ts';
import { onManualClock, task } from './asl-one-task.ts';

import { executionArn, functionArn, machineArn } from './states-harness.ts';

t.test('which entries take which errors', async (t) => {
  const timeout = new StateError('States.Timeout');
  const heartbeat = new StateError('States.Timeout', undefined, 'States.HeartbeatTimeout');
  const custom = new StateError('MyError', 'x');
  const limit = new StateError('States.DataLimitExceeded');
  const table: [entries: string[], error: StateError, taken: boolean][] = [
    [['MyError'], custom, true],
    [['Other', 'MyError'], custom, true],
    [['myerror'], custom, false],
    [['States.ALL'], custom, true],
    [['States.TaskFailed'], custom, true],
    [['States.TaskFailed'], new StateError('States.TaskFailed'), true],
    [['States.TaskFailed'], timeout, false],
    [['States.ALL'], timeout, true],
    [['States.Timeout'], timeout, true],
    [['States.HeartbeatTimeout'], timeout, false],
    [['States.HeartbeatTimeout'], heartbeat, true],
    [['States.Timeout'], heartbeat, true],
    [['States.ALL'], runtimeError('x'), false],
    [['States.Runtime'], runtimeError('x'), false],
    [['States.ALL'], limit, false],
    [['States.TaskFailed'], limit, false],
    [['States.DataLimitExceeded'], limit, true],
  ];
  for (const [entries, error, taken] of table) {
    t.equal(
      takesError(entries, error),
      taken,
      `${entries} and ${error.errorName}${error.alias ? ' (heartbeat)' : ''}`,
    );
  }
});

t.test('how long retries wait', async (t) => {
  const delays = (retrier: Omit<Retrier, 'ErrorEquals'>, random = () => 0.5) =>
    [0, 1, 2, 3].map((made) => retryDelay({ ErrorEquals: [], ...retrier }, made, random) / 1000);
  t.same(delays({}), [1, 2, 4, 8], 'AWS defaults');
  t.same(delays({ IntervalSeconds: 3, BackoffRate: 1.5 }), [3, 4.5, 6.75, 10.125]);
  t.same(delays({ IntervalSeconds: 2, MaxDelaySeconds: 5 }), [2, 4, 5, 5]);
  t.same(delays({ JitterStrategy: 'FULL' }), [0.5, 1, 2, 4]);
  t.same(delays({ JitterStrategy: 'NONE' }), [1, 2, 4, 8]);
  t.ok(Number.isFinite(retryDelay({ ErrorEquals: [], BackoffRate: 10 }, 999, () => 1)), 'and never for ever');
  t.same(
    [0, 1, 2, 3].map((made) => attemptsLeft({ ErrorEquals: [] }, made)),
    [true, true, true, false],
  );
  t.same(
    [0, 1].map((made) => attemptsLeft({ ErrorEquals: [], MaxAttempts: 0 }, made)),
    [false, false],
  );
});

t.test('a task is retried after its pauses until it succeeds', async (t) => {
  let calls = 0;
  const { client, clock, lambda, settled } = await onManualClock(
    t,
    task({ Retry: [{ ErrorEquals: ['Flaky'], IntervalSeconds: 10, MaxAttempts: 5 }] }),
    () => {
      if (++calls < 3) throw new InvocationError('Flaky', '{}');
      return 'done';
    },
  );
  await client.send(new StartExecutionCommand({ stateMachineArn: machineArn('m'), name: 'x' }));
  await eventually(() => lambda.calls.length === 1);
  await clock.advance(9_999);
  t.equal(lambda.calls.length, 1, 'not before 10 s');
  await clock.advance(1);
  await eventually(() => lambda.calls.length === 2);
  await clock.advance(19_999);
  t.equal(lambda.calls.length, 2, 'then 20 s');
  await clock.advance(1);
  const end = await settled(executionArn('m', 'x'));
  t.match(end, { status: 'SUCCEEDED', output: '"done"' });
  const { events } = await client.send(
    new GetExecutionHistoryCommand({ executionArn: executionArn('m', 'x') }),
  );
  t.same(
    events?.map(({ type }) => type),
    [
      'ExecutionStarted',
      'TaskStateEntered',
      ...['LambdaFunctionScheduled', 'LambdaFunctionStarted', 'LambdaFunctionFailed'],
      ...['LambdaFunctionScheduled', 'LambdaFunctionStarted', 'LambdaFunctionFailed'],
      ...['LambdaFunctionScheduled', 'LambdaFunctionStarted', 'LambdaFunctionSucceeded'],
      'TaskStateExited',
      'ExecutionSucceeded',
    ],
  );
});

t.test('every entry counts for itself, jitter spreads the pause, and Catch comes last', async (t) => {
  const errors = ['A', 'B', 'A', 'B', 'A'];
  const retries: number[] = [];
  const { client, clock, lambda, settled } = await onManualClock(
    t,
    {
      StartAt: 'A',
      States: {
        A: {
          Type: 'Task',
          Resource: functionArn('f'),
          Parameters: { 'count.$': '$$.State.RetryCount' },
          Retry: [
            {
              ErrorEquals: ['A'],
              IntervalSeconds: 8,
              BackoffRate: 1,
              MaxAttempts: 2,
              JitterStrategy: 'FULL',
            },
            { ErrorEquals: ['States.ALL'], IntervalSeconds: 2, BackoffRate: 1 },
          ],
          Catch: [
            { ErrorEquals: ['B'], Next: 'Wrong' },
            { ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Caught' },
          ],
          End: true,
        },
        Caught: { Type: 'Pass', End: true },
        Wrong: { Type: 'Fail' },
      },
    },
    ({ count }: { count: number }) => {
      retries.push(count);
      throw new InvocationError(errors.shift() ?? 'none', '{"why":1}');
    },
  );
  await client.send(
    new StartExecutionCommand({ stateMachineArn: machineArn('m'), name: 'x', input: '{"i":1}' }),
  );
  for (let call = 1; call < 5; call++) {
    await eventually(() => lambda.calls.length === call);
    await clock.advance(20);
    await clock.advance(1980);
  }
  const end = await settled(executionArn('m', 'x'));
  t.equal(end.status, 'SUCCEEDED');
  t.same(JSON.parse(end.output ?? ''), { i: 1, error: { Error: 'A', Cause: '{"why":1}' } });
  t.same(retries, [0, 1, 2, 3, 4]);
});

t.test('an error that nothing takes ends the execution', async (t) => {
  const { client, settled } = await onManualClock(
    t,
    task({
      Retry: [{ ErrorEquals: ['Other'] }, { ErrorEquals: ['Mine'], MaxAttempts: 0 }],
      Catch: [{ ErrorEquals: ['Other'], Next: 'Caught' }],
    }),
    () => {
      throw new InvocationError('Mine', '{"errorMessage":"m"}');
    },
  );
  await client.send(new StartExecutionCommand({ stateMachineArn: machineArn('m'), name: 'x' }));
  t.match(await settled(executionArn('m', 'x')), {
    status: 'FAILED',
    error: 'Mine',
    cause: '{"errorMessage":"m"}',
  });
});

t.test('States.Runtime is neither retried nor caught', async (t) => {
  const { client, settled, lambda } = await onManualClock(
    t,
    task({
      Parameters: { 'x.$': '$.absent' },
      Retry: [{ ErrorEquals: ['States.ALL'] }],
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }],
    }),
    () => 1,
  );
  await client.send(new StartExecutionCommand({ stateMachineArn: machineArn('m'), name: 'x' }));
  t.match(await settled(executionArn('m', 'x')), { status: 'FAILED', error: 'States.Runtime' });
  t.same(lambda.calls, []);
});

t.test('a Parallel state is retried as a whole, from the start of its branches', async (t) => {
  let calls = 0;
  const { client, clock, settled } = await onManualClock(
    t,
    {
      StartAt: 'P',
      States: {
        P: {
          Type: 'Parallel',
          Branches: [
            {
              StartAt: 'B',
              States: {
                B: { Type: 'Pass', Next: 'F' },
                F: { Type: 'Task', Resource: functionArn('f'), End: true },
              },
            },
            { StartAt: 'C', States: { C: { Type: 'Pass', Result: 'c', End: true } } },
          ],
          Retry: [{ ErrorEquals: ['Flaky'], IntervalSeconds: 1 }],
          End: true,
        },
      },
    },
    () => {
      if (++calls === 1) throw new InvocationError('Flaky', '{}');
      return calls;
    },
  );
  await client.send(new StartExecutionCommand({ stateMachineArn: machineArn('m'), name: 'x' }));
  while (calls < 2) await clock.advance(250);
  t.match(await settled(executionArn('m', 'x')), { status: 'SUCCEEDED', output: '[2,"c"]' });
  const { events } = await client.send(
    new GetExecutionHistoryCommand({ executionArn: executionArn('m', 'x') }),
  );
  t.equal(events?.filter(({ type }) => type === 'ParallelStateStarted').length, 2);
});
