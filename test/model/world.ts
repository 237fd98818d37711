/**
 * A small world in which the real services run: one table, one account with Step Functions, a clock, somebody who
 * listens to a webhook, and broker processes that can die or stand still at any call. Nothing in it is random: it does
 * what it is told.
 */
import type { ExecutionState, UnitCloud } from '../../services/ports.ts';
import { storesOn } from '../../src/aws/stores/stores.ts';
import type { ItemTable } from '../../src/aws/table/item-table.ts';
import { asideKey } from '../../src/aws/table/table.ts';
import { AppError } from '../../src/errors.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { type BrokerProcess, brokerOf } from '../helpers/broker.ts';
import { memoryAccount } from '../helpers/memory-account.ts';
import { type MemoryCloud, memoryCloud } from '../helpers/memory-cloud.ts';
import { createMemoryLog, type MemoryLog } from '../helpers/memory-log.ts';
import { createMemoryTable, type MemoryTable } from '../helpers/memory-table.ts';
import { SAMPLE_TIME, sampleUnit, sampleUser, withProof } from '../helpers/samples.ts';
import { DEFECT, goodMoods, type Moods, moodyAccount, type Refusal } from './account.ts';
import { gatedAccount, gatedCaller, gatedTable, witnessed } from './gated.ts';
import { createGates, type Gate, settled } from './gates.ts';
import { countedIds, webhookOf } from './nouns.ts';
import { createWitness, type Witness } from './promise.ts';
import { createReceiver, type Receiver } from './receiver.ts';
import { createStopwatch, type Stopwatch } from './stopwatch.ts';
import { executionOf, type Facts, untrue } from './truth.ts';

export const OWNER = { userId: 'owner-1', role: 'user' } as const;
/** What the owner of the unit signs in with: older stacks report with it. */
export const OWNER_TOKEN = 'the token of the owner';

const START_MS = 30_000;

/** Bugs that can be planted, to see that they are found. */
export interface Mutations {
  table?: (table: ItemTable) => ItemTable;
  cloud?: (cloud: UnitCloud) => UnitCloud;
  broker?: (broker: BrokerProcess) => BrokerProcess;
}

export interface WorldOptions {
  /** Whether the processes share background work among them; else each does all of it. */
  readonly shared?: boolean;
  /** Jobs at once that the owner of the unit allows. */
  readonly jobsAtOnce?: number;
}

export interface World {
  readonly witness: Witness;
  readonly receiver: Receiver;
  readonly stopwatch: Stopwatch;
  readonly table: MemoryTable;
  readonly cloud: MemoryCloud;
  readonly moods: Readonly<Moods>;
  readonly facts: Facts;
  readonly log: MemoryLog;
  readonly options: WorldOptions;
  /** Jobs as they are stored, oldest first. */
  readonly jobs: ReadonlyMap<string, Job>;
  readonly unitId: string;
  /** What happened, and how often. */
  readonly events: ReadonlyMap<string, number>;
  note(event: string): void;
  /** Calls that may go on: not those of a process that stands still. */
  moving(): Gate[];
  /** Whether what a job says is true. */
  compare(job: Job): void;
  now(): number;
  advance(ms: number): void;
  /** The account refuses from now on, or works again. */
  refuse(how: Refusal | undefined): void;
  /** The owner moves the unit to its other state machine and bucket of results. */
  move(): void;
  /** The account answers with what was a moment ago, as AWS may. */
  lag(lags: boolean): void;
  hide(arn: string, hidden: boolean): void;
  poison(jobId: string, poisoned: boolean): void;
  /** Whether a job was set aside. */
  isAside(jobId: string): boolean;
  /** The broker of a process that lives now. */
  broker(process: number): BrokerProcess;
  /** Processes that do not stand still. */
  moves(process: number): boolean;
  /** Kills a process; another takes its place at once. `effects`: which of its calls had theirs. */
  kill(process: number, effects: (index: number) => boolean): void;
  /** A process stands still in the midst of what it does, or goes on as if no time had passed. */
  stall(process: number, stalled: boolean): void;
  /** Lets a process do something; a refusal is an answer, anything else a broken promise. */
  act(process: number, work: (broker: BrokerProcess) => Promise<unknown>): void;
}

/** Creates the world with a unit, its owner and `processes` brokers. */
export async function createWorld(
  processes: number,
  mutations: Mutations = {},
  options: WorldOptions = {},
): Promise<World> {
  let moved = 0;
  const now = (): number => SAMPLE_TIME + moved;
  const log = createMemoryLog();
  const gates = createGates(now);
  const jobs = new Map<string, Job>();
  const witness = createWitness({ now, jobs, atOnce: options.jobsAtOnce });
  const { broken } = witness;
  const events = new Map<string, number>();
  const note = (event: string): void => void events.set(event, (events.get(event) ?? 0) + 1);
  const receiver = createReceiver(note, broken);
  const table = createMemoryTable(log);
  const cloud = memoryCloud(now);
  const moods = goodMoods();
  const facts: Facts = { cloud, now, everHidden: new Set(), deleting: new Set(), longestPauseMs: 0 };
  const isAside = (jobId: string): boolean => {
    const { pk, sk } = asideKey(jobId);
    return table.raw(pk, sk) !== undefined;
  };
  const stopwatch = createStopwatch({
    now,
    moods,
    isAside,
    executionOf: (job) => executionOf(cloud, job),
    broken,
  });
  const seen = witnessed(table, (jobId, after) => {
    const before = jobs.get(jobId);
    witness.wrote(before, after, facts.deleting.has(jobId));
    receiver.wrote(before, after);
    if (after && after.state !== before?.state) compare(after);
    if (after) jobs.set(jobId, after);
    else jobs.delete(jobId);
  });
  function compare(job: Job): void {
    const wrong = untrue(facts, job);
    if (wrong) broken.push(wrong);
  }
  const account = moodyAccount(cloud, memoryAccount(), moods, witness, now);
  const ids = countedIds();
  // A start is never sent later than this after it was asked for (unit-cloud.ts); all else may have its effect late.
  const isTooLate = ({ call, since }: Gate): boolean =>
    call === 'aws StartExecution' && now() - since > START_MS;
  const generations = Array.from({ length: processes }, () => 0);
  const stalled = new Set<number>();
  let pausedAt: number | undefined;
  const unit = sampleUnit({
    ownerId: OWNER.userId,
    trustCheckedAt: SAMPLE_TIME,
    lastValidatedAt: SAMPLE_TIME,
  });
  const plain = storesOn(table, now);
  await plain.users.create(sampleUser({ userId: OWNER.userId }));
  await plain.units.put({ ...unit, nextCheckAt: SAMPLE_TIME + 6 * 3_600_000 });
  await plain.webhooks.create(webhookOf(OWNER.userId));
  if (options.jobsAtOnce !== undefined) {
    const all = { jobsAtOnce: options.jobsAtOnce };
    await plain.usage.putLimitsOfUnit({ unitId: unit.unitId, all, perMember: {}, updatedAt: now() });
  }

  const brokers = generations.map((_, process) => born(process));

  function born(process: number): BrokerProcess {
    const table = gatedTable(gates, process, mutations.table?.(seen) ?? seen);
    const broker = brokerOf({
      stores: storesOn(table, now),
      cloud: gatedAccount(gates, process, mutations.cloud?.(account.cloud) ?? account.cloud),
      callers: account.role,
      trust: account.role,
      probe: account.role,
      caller: gatedCaller(gates, process, receiver.caller),
      shared: options.shared,
      authenticate,
      clock: now,
      ids,
      log,
    });
    return mutations.broker?.(broker) ?? broker;
  }

  /** The owner changes the unit; a broker that does so at the same time is met again. */
  function change(next: (stored: Unit) => Unit): void {
    const changed = async (): Promise<void> => {
      let outcome = '';
      while (outcome !== 'stored') {
        const stored = await plain.units.get(unit.unitId);
        if (!stored) throw new Error('there is no unit');
        outcome = await plain.units.put({ ...next(stored), version: stored.version + 1 });
      }
    };
    changed().catch((error: unknown) => broken.push(`the unit was not changed: ${String(error)}`));
  }

  return {
    witness,
    receiver,
    stopwatch,
    table,
    cloud,
    moods,
    facts,
    log,
    options,
    jobs,
    unitId: unit.unitId,
    events,
    note,
    moving: () => gates.waiting.filter(({ process }) => !stalled.has(process)),
    compare,
    now,
    advance(ms) {
      moved += ms;
      if (pausedAt !== undefined) facts.longestPauseMs = Math.max(facts.longestPauseMs, now() - pausedAt);
    },
    refuse(how) {
      stopwatch.hindered();
      const pauses = how === 'paused';
      if (pauses !== (moods.refusal === 'paused')) {
        pausedAt = pauses ? now() : undefined;
        const paused = pauses ? { at: now(), by: 'owner' as const } : undefined;
        change((stored) => ({ ...stored, paused, nextCheckAt: pauses ? stored.nextCheckAt : now() }));
      }
      moods.refusal = how;
    },
    move() {
      change(({ stateMachineArn, ...stored }) =>
        withProof({
          ...stored,
          stateMachineArn:
            stateMachineArn === unit.stateMachineArn ? `${stateMachineArn}2` : unit.stateMachineArn,
          resultsBucket: stored.resultsBucket === unit.resultsBucket ? 'other-results' : unit.resultsBucket,
        }),
      );
    },
    lag(lags) {
      moods.lags = lags;
    },
    hide(arn, hidden) {
      stopwatch.hindered();
      facts.everHidden.add(arn);
      if (hidden) moods.hidden.add(arn);
      else moods.hidden.delete(arn);
    },
    poison(jobId, poisoned) {
      stopwatch.hindered(jobId);
      if (poisoned) moods.poisoned.add(jobId);
      else moods.poisoned.delete(jobId);
    },
    isAside,
    broker: (process) => brokers[process],
    moves: (process) => !stalled.has(process),
    kill(process, effects) {
      generations[process]++;
      stopwatch.away();
      stalled.delete(process);
      note(gates.waiting.some((gate) => gate.process === process) ? 'kill in the midst of a call' : 'kill');
      for (const [i, gate] of [...gates.waiting].entries()) {
        if (gate.process === process) gate.forget(effects(i) && !isTooLate(gate));
      }
      brokers[process] = born(process);
    },
    stall(process, is) {
      if (is === stalled.has(process)) return;
      stopwatch.hindered();
      const busy = gates.waiting.some((gate) => gate.process === process);
      if (is) stalled.add(process);
      else stalled.delete(process);
      for (const gate of is ? [] : gates.waiting.filter((each) => each.process === process)) {
        if (isTooLate(gate)) gate.pass('before');
      }
      if (busy) note(is ? 'stalled in the midst of a call' : 'goes on in the midst of a call');
    },
    act(process, work) {
      const generation = generations[process];
      work(brokers[process]).catch((error: unknown) => {
        if (generations[process] !== generation) return;
        if (error instanceof AppError) return note(`refused ${error.code}`);
        if (error instanceof TypeError && error.message === DEFECT) return note('an act met a defect');
        broken.push(`process ${process} threw ${error instanceof Error ? error.stack : String(error)}`);
      });
    },
  };
}

async function authenticate(bearer: string): Promise<typeof OWNER> {
  if (bearer === OWNER_TOKEN) return OWNER;
  throw new AppError('not_signed_in', 'nobody signs in here');
}

/** Lets everything that is under way come to its end without further trouble. */
export async function calm(world: World): Promise<void> {
  await settled();
  for (let moving = world.moving(); moving.length > 0; moving = world.moving()) {
    for (const gate of moving) gate.pass('ok');
    await settled();
  }
}

/** The executions that have not ended. */
export function runningOf(cloud: MemoryCloud): ExecutionState[] {
  return [...cloud.executions.values()].filter(({ status }) => status === 'RUNNING');
}
