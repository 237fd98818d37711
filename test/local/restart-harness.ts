/** The service in a process of its own that tests kill and start again. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { Test } from 'tap';
import { LOADER, script } from '../helpers/script.ts';
import { executionArn, machineArn, REGION } from './states-harness.ts';

/** A service that can be killed and started again on the same data. */
export async function killable(t: Test, dir: string) {
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
      child = fork(script('test/fixtures/local/states-process.ts'), [dir], {
        execArgv: [...LOADER],
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

export const begin = (client: SFNClient, machine: string, name: string, input: unknown) =>
  client.send(
    new StartExecutionCommand({ stateMachineArn: machineArn(machine), name, input: JSON.stringify(input) }),
  );

export async function settled(client: SFNClient, machine: string, name: string) {
  for (;;) {
    const end = await client.send(
      new DescribeExecutionCommand({ executionArn: executionArn(machine, name) }),
    );
    if (end.status !== 'RUNNING') return end;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function eventsOf(client: SFNClient, machine: string, name: string) {
  const request = { executionArn: executionArn(machine, name), maxResults: 1000 };
  const { events = [] } = await client.send(new GetExecutionHistoryCommand(request));
  return events;
}
