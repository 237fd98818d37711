/** A Step Functions endpoint for tests: the real service behind the JSON protocol, spoken to by the real SDK. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import {
  AwsError,
  type EcsRunner,
  InvocationError,
  type JsonService,
  type LambdaRunner,
  type Registry,
  type ServiceContext,
} from '../../infra/local/contract.ts';
import type { Scheduler } from '../../infra/local/states/scheduler.ts';
import { createStatesService, type StatesOptions } from '../../infra/local/states/service.ts';

export const ACCOUNT = '111122223333';
export const REGION = 'us-east-1';
export const machineArn = (name: string): string =>
  `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:${name}`;
export const executionArn = (machine: string, name: string): string =>
  `arn:aws:states:${REGION}:${ACCOUNT}:execution:${machine}:${name}`;
export const functionArn = (name: string): string => `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`;

/** Waits for an hour. */
export const WAIT = { StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 3600, End: true } } };
/** Ends at once. */
export const PASS = { StartAt: 'P', States: { P: { Type: 'Pass', End: true } } };
/** How a call ended: `accepted`, or the name of its error. */
export const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'accepted',
    (error: Error) => error.name,
  );

/** A registry of state machines given as name -> definition. */
export function machines(definitions: Record<string, unknown>, rest: Partial<Registry> = {}): Registry {
  const nothing = () => undefined;
  return {
    role: nothing,
    function: nothing,
    taskDefinition: nothing,
    cluster: () => false,
    bucketOwner: nothing,
    bucket: nothing,
    stateMachine: (arn) => {
      const name = arn.split(':').at(-1) ?? '';
      if (arn !== machineArn(name) || !Object.hasOwn(definitions, name)) return undefined;
      const definition = definitions[name];
      const text = typeof definition === 'string' ? definition : JSON.stringify(definition);
      return { name, roleName: 'machine-role', definition: text };
    },
    ...rest,
  };
}

export type Handler = (payload: never, signal: AbortSignal) => unknown;

/** Lambda functions that run in the test's own process. */
export function inProcess(handlers: Record<string, Handler>): LambdaRunner & { calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    async invoke(arn, payload, signal) {
      const name = arn.split(':').at(-1) ?? '';
      calls.push(name);
      if (!Object.hasOwn(handlers, name)) {
        throw new InvocationError('Lambda.ResourceNotFoundException', `Function not found: ${arn}`);
      }
      return handlers[name](payload as never, signal);
    },
    async close() {},
  };
}

export const noTasks: EcsRunner = {
  runTask: () => Promise.reject(new InvocationError('ECS.ClientException', 'TaskDefinition not found.')),
  async close() {},
};

/** A clock that tests move; sleepers wake in order. */
export function manualClock(
  start = Date.UTC(2030, 0, 1),
): Scheduler & { now: () => number; advance(ms: number): Promise<void> } {
  let now = start;
  const sleepers = new Set<{ at: number; wake: () => void }>();
  return {
    now: () => now,
    sleepUntil: (at, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        if (at <= now) return resolve();
        const sleeper = { at, wake: resolve };
        sleepers.add(sleeper);
        signal.addEventListener('abort', () => {
          sleepers.delete(sleeper);
          reject(signal.reason);
        });
      }),
    async advance(ms) {
      now += ms;
      for (const sleeper of [...sleepers].filter(({ at }) => at <= now).sort((a, b) => a.at - b.at)) {
        sleepers.delete(sleeper);
        sleeper.wake();
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    },
  };
}

export const everything: ServiceContext = {
  requestId: 'request',
  accountId: ACCOUNT,
  region: REGION,
  caller: {
    accountId: ACCOUNT,
    arn: `arn:aws:iam::${ACCOUNT}:root`,
    principalArn: `arn:aws:iam::${ACCOUNT}:root`,
    kind: 'root',
  },
  authorize: () => {},
};

/** Serves one JSON-protocol service; `context` may be swapped by tests of authorization. */
export async function serve(service: JsonService, context: () => ServiceContext = () => everything) {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const operation = String(request.headers['x-amz-target']).slice(service.targetPrefix.length + 1);
    const send = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify(body));
    };
    try {
      send(
        200,
        await service.call(operation, JSON.parse(Buffer.concat(chunks).toString() || '{}'), context()),
      );
    } catch (error) {
      if (error instanceof AwsError) send(error.statusCode, { __type: error.code, message: error.message });
      else send(500, { __type: 'InternalFailure', message: String(error) });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new SFNClient({
    endpoint,
    region: REGION,
    maxAttempts: 1,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
  });
  return {
    endpoint,
    client,
    async close() {
      client.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Service, endpoint and client in one; `run` starts an execution and waits for its end. */
export async function startStates(
  options: Partial<StatesOptions> & {
    dir: string;
    definitions: Record<string, unknown>;
    rest?: Partial<Registry>;
  },
) {
  const service = await createStatesService({
    clock: Date.now,
    lambda: inProcess({}),
    ecs: noTasks,
    registry: machines(options.definitions, options.rest),
    ...options,
  });
  const served = await serve(service);
  const { client } = served;
  const settled = async (arn: string) => {
    for (;;) {
      const execution = await client.send(new DescribeExecutionCommand({ executionArn: arn }));
      if (execution.status !== 'RUNNING') return execution;
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
  };
  return {
    service,
    client,
    settled,
    async run(machine: string, input: unknown, name?: string) {
      const { executionArn: arn } = await client.send(
        new StartExecutionCommand({
          stateMachineArn: machineArn(machine),
          name,
          input: JSON.stringify(input),
        }),
      );
      return settled(arn as string);
    },
    async close() {
      await served.close();
      await service.close();
    },
  };
}
