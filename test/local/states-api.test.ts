/** Step Functions' door: who may do what, and what is refused. */
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
import {
  ACCOUNT,
  code,
  everything,
  executionArn,
  functionArn,
  inProcess,
  machineArn,
  serve,
  startStates,
  WAIT,
} from './states-harness.ts';

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
        revision: 1,
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
