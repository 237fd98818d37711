/** Plays one sequence: acts and calls in the order that was drawn, then quiet; and says what broke the promise. */

import { AppError } from '../../src/errors.ts';
import type { Job } from '../../src/schemas/job.ts';
import { fc } from '../helpers/fast-check.ts';
import { type Act, act, advance, begin, finish } from './acts.ts';
import { type Ending, settled } from './gates.ts';
import { ENDS } from './promise.ts';
import { calm, createWorld, type Mutations, runningOf, type World } from './world.ts';

/** When nothing runs any more and nothing goes wrong, every job has ended after this. */
const D_SETTLE_MS = 6 * 60_000;
/** Rounds of quiet; a job that waits for its deadline of 6 h takes most. */
const MAX_ROUNDS = 400;

/** Acts, and between them how many calls pass, which ones and how they end. */
export interface Sequence {
  /** Jobs that are there when it begins. */
  readonly jobs: number;
  readonly acts: readonly Act[];
  readonly choices: readonly number[];
  /** Of a hundred calls, how many go wrong. */
  readonly trouble: number;
  /** Executions that nobody has ended go on until Step Functions ends them. */
  readonly endless: boolean;
}

export interface Outcome {
  /** What broke the promise, in words; empty if it was kept. */
  readonly broken: readonly string[];
  /** What happened, and how often. */
  readonly events: ReadonlyMap<string, number>;
}

export const sequence: fc.Arbitrary<Sequence> = fc.record({
  jobs: fc.nat(3),
  acts: fc.array(act, { minLength: 1, maxLength: 30, size: 'max' }),
  choices: fc.array(fc.nat(9_999), { maxLength: 250, size: 'max' }),
  trouble: fc.constantFrom(0, 3, 8, 25),
  endless: fc.nat(9).map((n) => n === 9),
});

/** Calls that pass between two acts, at most; so many let most acts come to their end. */
const MOST_CALLS = 60;

/** Plays it on a new world. */
export async function play(drawn: Sequence, mutations?: Mutations): Promise<Outcome> {
  const { acts, choices, endless, trouble } = drawn;
  const world = await createWorld(2, mutations);
  for (let i = 0; i < drawn.jobs; i++) begin(world, { do: 'submit', process: i % 2, key: i, body: 0 });
  await calm(world);
  const draws = choices.values();
  const draw = (): number => draws.next().value ?? 0;
  for (const wish of acts) {
    begin(world, wish);
    await settled();
    const [kind, few] = [draw() % 3, draw() % 12];
    for (let calls = kind === 2 ? few : MOST_CALLS; calls > 0 && world.gates.waiting.length > 0; calls--) {
      await passOne(world, draw(), trouble);
    }
  }
  await quiet(world, endless);
  for (const { state, attempt, failure } of world.jobs.values()) {
    world.note(`ended ${failure?.code ?? state}`);
    if (attempt > 0) world.note('more than one attempt');
  }
  return {
    broken: [...world.witness.broken, ...strangeSteps(world)],
    events: world.events,
  };
}

/** One call of those under way goes on. */
async function passOne(world: World, choice: number, trouble: number): Promise<void> {
  const gate = world.gates.waiting[choice % world.gates.waiting.length];
  const luck = 99 - Math.floor(choice / 100);
  // A job has few calls to AWS and many to the store: they meet as many faults.
  if (luck >= (gate.call.startsWith('aws') ? 3 * trouble : trouble)) gate.pass('ok');
  else if (luck % 8 === 0) world.kill(gate.process, (index) => (index + (luck >> 3)) % 2 === 0);
  else {
    const ending = endingOf(luck, gate.call);
    world.note(`${gate.call.split(' ')[0]} ${ending}`);
    gate.pass(ending);
  }
  await settled();
}

function endingOf(luck: number, call: string): Ending {
  if (luck % 3 === 0 && call.startsWith('aws')) return 'throttled';
  return luck % 2 === 0 ? 'before' : 'after';
}

/** The faults are over: both brokers go on until every job has ended, and not longer than was promised. */
async function quiet(world: World, endless: boolean): Promise<void> {
  world.lag(false);
  world.pause(false);
  await calm(world);
  if (!endless) for (const { arn } of runningOf(world.cloud)) finish(world, arn, 'succeeds');
  let calmSince = world.now();
  for (let round = 0; round < MAX_ROUNDS && open(world).length > 0; round++) {
    world.act(round % 2, (broker) => broker.ticker.tick());
    await calm(world);
    const busy = runningOf(world.cloud).length > 0;
    if (!endless) for (const { arn } of runningOf(world.cloud)) finish(world, arn, 'succeeds');
    advance(world, stepMs(world, endless));
    if (busy) calmSince = world.now();
  }
  const last = Math.max(0, ...[...world.jobs.values()].map(({ updatedAt }) => updatedAt));
  const late = last - calmSince - D_SETTLE_MS;
  if (late > 0) world.witness.broken.push(`the last job ended ${late} ms later than promised`);
  world.witness.atTheEnd(world.jobs);
  for (const job of world.jobs.values()) world.compare(job);
}

const open = (world: World): Job[] => [...world.jobs.values()].filter(({ state }) => !ENDS.includes(state));

/** To the next due time; in ten-minute steps while executions go on endlessly. */
function stepMs(world: World, endless: boolean): number {
  if (open(world).length === 0) return 0;
  if (endless && runningOf(world.cloud).length > 0) return 600_000;
  const due = Math.min(...open(world).map(({ dueAt }) => dueAt ?? world.now() + 1_000));
  return Math.max(1_000, due - world.now());
}

/** A step of the clockwork may meet a store that is away, and nothing else. */
function strangeSteps(world: World): string[] {
  return world.log.entries
    .filter(({ level, fields }) => level === 'error' && !isAway(fields['err']))
    .map(({ message, fields }) => `${message}: ${String(fields['err'])}`);
}

function isAway(error: unknown): boolean {
  return error instanceof AppError && error.code === 'unavailable';
}
