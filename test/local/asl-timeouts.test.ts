/** Time limits of tasks and machines. */
import { join } from 'node:path';
import { GetExecutionHistoryCommand, StartExecutionCommand } from '@aws-sdk/client-sfn';
import t from 'tap';
import { eventually } from '../helpers/eventually.ts';
import { onManualClock, task } from './asl-one-task.ts';

import { executionArn, type Handler, machineArn } from './states-harness.ts';

/** A function that never answers, and tells when it was given up. */
function hanging(): { f: Handler; given: () => boolean } {
  let given = false;
  return {
    given: () => given,
    f: (_payload, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          given = true;
          reject(signal.reason);
        });
      }),
  };
}

const LIMITS: [what: string, fields: object, input: string, seconds: number, catches: string][] = [
  ['TimeoutSeconds', { TimeoutSeconds: 60 }, '{}', 60, 'States.Timeout'],
  ['TimeoutSecondsPath', { TimeoutSecondsPath: '$.t' }, '{"t":30}', 30, 'States.Timeout'],
  ['HeartbeatSeconds', { TimeoutSeconds: 60, HeartbeatSeconds: 20 }, '{}', 20, 'States.HeartbeatTimeout'],
  ['HeartbeatSecondsPath', { HeartbeatSecondsPath: '$.h' }, '{"h":10}', 10, 'States.Timeout'],
];
for (const [what, fields, input, seconds, catches] of LIMITS) {
  t.test(`${what} ends a task and can be caught as ${catches}`, async (t) => {
    const { f, given } = hanging();
    const definition = task({
      ...fields,
      Catch: [{ ErrorEquals: [catches], ResultPath: '$.e', Next: 'Caught' }],
    });
    const { client, clock, lambda, settled } = await onManualClock(t, definition, f);
    await client.send(new StartExecutionCommand({ stateMachineArn: machineArn('m'), name: 'x', input }));
    await eventually(() => lambda.calls.length === 1);
    await clock.advance(seconds * 1000 - 1);
    t.notOk(given(), 'not too early');
    await clock.advance(1);
    const end = await settled(executionArn('m', 'x'));
    t.match(JSON.parse(end.output ?? ''), { e: { Error: 'States.Timeout', Cause: '' } });
    t.ok(given(), 'the task was told');
    const { events } = await client.send(
      new GetExecutionHistoryCommand({ executionArn: executionArn('m', 'x') }),
    );
    t.match(
      events?.find(({ type }) => type === 'LambdaFunctionTimedOut'),
      { lambdaFunctionTimedOutEventDetails: { error: 'States.Timeout' } },
    );
  });
}

t.test(
  'a task that times out uncaught fails the execution; the machine that times out is TIMED_OUT',
  async (t) => {
    const first = hanging();
    const dir = t.testdir({ one: {}, two: {} });
    const one = await onManualClock(t, task({ TimeoutSeconds: 5 }), first.f, join(dir, 'one'));
    await one.client.send(new StartExecutionCommand({ stateMachineArn: machineArn('m'), name: 'x' }));
    await eventually(() => one.lambda.calls.length === 1);
    await one.clock.advance(5000);
    t.match(await one.settled(executionArn('m', 'x')), { status: 'FAILED', error: 'States.Timeout' });

    const second = hanging();
    const catching = task({
      Retry: [{ ErrorEquals: ['States.ALL'] }],
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }],
    });
    const two = await onManualClock(t, { ...catching, TimeoutSeconds: 100 }, second.f, join(dir, 'two'));
    await two.client.send(new StartExecutionCommand({ stateMachineArn: machineArn('m'), name: 'x' }));
    await eventually(() => two.lambda.calls.length === 1);
    await two.clock.advance(100_000);
    t.match(await two.settled(executionArn('m', 'x')), {
      status: 'TIMED_OUT',
      error: 'States.Timeout',
      output: undefined,
    });
    t.ok(second.given(), 'its task was stopped');
    const { events } = await two.client.send(
      new GetExecutionHistoryCommand({
        executionArn: executionArn('m', 'x'),
        reverseOrder: true,
        maxResults: 1,
      }),
    );
    t.match(events, [{ type: 'ExecutionTimedOut' }]);
  },
);
