/** Time in which nothing goes wrong but what goes wrong already: brokers look whenever something is due. */
import { unitKey } from '../../src/aws/table/table.ts';
import type { Job } from '../../src/schemas/job.ts';
import { advance, type Fate, finish } from './executions.ts';
import { ENDS } from './promise.ts';
import { calm, OWNER_TOKEN, runningOf, type World } from './world.ts';

/** Rounds of one spell; a job that waits for its deadline of 6 h takes most. */
const MAX_ROUNDS = 700;
/** Executions that go on for hours are not followed look by look until they come near their deadline. */
const NEAR_MS = 12 * 60_000;
const FAR_MS = 600_000;
/** What fails by a defect of its own is due all the time. */
const PAUSE_MS = 30_000;
const LOOK_MS = 5_000;

/** How an execution ends in a spell: after so long, how, and whether somebody reports it. */
export interface Ending {
  readonly afterMs: number;
  readonly fate: Fate;
  readonly reported: boolean;
}

export interface SpellOptions {
  /** Whether it is over. */
  readonly over: () => boolean;
  /** The end of an execution that is seen to run; undefined: it goes on. */
  readonly endOf?: (arn: string) => Ending | undefined;
}

export const openJobs = (world: World): Job[] =>
  [...world.jobs.values()].filter(({ state }) => !ENDS.includes(state));

/** Runs the world until it is over. */
export async function spell(world: World, { over, endOf = () => undefined }: SpellOptions): Promise<void> {
  const ends = new Map<string, Ending & { at: number }>();
  await calm(world);
  for (let round = 0; round < MAX_ROUNDS && !over(); round++) {
    if (!world.moves(0) && !world.moves(1)) world.stopwatch.away();
    world.stopwatch.check(openJobs(world));
    for (const process of turnOf(world, round)) {
      world.act(process, (broker) => oneRound(broker));
      await calm(world);
    }
    for (const { arn } of runningOf(world.cloud)) {
      const end = ends.has(arn) ? undefined : endOf(arn);
      if (end) ends.set(arn, { ...end, at: world.now() + end.afterMs });
    }
    advance(
      world,
      stepMs(
        world,
        [...ends].map(([, { at }]) => at),
        ends,
      ),
    );
    for (const [arn, { at, fate, reported }] of ends) {
      if (at > world.now() || world.cloud.executions.get(arn)?.status !== 'RUNNING') continue;
      finish(world, arn, fate);
      if (reported) tell(world, arn);
    }
    await calm(world);
  }
  if (world.moves(0) || world.moves(1)) world.stopwatch.check(openJobs(world));
}

/** One process after the other finds what is due, unless each has its share of it. */
function turnOf(world: World, round: number): number[] {
  const awake = [round % 2, 1 - (round % 2)].filter((process) => world.moves(process));
  return world.options.shared ? awake : awake.slice(0, 1);
}

type Broker = ReturnType<World['broker']>;

/** What the loops of one process do. */
async function oneRound(broker: Broker): Promise<void> {
  await broker.shares?.tick();
  await broker.ticker.tick();
  await broker.lateRepair.tick();
  await broker.watch.tick();
  await broker.hooks?.deliverer.tick();
}

/** An older stack tells of the end. */
function tell(world: World, arn: string): void {
  const job = openJobs(world).find(({ executionArn }) => executionArn === arn);
  const process = world.moves(0) ? 0 : 1;
  if (job && world.moves(process))
    world.act(process, (broker) => broker.callbacks.ended(job.jobId, OWNER_TOKEN));
}

/** To the next thing that happens, and not to the next look at an execution that goes on for hours. */
function stepMs(world: World, scheduled: readonly number[], ends: ReadonlyMap<string, unknown>): number {
  const now = world.now();
  const dues = openJobs(world).map((job) => {
    const runsOn = job.state === 'running' && !ends.has(job.executionArn ?? '') && isRunning(world, job);
    const far = job.deadlineAt - now > NEAR_MS;
    if (runsOn && far) return Math.min(job.deadlineAt - NEAR_MS, now + FAR_MS);
    return world.moods.poisoned.has(job.jobId) || world.isAside(job.jobId)
      ? now + PAUSE_MS
      : (job.dueAt ?? now);
  });
  const { pk, sk } = unitKey(world.unitId);
  // Checks of the unit that are due are looked for every five seconds.
  const check = Number(String(world.table.raw(pk, sk)?.['gsi2sk'] ?? now + FAR_MS).split('#')[0]);
  dues.push(Math.max(check, now + LOOK_MS));
  const next = Math.min(now + FAR_MS, ...dues, ...scheduled.filter((at) => at > now));
  return Math.max(1_000, next - now);
}

function isRunning(world: World, { executionArn = '' }: Job): boolean {
  const { refusal, hidden } = world.moods;
  if (refusal !== undefined || hidden.has(executionArn)) return false;
  return world.cloud.executions.get(executionArn)?.status === 'RUNNING';
}
