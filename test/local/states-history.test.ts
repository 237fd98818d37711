/** The history of an execution, and what of it is told. */
import { DescribeExecutionCommand, GetExecutionHistoryCommand } from '@aws-sdk/client-sfn';
import t from 'tap';
import { ACCOUNT, code, executionArn, functionArn, inProcess, PASS, startStates } from './states-harness.ts';

t.test('the history tells every step with the names and details of AWS', async (t) => {
  const definition = {
    StartAt: 'First',
    States: {
      First: { Type: 'Pass', Result: { n: 1 }, Next: 'Work' },
      Work: {
        Type: 'Task',
        Resource: 'arn:aws:states:::lambda:invoke',
        Parameters: { FunctionName: functionArn('f'), 'Payload.$': '$' },
        TimeoutSeconds: 30,
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'End' }],
        Next: 'End',
      },
      End: { Type: 'Fail', Error: 'Over', Cause: 'the end' },
    },
  };
  const states = await startStates({
    dir: t.testdir(),
    definitions: { m: definition },
    lambda: inProcess({ f: () => ({ ok: true }) }),
  });
  t.teardown(() => states.close());
  await states.run('m', { in: 0 }, 'x');
  const arn = { executionArn: executionArn('m', 'x') };
  const { events = [], nextToken } = await states.client.send(new GetExecutionHistoryCommand(arn));
  t.equal(nextToken, undefined);
  t.match(events, [
    {
      id: 1,
      previousEventId: 0,
      type: 'ExecutionStarted',
      executionStartedEventDetails: {
        input: '{"in":0}',
        inputDetails: { truncated: false },
        roleArn: `arn:aws:iam::${ACCOUNT}:role/machine-role`,
      },
    },
    {
      id: 2,
      previousEventId: 0,
      type: 'PassStateEntered',
      stateEnteredEventDetails: { name: 'First', input: '{"in":0}', inputDetails: { truncated: false } },
    },
    {
      id: 3,
      previousEventId: 2,
      type: 'PassStateExited',
      stateExitedEventDetails: { name: 'First', output: '{"n":1}', outputDetails: { truncated: false } },
    },
    { id: 4, previousEventId: 3, type: 'TaskStateEntered' },
    {
      id: 5,
      previousEventId: 4,
      type: 'TaskScheduled',
      taskScheduledEventDetails: {
        resourceType: 'lambda',
        resource: 'invoke',
        region: 'us-east-1',
        parameters: `{"FunctionName":"${functionArn('f')}","Payload":{"n":1}}`,
        timeoutInSeconds: 30,
      },
    },
    {
      id: 6,
      previousEventId: 5,
      type: 'TaskStarted',
      taskStartedEventDetails: { resourceType: 'lambda', resource: 'invoke' },
    },
    {
      id: 7,
      previousEventId: 6,
      type: 'TaskSucceeded',
      taskSucceededEventDetails: {
        resourceType: 'lambda',
        resource: 'invoke',
        output: '{"ExecutedVersion":"$LATEST","Payload":{"ok":true},"StatusCode":200}',
        outputDetails: { truncated: false },
      },
    },
    { id: 8, previousEventId: 7, type: 'TaskStateExited' },
    { id: 9, previousEventId: 8, type: 'FailStateEntered' },
    {
      id: 10,
      previousEventId: 9,
      type: 'ExecutionFailed',
      executionFailedEventDetails: { error: 'Over', cause: 'the end' },
    },
  ]);
  t.equal(events.length, 10);
  t.ok(events.every(({ timestamp }) => timestamp && Math.abs(timestamp.getTime() - Date.now()) < 60_000));

  const pages: number[][] = [];
  let token: string | undefined;
  do {
    const page = await states.client.send(
      new GetExecutionHistoryCommand({ ...arn, maxResults: 4, reverseOrder: true, nextToken: token }),
    );
    pages.push((page.events ?? []).map(({ id }) => id as number));
    token = page.nextToken;
  } while (token);
  t.same(pages, [
    [10, 9, 8, 7],
    [6, 5, 4, 3],
    [2, 1],
  ]);
  const bare = await states.client.send(
    new GetExecutionHistoryCommand({ ...arn, includeExecutionData: false }),
  );
  t.notMatch(JSON.stringify(bare.events), /"(input|output|parameters)"/);
  t.match(bare.events?.[4], { taskScheduledEventDetails: { resource: 'invoke', timeoutInSeconds: 30 } });

  const first = await states.client.send(new GetExecutionHistoryCommand({ ...arn, maxResults: 1 }));
  const forged = [first.nextToken, 'nonsense', Buffer.from('["x","y"]').toString('base64url')];
  for (const nextToken of forged) {
    const other = new GetExecutionHistoryCommand({ ...arn, reverseOrder: true, nextToken });
    t.equal(await code(states.client.send(other)), 'InvalidToken', 'a token fits only its own question');
  }
});

t.test('a page of history is bounded in size, not only in number', async (t) => {
  const names = ['A', 'B', 'C', 'D', 'E', 'F'];
  const States = Object.fromEntries(
    names.map((name, i) => [
      name,
      i + 1 < names.length ? { Type: 'Pass', Next: names[i + 1] } : { Type: 'Succeed' },
    ]),
  );
  const states = await startStates({ dir: t.testdir(), definitions: { m: { StartAt: 'A', States } } });
  t.teardown(() => states.close());
  await states.run('m', 'x'.repeat(200_000), 'big');
  const ids: (number | undefined)[] = [];
  let pages = 0;
  let nextToken: string | undefined;
  do {
    const page = await states.client.send(
      new GetExecutionHistoryCommand({ executionArn: executionArn('m', 'big'), maxResults: 1000, nextToken }),
    );
    t.ok(JSON.stringify(page.events).length < 1_500_000);
    ids.push(...(page.events ?? []).map(({ id }) => id));
    nextToken = page.nextToken;
    pages++;
  } while (nextToken);
  t.same(
    ids,
    Array.from({ length: 14 }, (_, i) => i + 1),
  );
  t.ok(pages > 1, `${pages} pages`);
});

t.test('METADATA_ONLY leaves out what was processed', async (t) => {
  const states = await startStates({ dir: t.testdir(), definitions: { p: PASS } });
  t.teardown(() => states.close());
  await states.run('p', { secret: 1 }, 'x');
  const arn = executionArn('p', 'x');
  const full = await states.client.send(new DescribeExecutionCommand({ executionArn: arn }));
  t.match(full, {
    input: '{"secret":1}',
    output: '{"secret":1}',
    outputDetails: { included: true },
    redriveCount: 0,
  });
  const bare = await states.client.send(
    new DescribeExecutionCommand({ executionArn: arn, includedData: 'METADATA_ONLY' }),
  );
  t.match(bare, { status: 'SUCCEEDED', input: undefined, output: undefined });
});
