import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  ListTagsForResourceCommand,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import t from 'tap';
import { AwsError, type ServiceContext } from '../../infra/local/contract.ts';
import { eventually } from './cloud-harness.ts';
import {
  ACCOUNT,
  everything,
  executionArn,
  functionArn,
  inProcess,
  machineArn,
  manualClock,
  serve,
  startStates,
} from './states-harness.ts';

const WAIT = { StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 3600, End: true } } };
const PASS = { StartAt: 'P', States: { P: { Type: 'Pass', End: true } } };
const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'accepted',
    (error: Error) => error.name,
  );

t.test('every operation asks IAM for its action on its resource', async (t) => {
  const states = await startStates({ dir: t.testdir(), definitions: { m: WAIT } });
  const asked: string[] = [];
  let denied = false;
  const context: ServiceContext = {
    ...everything,
    authorize(action, resource) {
      asked.push(`${action} ${resource}`);
      if (denied) throw new AwsError('AccessDeniedException', 'no', 400);
    },
  };
  const { client, close } = await serve(states.service, () => context);
  t.teardown(async () => {
    await close();
    await states.close();
  });
  const stateMachineArn = machineArn('m');
  const execution = { executionArn: executionArn('m', 'x') };
  const calls = [
    () => client.send(new StartExecutionCommand({ stateMachineArn, name: 'x' })),
    () => client.send(new DescribeExecutionCommand(execution)),
    () => client.send(new GetExecutionHistoryCommand(execution)),
    () => client.send(new ListExecutionsCommand({ stateMachineArn })),
    () => client.send(new DescribeStateMachineCommand({ stateMachineArn })),
    () => client.send(new ListTagsForResourceCommand({ resourceArn: stateMachineArn })),
    () => client.send(new StopExecutionCommand(execution)),
  ];
  for (const call of calls) await call();
  t.same(asked, [
    `states:StartExecution ${stateMachineArn}`,
    `states:DescribeExecution ${execution.executionArn}`,
    `states:GetExecutionHistory ${execution.executionArn}`,
    `states:ListExecutions ${stateMachineArn}`,
    `states:DescribeStateMachine ${stateMachineArn}`,
    `states:ListTagsForResource ${stateMachineArn}`,
    `states:StopExecution ${execution.executionArn}`,
  ]);
  denied = true;
  for (const call of calls) t.equal(await code(call()), 'AccessDeniedException');
  const missing = new StartExecutionCommand({ stateMachineArn: machineArn('missing') });
  t.equal(await code(client.send(missing)), 'AccessDeniedException', 'also for what does not exist');
});

t.test('another account is refused whatever its own policies say', async (t) => {
  const states = await startStates({ dir: t.testdir(), definitions: { m: WAIT } });
  const { client, close } = await serve(states.service, () => ({ ...everything, accountId: '999999999999' }));
  t.teardown(async () => {
    await close();
    await states.close();
  });
  const start = new StartExecutionCommand({ stateMachineArn: machineArn('m') });
  t.equal(await code(client.send(start)), 'AccessDeniedException');
});

t.test('operations and parameters outside of the emulated part are refused', async (t) => {
  const { service, close } = await startStates({ dir: t.testdir(), definitions: { m: WAIT } });
  t.teardown(close);
  for (const operation of ['CreateStateMachine', 'DeleteStateMachine', 'SendTaskSuccess', 'toString']) {
    const error = (await t.rejects(service.call(operation, {}, everything), AwsError)) as unknown;
    t.match(await service.call(operation, {}, everything).catch((e) => e), {
      code: 'NotImplementedLocally',
      statusCode: 501,
      message: new RegExp(`states:${operation}`),
    });
    t.notOk(error instanceof TypeError);
  }
  const refusal = (operation: string, input: Record<string, unknown>) =>
    service.call(operation, input, everything).then(
      () => 'accepted',
      (error: AwsError) => error.code,
    );
  t.equal(await refusal('StartExecution', {}), 'ValidationException');
  t.equal(
    await refusal('StartExecution', { stateMachineArn: machineArn('m'), input: { a: 1 } }),
    'ValidationException',
  );
  t.equal(
    await refusal('ListExecutions', { stateMachineArn: machineArn('m'), statusFilter: 'DONE' }),
    'ValidationException',
  );
  t.equal(
    await refusal('ListExecutions', { stateMachineArn: machineArn('m'), maxResults: 1001 }),
    'ValidationException',
  );
  t.equal(await refusal('StartExecution', { stateMachineArn: executionArn('m', 'x') }), 'InvalidArn');
  t.equal(await refusal('StopExecution', { executionArn: machineArn('m') }), 'InvalidArn');
  t.equal(
    await refusal('StopExecution', { executionArn: executionArn('m', 'x'), cause: 'x'.repeat(32_769) }),
    'ValidationException',
  );
  t.equal(
    await refusal('StartExecution', { stateMachineArn: machineArn('m'), input: '['.repeat(5000) }),
    'InvalidExecutionInput',
  );
  t.equal(
    await refusal('StartExecution', { stateMachineArn: `${machineArn('m')}:1` }),
    'StateMachineDoesNotExist',
  );
});

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

t.test("the machine's role decides what its tasks may do", async (t) => {
  const asked: string[] = [];
  const ecs = {
    StartAt: 'E',
    States: {
      E: {
        Type: 'Task',
        Resource: 'arn:aws:states:::ecs:runTask.sync',
        Parameters: { LaunchType: 'FARGATE', Cluster: 'c', TaskDefinition: 'family' },
        End: true,
      },
    },
  };
  const allowed = new Set<string>();
  const states = await startStates({
    dir: t.testdir(),
    definitions: {
      l: { StartAt: 'A', States: { A: { Type: 'Task', Resource: functionArn('f'), End: true } } },
      e: ecs,
    },
    rest: {
      taskDefinition: () => ({
        family: 'family',
        containerName: 'worker',
        taskRoleName: 'task-role',
        command: 'x.ts',
        cpu: 1,
        memoryMb: 1,
        environment: {},
      }),
    },
    lambda: inProcess({ f: () => 1 }),
    authorizeRole(role, action, resource) {
      asked.push(`${role} ${action} ${resource}`);
      return allowed.has(action);
    },
  });
  t.teardown(() => states.close());
  const role = `arn:aws:iam::${ACCOUNT}:role/machine-role`;
  t.match(await states.run('l', {}), {
    status: 'FAILED',
    error: 'Lambda.AWSLambdaException',
    cause: /lambda:InvokeFunction/,
  });
  t.match(await states.run('e', {}), {
    status: 'FAILED',
    error: 'ECS.AccessDeniedException',
    cause: /ecs:RunTask/,
  });
  allowed.add('ecs:RunTask').add('lambda:InvokeFunction');
  t.match(await states.run('l', {}), { status: 'SUCCEEDED' });
  t.match(await states.run('e', {}), {
    status: 'FAILED',
    error: 'ECS.AccessDeniedException',
    cause: /iam:PassRole/,
  });
  t.same(asked, [
    `${role} lambda:InvokeFunction ${functionArn('f')}`,
    `${role} ecs:RunTask arn:aws:ecs:us-east-1:${ACCOUNT}:task-definition/family`,
    `${role} lambda:InvokeFunction ${functionArn('f')}`,
    `${role} ecs:RunTask arn:aws:ecs:us-east-1:${ACCOUNT}:task-definition/family`,
    `${role} iam:PassRole arn:aws:iam::${ACCOUNT}:role/task-role`,
  ]);
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
