/** All executions of the service: starting, finding, stopping and continuing them. */
import {
  AwsError,
  type Clock,
  type EcsRunner,
  type LambdaRunner,
  type Registry,
  type RoleAuthorizer,
  type StateMachineResource,
} from '../contract.ts';
import { roleArnFor } from '../runtime/arn.ts';
import type { Machine } from './definition.ts';
import { type LiveExecution, runExecution } from './execution.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';
import {
  definitionKey,
  type ExecutionRecord,
  eventWrite,
  RETENTION_MS,
  type Store,
  startWrites,
} from './store.ts';

export interface ExecutionOptions {
  store: Store;
  clock: Clock;
  registry: Registry;
  /** `prewarm` is called with the functions that a machine names when one of its executions starts. */
  lambda: LambdaRunner & { prewarm?(functionArn: string): void };
  ecs: EcsRunner;
  /** Whether a state machine's role may do `action` on `resource`. Without it everything is allowed. */
  authorizeRole?: RoleAuthorizer;
  scheduler?: Scheduler;
  /** 0..1, for retry jitter. */
  random?: () => number;
  /** Most executions that run at a time; more are refused with ExecutionLimitExceeded. */
  maxOpenExecutions?: number;
  /** Told when the store cannot be written; the default ends the process, and a restart continues. */
  onFatal?: (error: unknown) => void;
}

function crash(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

export function createExecutions(options: ExecutionOptions) {
  const { store, clock, registry, lambda, ecs, authorizeRole } = options;
  const { scheduler = createScheduler(clock), random = Math.random } = options;
  const { maxOpenExecutions = 10_000, onFatal = crash } = options;
  const live = new Map<string, LiveExecution>();
  /** The latest StartExecution of a name: one at a time decides whether it is taken. */
  const starting = new Map<string, Promise<ExecutionRecord>>();

  async function launch(record: ExecutionRecord): Promise<void> {
    const text = await store.definition(record.definition);
    if (text === undefined) throw new Error(`the definition of ${record.arn} is missing`);
    const execution = runExecution({
      record,
      machine: JSON.parse(text) as Machine,
      frames: await store.frames(record.arn),
      lastEventId: await store.lastEventId(record.arn),
      store,
      clock,
      scheduler,
      random,
      services: { registry, lambda, ecs, authorizeRole },
    });
    live.set(record.arn, execution);
    execution.done.catch(onFatal).finally(() => live.delete(record.arn));
  }

  /** The execution, unless it is unknown or closed for more than 90 days. */
  async function known(arn: string): Promise<ExecutionRecord | undefined> {
    const record = await store.execution(arn);
    const forgotten = record?.stopDate !== undefined && record.stopDate + RETENTION_MS <= clock();
    return forgotten ? undefined : record;
  }

  async function begin(
    machine: StateMachineResource,
    machineArn: string,
    name: string,
    input: string,
  ): Promise<ExecutionRecord> {
    const arn = executionArn(machineArn, name);
    const old = await known(arn);
    if (old?.status === 'RUNNING' && old.input === input) return old;
    if (old) throw new AwsError('ExecutionAlreadyExists', `Execution Already Exists: '${arn}'`);
    if (live.size >= maxOpenExecutions) {
      throw new AwsError('ExecutionLimitExceeded', `More than ${maxOpenExecutions} executions are running`);
    }
    const expired = await store.execution(arn);
    const record: ExecutionRecord = {
      arn,
      machineArn,
      name,
      status: 'RUNNING',
      startDate: clock(),
      input,
      roleArn: roleArnFor(machineArn, machine.roleName),
      definition: definitionKey(machine.definition),
    };
    const { roleArn, startDate } = record;
    const details = { input, inputDetails: { truncated: false }, roleArn };
    await store.write([
      ...(expired ? await store.erasure(expired) : []),
      ...startWrites(record, machine.definition),
      eventWrite(arn, {
        id: 1,
        previousEventId: 0,
        timestamp: startDate / 1000,
        type: 'ExecutionStarted',
        executionStartedEventDetails: details,
      }),
    ]);
    await launch(record);
    for (const [functionArn] of machine.definition.matchAll(FUNCTION_ARN)) lambda.prewarm?.(functionArn);
    return record;
  }

  return {
    known,

    /**
     * Starts an execution. The same name and input while it runs answers the running one; throws
     * ExecutionAlreadyExists for another input, and for any once it has closed, for 90 days.
     */
    async start(machine: StateMachineResource, machineArn: string, name: string, input: string) {
      const arn = executionArn(machineArn, name);
      const before = starting.get(arn);
      const mine = (before ?? Promise.resolve()).then(
        () => begin(machine, machineArn, name, input),
        () => begin(machine, machineArn, name, input),
      );
      starting.set(arn, mine);
      try {
        return await mine;
      } finally {
        if (starting.get(arn) === mine) starting.delete(arn);
      }
    },

    /** Aborts an execution that is running; resolves when its end is on disk. */
    async stop(arn: string, error: string | undefined, cause: string | undefined): Promise<void> {
      await starting.get(arn)?.catch(() => undefined); // its own caller is told
      await live.get(arn)?.stop(error, cause);
    },

    /** Forgets what closed over 90 days ago and continues what was running. */
    async resume(): Promise<void> {
      await store.purge(clock() - RETENTION_MS);
      for (const arn of await store.running()) {
        const record = await store.execution(arn);
        if (record) await launch(record);
      }
    },

    /** Halts everything without ending it: the next resume() continues. */
    async close(): Promise<void> {
      await Promise.allSettled(starting.values());
      const running = [...live.values()];
      for (const execution of running) execution.halt();
      await Promise.allSettled(running.map((execution) => execution.done));
    },
  };
}

const FUNCTION_ARN = /arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(?::\d+)?/g;

function executionArn(machineArn: string, name: string): string {
  return `${machineArn.replace(':stateMachine:', ':execution:')}:${name}`;
}
