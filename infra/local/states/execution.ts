/** One running execution: carries its machine to an end, which happens exactly once. */
import type { Clock } from '../contract.ts';
import { parseArn } from '../runtime/arn.ts';
import { Halted } from '../runtime/halted.ts';
import type { Machine } from './definition.ts';
import { StateError } from './errors.ts';
import type { Frame } from './frame.ts';
import type { Services } from './integrations.ts';
import { runMachine } from './interpreter.ts';
import { createJournal } from './journal.ts';
import { type JsonObject, parseJson } from './json.ts';
import type { Scheduler } from './scheduler.ts';
import { closeWrites, type ExecutionRecord, type Status, type Store } from './store.ts';

/** The end of the execution as its machine sees it; never seen by Retry or Catch. */
class Interruption extends Error {}

export interface LiveExecution {
  /** Settles when nothing of the execution runs any more. Rejects if the store cannot be written. */
  readonly done: Promise<void>;
  /** Ends it as ABORTED, unless it has just ended otherwise. Resolves when its end is on disk. */
  stop(error: string | undefined, cause: string | undefined): Promise<void>;
  /** Halts it without an end: a later start of the service continues it. */
  halt(): void;
}

interface End {
  status: Status;
  output?: string;
  error?: string;
  cause?: string;
}

/** Runs (or continues) the execution of `record`. */
export function runExecution(options: {
  record: ExecutionRecord;
  machine: Machine;
  frames: Map<string, Frame>;
  lastEventId: number;
  store: Store;
  clock: Clock;
  scheduler: Scheduler;
  random: () => number;
  services: Omit<Services, 'machineArn' | 'roleArn'>;
}): LiveExecution {
  const { record, machine, clock, scheduler } = options;
  const journal = createJournal({ ...options, arn: record.arn });
  const interrupt = new AbortController();
  const timer = new AbortController();
  let ending: Promise<void> | undefined;

  function end(result: End): Promise<void> {
    ending ??= close(result);
    return ending;
  }

  async function close(result: End): Promise<void> {
    timer.abort();
    const { status, output, error, cause } = result;
    const closed: ExecutionRecord = { ...record, ...result, stopDate: clock() };
    const details =
      status === 'SUCCEEDED'
        ? { executionSucceededEventDetails: { output, outputDetails: { truncated: false } } }
        : { [`execution${EVENTS[status]}EventDetails`]: { error, cause } };
    interrupt.abort(new Interruption(status));
    await journal.finish(
      `Execution${EVENTS[status]}`,
      details,
      closeWrites(closed),
      new Interruption(status),
    );
  }

  async function run(): Promise<void> {
    try {
      const output = await runMachine(
        {
          journal,
          clock,
          scheduler,
          random: options.random,
          context: contextOf(record),
          services: { ...options.services, machineArn: record.machineArn, roleArn: record.roleArn },
        },
        machine,
        parseJson(record.input),
        { path: '', extraContext: {}, signal: interrupt.signal, previousEventId: 0 },
      );
      await end({ status: 'SUCCEEDED', output: JSON.stringify(output) });
    } catch (error) {
      if (error instanceof StateError) {
        await end({ status: 'FAILED', error: error.errorName, cause: error.errorCause });
      } else if (error instanceof Interruption || error instanceof Halted) {
        await ending;
      } else {
        throw error;
      }
    } finally {
      timer.abort();
    }
  }

  async function limitTime(seconds: number): Promise<void> {
    try {
      await scheduler.sleepUntil(record.startDate + seconds * 1000, timer.signal);
    } catch {
      return; // ended in time
    }
    await end({ status: 'TIMED_OUT', error: 'States.Timeout' });
  }

  const limited = machine.TimeoutSeconds === undefined ? undefined : limitTime(machine.TimeoutSeconds);
  const done = Promise.all([run(), limited]).then(() => undefined);
  return {
    done,
    stop: (error, cause) => end({ status: 'ABORTED', error, cause }),
    halt() {
      timer.abort();
      interrupt.abort(new Halted());
    },
  };
}

const EVENTS: Record<Status, string> = {
  RUNNING: 'Started',
  SUCCEEDED: 'Succeeded',
  FAILED: 'Failed',
  TIMED_OUT: 'TimedOut',
  ABORTED: 'Aborted',
};

/** The parts of the context object that are the same in every state. */
function contextOf(record: ExecutionRecord): JsonObject {
  return {
    Execution: {
      Id: record.arn,
      Input: parseJson(record.input),
      Name: record.name,
      RoleArn: record.roleArn,
      StartTime: new Date(record.startDate).toISOString(),
      RedriveCount: 0,
    },
    StateMachine: { Id: record.machineArn, Name: parseArn(record.machineArn)?.resource.split(':')[1] ?? '' },
  };
}
