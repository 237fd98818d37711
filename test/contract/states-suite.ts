/** What every Step Functions endpoint has to do with STANDARD executions, asked through the real SDK. */
import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  ListExecutionsCommand,
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { Test } from 'tap';

export interface StatesEnv {
  client: SFNClient;
  /** Makes a state machine of its own and answers its ARN. */
  machine(definition: object): Promise<string>;
}

const WAITS = { StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 86_400, End: true } } };

/** Runs the contract; what `differences` names is known to be otherwise there, and why. */
export async function runStatesContract(
  t: Test,
  env: StatesEnv,
  differences: Record<string, string> = {},
): Promise<void> {
  const { client } = env;
  const code = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => 'accepted',
      (error: Error) => error.name,
    );
  const check = (name: string, body: (t: Test) => Promise<void>) =>
    t.test(name, name in differences ? { skip: differences[name] } : {}, body);
  const start = (stateMachineArn: string, name?: string, input?: string) =>
    client.send(new StartExecutionCommand({ stateMachineArn, name, input }));

  await check('an execution is described as it was started', async (t) => {
    const stateMachineArn = await env.machine(WAITS);
    const input = '{"jobId": "j1",  "n": [1, 2.50]}';
    const { executionArn, startDate } = await start(stateMachineArn, 'job-1', input);
    t.equal(executionArn, `${stateMachineArn.replace(':stateMachine:', ':execution:')}:job-1`);
    const described = await client.send(new DescribeExecutionCommand({ executionArn }));
    t.match(described, { executionArn, stateMachineArn, name: 'job-1', status: 'RUNNING', input });
    t.equal(described.startDate?.getTime(), startDate?.getTime());
    t.equal(described.stopDate, undefined);
    t.equal(described.output, undefined);
  });

  await check('a name and an input have defaults', async (t) => {
    const { executionArn } = await start(await env.machine(WAITS));
    const described = await client.send(new DescribeExecutionCommand({ executionArn }));
    t.match(described.name, /^[0-9a-f-]{36}$/);
    t.equal(described.input, '{}');
  });

  await check('a state machine is described with its definition and role', async (t) => {
    const stateMachineArn = await env.machine(WAITS);
    const described = await client.send(new DescribeStateMachineCommand({ stateMachineArn }));
    t.match(described, {
      stateMachineArn,
      status: 'ACTIVE',
      type: 'STANDARD',
      roleArn: /^arn:aws:iam::\d{12}:role\//,
    });
    t.same(JSON.parse(described.definition ?? ''), WAITS);
    t.equal(described.name, stateMachineArn.split(':').at(-1));
  });

  await check('names keep the rules', async (t) => {
    const arn = await env.machine(WAITS);
    for (const name of ['a b', 'a/b', 'a:b', 'a*', 'a?', 'a<b', 'a"b', 'a#b', 'a%b', 'a\\b', 'a|b', 'a\tb']) {
      t.equal(await code(start(arn, name)), 'InvalidName', JSON.stringify(name));
    }
    for (const name of ['x'.repeat(80), 'a.b-c_d', 'a(b)', "a'b", 'a+b=c@d!'])
      t.equal(await code(start(arn, name)), 'accepted', name);
  });

  await check('names have 1 to 80 characters', async (t) => {
    const arn = await env.machine(WAITS);
    for (const name of ['', 'x'.repeat(81)]) t.equal(await code(start(arn, name)), 'ValidationException');
  });

  await check('inputs are JSON', async (t) => {
    const arn = await env.machine(WAITS);
    for (const input of ['', '{', 'undefined', "{'a': 1}"])
      t.equal(await code(start(arn, undefined, input)), 'InvalidExecutionInput', input);
  });

  await check('inputs end at 262,144 bytes', async (t) => {
    const arn = await env.machine(WAITS);
    const text = (bytes: number) => `"${'x'.repeat(bytes - 2)}"`;
    t.equal(await code(start(arn, undefined, text(262_144))), 'accepted');
    t.equal(await code(start(arn, undefined, text(262_145))), 'ValidationException');
    t.equal(
      await code(start(arn, undefined, `"${'ü'.repeat(131_072)}"`)),
      'InvalidExecutionInput',
      'bytes, not characters',
    );
  });

  await check('starting again is idempotent while the execution runs, with the same input', async (t) => {
    const arn = await env.machine(WAITS);
    const first = await start(arn, 'once', '{"a":1}');
    const again = await start(arn, 'once', '{"a":1}');
    t.equal(again.executionArn, first.executionArn);
    t.equal(again.startDate?.getTime(), first.startDate?.getTime());
    t.equal(await code(start(arn, 'once', '{"a":2}')), 'ExecutionAlreadyExists');
    await client.send(new StopExecutionCommand({ executionArn: first.executionArn }));
    t.equal(await code(start(arn, 'once', '{"a":1}')), 'ExecutionAlreadyExists', 'not once it has ended');
    t.equal(
      await code(start(await env.machine(WAITS), 'once', '{"a":1}')),
      'accepted',
      'names are per machine',
    );
  });

  await check('twenty callers at once start one execution', async (t) => {
    const arn = await env.machine(WAITS);
    const answers = await Promise.all(Array.from({ length: 20 }, () => start(arn, 'race', '{}')));
    t.equal(new Set(answers.map((a) => `${a.executionArn} ${a.startDate?.getTime()}`)).size, 1);
    const { executions } = await client.send(new ListExecutionsCommand({ stateMachineArn: arn }));
    t.equal(executions?.length, 1);
  });

  await check('a stopped execution is ABORTED with what the caller said', async (t) => {
    const { executionArn } = await start(await env.machine(WAITS));
    const { stopDate } = await client.send(
      new StopExecutionCommand({ executionArn, error: 'Cancelled', cause: 'the user changed her mind' }),
    );
    const described = await client.send(new DescribeExecutionCommand({ executionArn }));
    t.match(described, { status: 'ABORTED', error: 'Cancelled', cause: 'the user changed her mind' });
    t.equal(described.stopDate?.getTime(), stopDate?.getTime());
    t.equal(described.output, undefined);
  });

  await check('executions are listed newest first, by status, in pages', async (t) => {
    const stateMachineArn = await env.machine(WAITS);
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      await start(stateMachineArn, name);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const prefix = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:`;
    for (const name of ['b', 'd'])
      await client.send(new StopExecutionCommand({ executionArn: `${prefix}${name}` }));
    const list = async (statusFilter?: 'RUNNING' | 'ABORTED', maxResults?: number) => {
      const pages: (string | undefined)[][] = [];
      let nextToken: string | undefined;
      do {
        const page = await client.send(
          new ListExecutionsCommand({ stateMachineArn, statusFilter, maxResults, nextToken }),
        );
        pages.push((page.executions ?? []).map(({ name }) => name));
        nextToken = page.nextToken;
      } while (nextToken);
      return pages;
    };
    t.same(await list(), [['e', 'd', 'c', 'b', 'a']]);
    t.same(await list(undefined, 2), [['e', 'd'], ['c', 'b'], ['a']]);
    t.same(await list('RUNNING', 2), [['e', 'c'], ['a']]);
    t.same(await list('ABORTED'), [['d', 'b']]);
    const { executions } = await client.send(new ListExecutionsCommand({ stateMachineArn, maxResults: 1 }));
    t.match(executions, [{ name: 'e', status: 'RUNNING', stateMachineArn, executionArn: `${prefix}e` }]);
  });

  await check('what does not exist has its own error', async (t) => {
    const arn = await env.machine(WAITS);
    const missing = `${arn}-missing`;
    const execution = `${arn.replace(':stateMachine:', ':execution:')}:missing`;
    t.equal(await code(start(missing)), 'StateMachineDoesNotExist');
    t.equal(
      await code(client.send(new DescribeStateMachineCommand({ stateMachineArn: missing }))),
      'StateMachineDoesNotExist',
    );
    t.equal(
      await code(client.send(new ListExecutionsCommand({ stateMachineArn: missing }))),
      'StateMachineDoesNotExist',
    );
    t.equal(
      await code(client.send(new DescribeExecutionCommand({ executionArn: execution }))),
      'ExecutionDoesNotExist',
    );
    t.equal(
      await code(client.send(new StopExecutionCommand({ executionArn: execution }))),
      'ExecutionDoesNotExist',
    );
    t.equal(
      await code(client.send(new DescribeExecutionCommand({ executionArn: 'nonsense' }))),
      'InvalidArn',
    );
    t.equal(await code(start('nonsense')), 'InvalidArn');
  });
}
