/** Plays one sequence: acts and calls in the order that was drawn, then quiet; and says what broke the promise. */

import { AppError } from '../../src/errors.ts';
import { fc } from '../helpers/fast-check.ts';
import { DEFECT } from './account.ts';
import { type Act, act, begin } from './acts.ts';
import { FATES } from './executions.ts';
import { type Ending as CallEnding, settled } from './gates.ts';
import { quiet } from './quiet.ts';
import { type Ending, spell } from './spell.ts';
import type { Promised } from './stopwatch.ts';
import { calm, createWorld, type Mutations, type World } from './world.ts';

/** Acts, and between them how many calls pass, which ones and how they end. */
export interface Sequence {
  /** Jobs that are there when it begins. */
  readonly jobs: number;
  readonly acts: readonly Act[];
  readonly choices: readonly number[];
  /** Of a hundred calls, how many go wrong. */
  readonly trouble: number;
  /** When the faults are over, executions end like this, one after the other. */
  readonly ends: readonly Ending[];
  /** Executions that nobody has ended go on until Step Functions ends them. */
  readonly endless: boolean;
  /** The processes share background work; else each does all of it. */
  readonly shared: boolean;
  /** The owner of the unit allows few jobs at once. */
  readonly capped: boolean;
  /** What a process that stands still does when the faults are over. */
  readonly wakes: 'first' | 'last' | 'never';
  /** Executions that the account has forgotten turn up again in the end. */
  readonly turnsUp: boolean;
}

export interface Outcome {
  /** What broke the promise, in words; empty if it was kept. */
  readonly broken: readonly string[];
  /** What happened, and how often. */
  readonly events: ReadonlyMap<string, number>;
  /** The longest time that each promise took, ms. */
  readonly longest: ReadonlyMap<Promised, number>;
}

const end: fc.Arbitrary<Ending> = fc.record({
  afterMs: fc.constantFrom(0, 1_000, 40_000, 45_000, 1_000_000),
  fate: fc.constantFrom('succeeds', 'succeeds', ...FATES),
  reported: fc.boolean(),
});

export const sequence: fc.Arbitrary<Sequence> = fc.record({
  jobs: fc.nat(3),
  acts: fc.array(act, { minLength: 1, maxLength: 30, size: 'max' }),
  choices: fc.array(fc.nat(9_999), { maxLength: 250, size: 'max' }),
  trouble: fc.constantFrom(0, 3, 8, 25),
  ends: fc.array(end, { minLength: 1, maxLength: 6 }),
  endless: fc.nat(9).map((n) => n === 9),
  shared: fc.nat(9).map((n) => n === 9),
  capped: fc.nat(2).map((n) => n === 2),
  wakes: fc.constantFrom('first', 'last', 'never'),
  turnsUp: fc.boolean(),
});

/** Calls that pass between two acts, at most; so many let most acts come to their end. */
const MOST_CALLS = 60;
const AT_ONCE = 3;

/** A job has few calls to AWS, fewer to its receivers, and many to the store: they meet as many faults. */
const OFTENER: Record<string, number> = { dynamodb: 1, aws: 3, webhook: 10 };

/** Plays it on a new world. */
export async function play(drawn: Sequence, mutations?: Mutations): Promise<Outcome> {
  const { acts, choices, trouble, shared, capped } = drawn;
  const world = await createWorld(2, mutations, { shared, jobsAtOnce: capped ? AT_ONCE : undefined });
  for (let i = 0; i < drawn.jobs; i++) begin(world, { do: 'submit', process: i % 2, key: i, body: 0 });
  await calm(world);
  const draws = choices.values();
  const draw = (): number => draws.next().value ?? 0;
  for (const wish of acts) {
    if (wish.do === 'spell') {
      await undisturbed(world, wish.ms);
      continue;
    }
    if (wish.do === 'stall' && wish.stalled) await inTheMidst(world, wish.process, wish.calls);
    begin(world, wish);
    await settled();
    const [kind, few] = [draw() % 3, draw() % 12];
    for (let calls = kind === 2 ? few : MOST_CALLS; calls > 0 && world.moving().length > 0; calls--) {
      await passOne(world, draw(), trouble);
    }
  }
  await quiet(world, drawn);
  noteEnds(world);
  const { witness, events, stopwatch } = world;
  return { broken: [...witness.broken, ...strangeSteps(world)], events, longest: stopwatch.longest };
}

/** A process comes so many calls far with what is due. */
async function inTheMidst(world: World, process: number, calls: number): Promise<void> {
  if (world.moves(process)) begin(world, { do: 'tick', process });
  await settled();
  for (let i = 0; i < calls; i++) {
    world
      .moving()
      .find((gate) => gate.process === process)
      ?.pass('ok');
    await settled();
  }
}

async function undisturbed(world: World, ms: number): Promise<void> {
  world.note('act spell');
  const until = world.now() + ms;
  await spell(world, { over: () => world.now() >= until });
}

/** One call of those under way goes on. */
async function passOne(world: World, choice: number, trouble: number): Promise<void> {
  const moving = world.moving();
  const gate = moving[choice % moving.length];
  const luck = 99 - Math.floor(choice / 100);
  if (luck >= OFTENER[gate.call.split(' ')[0]] * trouble) gate.pass('ok');
  else if (luck % 8 === 0) world.kill(gate.process, (index) => (index + (luck >> 3)) % 2 === 0);
  else {
    const ending = endingOf(luck, gate.call);
    world.note(`${gate.call.split(' ')[0]} ${ending}`);
    world.stopwatch.away();
    gate.pass(ending);
  }
  await settled();
}

function endingOf(luck: number, call: string): CallEnding {
  if (luck % 3 === 0 && call.startsWith('aws')) return 'throttled';
  return luck % 2 === 0 ? 'before' : 'after';
}

/** Which ends and ways were met, for the table of what happened. */
function noteEnds(world: World): void {
  for (const { state, attempt, failure, history, earlier } of world.jobs.values()) {
    world.note(`ended ${failure?.code ?? state}`);
    if (attempt > 0) world.note('more than one attempt');
    for (const each of earlier ?? []) world.note(`attempt ended ${each.failure?.code ?? each.state}`);
    for (const { note = '' } of history) {
      const [, known] =
        /(waits: \w+|had not started|report_contradicted|set aside|takes up|by itself, \w+)/.exec(note) ?? [];
      if (known) world.note(`history: ${known}`);
    }
  }
}

/** A step of the clockwork may meet a store that is away, and jobs that have a defect; nothing else. */
function strangeSteps(world: World): string[] {
  return (
    world.log.entries
      // A job that is lost is told at this level too; whether it may be is judged by promise.ts.
      .filter(({ level, fields }) => level === 'error' && 'err' in fields && !isKnown(fields['err']))
      .map(({ message, fields }) => `${message}: ${String(fields['err'])}`)
  );
}

function isKnown(error: unknown): boolean {
  if (error instanceof TypeError) return error.message === DEFECT;
  return error instanceof AppError && error.code === 'unavailable';
}
