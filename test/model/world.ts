/**
 * A small world in which the real services run: one table, one account with Step Functions, a clock, and broker
 * processes that can die at any call. Nothing in it is random: it does what it is told.
 */
import { randomUUID } from 'node:crypto';
import { CloudError, type ExecutionState, type Ids, type UnitCloud } from '../../services/ports.ts';
import { type Stores, storesOn } from '../../src/aws/stores/stores.ts';
import type { Operation } from '../../src/aws/table/gathered-transactions.ts';
import type { ItemTable } from '../../src/aws/table/item-table.ts';
import { fromItem, type Item } from '../../src/aws/table/items.ts';
import { openPartition } from '../../src/aws/table/table.ts';
import { AppError } from '../../src/errors.ts';
import type { ExecutionInput } from '../../src/schemas/execution.ts';
import { type Job, job as jobShape } from '../../src/schemas/job.ts';
import { type BrokerProcess, brokerOf } from '../helpers/broker.ts';
import { memoryAccount } from '../helpers/memory-account.ts';
import { type MemoryCloud, memoryCloud } from '../helpers/memory-cloud.ts';
import { createMemoryLog, type MemoryLog } from '../helpers/memory-log.ts';
import { createMemoryTable, type MemoryTable } from '../helpers/memory-table.ts';
import { SAMPLE_TIME, sampleUnit, sampleUser } from '../helpers/samples.ts';
import { createGates, type Ending, type Gates, settled } from './gates.ts';
import { createWitness, type Witness } from './promise.ts';
import { untrue } from './truth.ts';

export const OWNER = { userId: 'owner-1', role: 'user' } as const;
/** DescribeExecution is this late, at most. */
const LAG_MS = 3_000;
const JOB = { name: 'job', schema: 1, shape: jobShape };

/** Bugs that can be planted, to see that they are found. */
export interface Mutations {
  table?: (table: ItemTable) => ItemTable;
  cloud?: (cloud: UnitCloud) => UnitCloud;
  broker?: (broker: BrokerProcess) => BrokerProcess;
}

export interface World {
  readonly gates: Gates;
  readonly witness: Witness;
  readonly cloud: MemoryCloud;
  readonly log: MemoryLog;
  /** Jobs as they are stored, oldest first. */
  readonly jobs: ReadonlyMap<string, Job>;
  readonly unitId: string;
  /** What happened, and how often. */
  readonly events: ReadonlyMap<string, number>;
  note(event: string): void;
  /** Whether what a job says is true. */
  compare(job: Job): void;
  now(): number;
  advance(ms: number): void;
  /** The owner stops the use of the unit, or opens it again. */
  pause(paused: boolean): void;
  /** DescribeExecution answers with what was a moment ago, as AWS may. */
  lag(lags: boolean): void;
  /** The broker of a process that lives now. */
  broker(process: number): BrokerProcess;
  /** Kills a process; another takes its place at once. `effects`: which of its calls had theirs. */
  kill(process: number, effects: (index: number) => boolean): void;
  /** Lets a process do something; a refusal is an answer, anything else a broken promise. */
  act(process: number, work: (broker: BrokerProcess) => Promise<unknown>): void;
}

/** Creates the world with a unit, its owner and `processes` brokers. */
export async function createWorld(processes: number, mutations: Mutations = {}): Promise<World> {
  let moved = 0;
  const now = (): number => SAMPLE_TIME + moved;
  const log = createMemoryLog();
  const gates = createGates(now);
  const witness = createWitness();
  const events = new Map<string, number>();
  const note = (event: string): void => void events.set(event, (events.get(event) ?? 0) + 1);
  const jobs = new Map<string, Job>();
  const table = createMemoryTable(log);
  const cloud = memoryCloud(now);
  const seen = witnessed(table, (jobId, after) => {
    const before = jobs.get(jobId);
    witness.wrote(before, after);
    if (after && after.state !== before?.state) compare(after);
    if (after) jobs.set(jobId, after);
    else jobs.delete(jobId);
  });
  function compare(job: Job): void {
    const wrong = untrue(cloud, job, now());
    if (wrong) witness.broken.push(wrong);
  }
  const lagging = { lags: false };
  const told = late(startsTold(cloud, witness), lagging, now);
  const account = memoryAccount();
  const ids = countedIds();
  const generations = Array.from({ length: processes }, () => 0);
  const unit = sampleUnit({ ownerId: OWNER.userId, trustCheckedAt: SAMPLE_TIME });
  const plain = storesOn(table, now);
  await plain.users.create(sampleUser({ userId: OWNER.userId }));
  await plain.units.put(unit);
  const paused = (is: boolean) => (is ? { at: now(), by: 'owner' as const } : undefined);

  const brokers = generations.map((_, process) => born(process));

  function born(process: number): BrokerProcess {
    const gatedTable = gated(gates, process, mutations.table?.(seen) ?? seen);
    const gatedCloud = gatedAccount(gates, process, mutations.cloud?.(told) ?? told);
    const stores: Stores = storesOn(gatedTable, now);
    const parts = { stores, cloud: gatedCloud, callers: account, trust: account, probe: account };
    const broker = brokerOf({ ...parts, clock: now, ids, log });
    return mutations.broker?.(broker) ?? broker;
  }

  return {
    gates,
    witness,
    cloud,
    log,
    jobs,
    unitId: unit.unitId,
    events,
    note,
    compare,
    now,
    advance(ms) {
      moved += ms;
    },
    pause(is) {
      note(is ? 'unit paused' : 'unit open');
      // Of one mind: nobody else changes the unit here.
      const changed = async (): Promise<void> => {
        const stored = await plain.units.get(unit.unitId);
        if (stored) await plain.units.put({ ...stored, paused: paused(is), version: stored.version + 1 });
      };
      changed().catch((error: unknown) => witness.broken.push(`the unit was not changed: ${String(error)}`));
    },
    lag(lags) {
      lagging.lags = lags;
    },
    broker: (process) => brokers[process],
    kill(process, effects) {
      generations[process]++;
      note(gates.waiting.some((gate) => gate.process === process) ? 'kill in the midst of a call' : 'kill');
      for (const [i, gate] of [...gates.waiting].entries()) {
        if (gate.process === process) gate.forget(effects(i));
      }
      brokers[process] = born(process);
    },
    act(process, work) {
      const generation = generations[process];
      work(brokers[process]).catch((error: unknown) => {
        if (generations[process] !== generation) return;
        if (error instanceof AppError) return note(`refused ${error.code}`);
        witness.broken.push(`process ${process} threw ${String(error)}`);
      });
    },
  };
}

/** Lets everything that is under way come to its end without further trouble. */
export async function calm(world: World): Promise<void> {
  await settled();
  while (world.gates.waiting.length > 0) {
    for (const gate of [...world.gates.waiting]) gate.pass('ok');
    await settled();
  }
}

/** The table with somebody watching how jobs change in it. */
function witnessed(table: MemoryTable, wrote: (jobId: string, after: Job | undefined) => void): ItemTable {
  const note = (operation: Operation): void => {
    if ('put' in operation) {
      if (operation.put.kind !== JOB.name) return;
      const after = fromItem(JOB, { ...operation.put });
      wrote(after.jobId, after);
    } else if (operation.remove.sk === 'JOB') wrote(operation.remove.pk.slice('JOB#'.length), undefined);
  };
  return {
    ...table,
    async write(item: Item, condition) {
      const repeated = table.raw(item.pk, item.sk)?.['writeId'] === item.writeId;
      const written = await table.write(item, condition);
      if (written && !repeated) note({ put: item });
      return written;
    },
    async transact(operations) {
      const outcome = await table.transact(operations);
      if (outcome === 'written') for (const operation of operations) note(operation);
      return outcome;
    },
  };
}

/** The account with somebody counting its executions by what they run, not by their names. */
function startsTold(cloud: MemoryCloud, witness: Witness): UnitCloud {
  return {
    ...cloud,
    async startExecution(unit, name, input: ExecutionInput) {
      const before = cloud.executions.size;
      const answer = cloud.startExecution(unit, name, input);
      // Looked at at once: another start may have its effect before this answer is heard.
      if (cloud.executions.size > before)
        witness.started(input, cloud.objects.has(`${input.bucket}/${input.key}`));
      return answer;
    },
  };
}

/** Answers of DescribeExecution that may be a few seconds old. */
function late(cloud: UnitCloud, lagging: { lags: boolean }, now: () => number): UnitCloud {
  const before = new Map<string, ExecutionState>();
  const young = (at: number | undefined): boolean => at !== undefined && now() - at < LAG_MS;
  return {
    ...cloud,
    async describeExecution(unit, arn) {
      const execution = await cloud.describeExecution(unit, arn);
      if (lagging.lags && young(execution.stoppedAt)) return before.get(arn) ?? running(execution);
      if (lagging.lags && young(execution.startedAt))
        throw new CloudError('not_found', 'DescribeExecution', 'ExecutionDoesNotExist', arn);
      before.set(arn, execution);
      return execution;
    },
  };
}

function running(execution: ExecutionState): ExecutionState {
  const nothing = { output: undefined, error: undefined, cause: undefined, stoppedAt: undefined };
  return { ...execution, ...nothing, status: 'RUNNING' };
}

function gated(gates: Gates, process: number, table: ItemTable): ItemTable {
  const fail = (ending: Ending): Error => new AppError('unavailable', `DynamoDB: ${ending}`);
  const at = <A extends unknown[], T>(call: string, work: (...args: A) => Promise<T>) => {
    return (...args: A): Promise<T> => gates.through(process, `dynamodb ${call}`, () => work(...args), fail);
  };
  return {
    read: at('read', table.read) as ItemTable['read'],
    write: at('write', table.write),
    remove: at('remove', table.remove),
    take: at('take', table.take) as ItemTable['take'],
    transact: at('transact', table.transact),
    page: at('page', table.page) as ItemTable['page'],
    reindex: at('reindex', table.reindex),
    // The eight shards of an index are asked at once: what one call may meet is enough.
    openKeys: (partition, before, limit) =>
      partition === openPartition(0)
        ? at('query', table.openKeys)(partition, before, limit)
        : table.openKeys(partition, before, limit),
  };
}

function gatedAccount(gates: Gates, process: number, cloud: UnitCloud): UnitCloud {
  const at = <A extends unknown[], T>(operation: string, work: (...args: A) => Promise<T>) => {
    const fail = (ending: Ending): Error =>
      ending === 'throttled'
        ? new CloudError('throttled', operation, 'ThrottlingException', 'ordered by the test')
        : new CloudError('unavailable', operation, 'TimeoutError', `ordered by the test: ${ending}`);
    return (...args: A): Promise<T> => gates.through(process, `aws ${operation}`, () => work(...args), fail);
  };
  return {
    ...cloud,
    putJobDocument: at('PutObject', cloud.putJobDocument),
    startExecution: at('StartExecution', cloud.startExecution),
    describeExecution: at('DescribeExecution', cloud.describeExecution),
    runningExecutions: at('ListExecutions', cloud.runningExecutions),
    stopExecution: at('StopExecution', cloud.stopExecution),
    headObject: at('HeadObject', cloud.headObject),
  };
}

/** Names in the order in which they are asked for. */
function countedIds(): Ids {
  let count = 0;
  return {
    next: () => `01MODEL${String(++count).padStart(19, '0')}`,
    secret: () => randomUUID(),
    // Jitter matters to nobody here.
    random: () => (count++ % 10) / 10,
  };
}

/** The executions that have not ended. */
export function runningOf(cloud: MemoryCloud): ExecutionState[] {
  return [...cloud.executions.values()].filter(({ status }) => status === 'RUNNING');
}
