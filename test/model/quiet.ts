/** The faults are over: the brokers go on until nothing is left to do. Then nothing may be left. */
import { REPAIR_MS } from '../../services/clockwork/deadlines.ts';
import { earlierRuns } from '../../services/jobs/earlier-runs.ts';
import { jobOfExecution } from '../../services/jobs/naming.ts';
import type { Job } from '../../src/schemas/job.ts';
import { begin } from './acts.ts';
import { advance } from './executions.ts';
import { leaks } from './leaks.ts';
import type { Sequence } from './play.ts';
import { ENDS } from './promise.ts';
import { openJobs, spell } from './spell.ts';
import { executionOf } from './truth.ts';
import { calm, OWNER, runningOf, type World } from './world.ts';

/** Rounds of looking for lost jobs: after a minute, after minutes, after hours. */
const MOST_LOOKS = 40;
/** The owner of a stack finds out what nobody waits for after this. */
const VISIT_MS = 15 * 60_000;

/** Lets a world come to its end, and says to the witness what is wrong with it. */
export async function quiet(world: World, drawn: Sequence): Promise<void> {
  await faultsEnd(world, drawn);
  await settle(world, drawn);
  for (const process of [0, 1]) world.stall(process, false);
  await settle(world, drawn);
  await lostTurnUp(world, drawn);
  await strangersAreStopped(world);
  await quotaIsFree(world);
  world.witness.atTheEnd();
  for (const job of world.jobs.values()) world.compare(job);
  world.witness.broken.push(...(await leaks(world)));
}

async function faultsEnd(world: World, { wakes, turnsUp }: Sequence): Promise<void> {
  world.refuse(undefined);
  world.receiver.turn(true);
  for (const process of [0, 1]) {
    if (world.moves(process)) continue;
    if (wakes === 'never') world.kill(process, (index) => index % 2 === 0);
    else if (wakes === 'first' || process === 0) world.stall(process, false);
  }
  await calm(world);
  for (const jobId of world.moods.poisoned) world.poison(jobId, false);
  if (turnsUp) for (const arn of world.moods.hidden) world.hide(arn, false);
  begin(world, { do: 'release', process: 0 });
  await calm(world);
  world.stopwatch.away();
}

/** Until every job has ended. */
async function settle(world: World, { ends, endless }: Sequence): Promise<void> {
  let ended = 0;
  const endOf = () => ends[ended++ % ends.length];
  await calm(world);
  await spell(world, { over: () => openJobs(world).length === 0, endOf: endless ? undefined : endOf });
}

/** Lost jobs whose executions can be seen are taken up, and come to their end; what earlier attempts left is stopped. */
async function lostTurnUp(world: World, drawn: Sequence): Promise<void> {
  for (let looks = 0; looks < MOST_LOOKS; looks++) {
    const due = [...world.jobs.values()].filter((job) => turnsUp(world, job) || leftRuns(world, job));
    if (due.length === 0) return;
    const next = Math.min(...due.map(({ lookAgainAt = 0 }) => lookAgainAt));
    world.advance(Math.max(31_000, next - world.now()));
    world.stopwatch.away();
    world.act(looks % 2, async (broker) => {
      await broker.shares?.tick();
      await broker.lateRepair.tick();
    });
    await calm(world);
    await settle(world, drawn);
  }
  world.witness.broken.push('a lost execution has turned up, and nobody takes it up');
}

function turnsUp(world: World, job: Job): boolean {
  const arn = job.state === 'lost' && job.lookAgainAt !== undefined && executionOf(world.cloud, job)?.arn;
  if (!arn || world.moods.hidden.has(arn)) return false;
  return world.now() - (job.finishedAt ?? 0) < REPAIR_MS;
}

/** Whether the broker has said that it looks for earlier attempts of a job once more, and may find some. */
function leftRuns(world: World, job: Job): boolean {
  if (job.lookAgainAt === undefined) return false;
  if (job.state !== 'lost') return true;
  const visible = runningOf(world.cloud).filter(({ arn }) => !world.moods.hidden.has(arn));
  return earlierRuns(job, world.now()).some(({ executionArn }) =>
    visible.some(({ arn }) => arn === executionArn),
  );
}

/** What runs for no job is found by a visit. */
async function strangersAreStopped(world: World): Promise<void> {
  if (runningOf(world.cloud).length === 0) return;
  world.note('an execution that nobody waits for');
  advance(world, VISIT_MS);
  for (const process of [0, 1]) {
    world.act(process, async (broker) => broker.sweep.visit(await unitOf(world, process)));
    await calm(world);
  }
  for (const { arn } of runningOf(world.cloud)) {
    if (!world.moods.hidden.has(arn) && !wasDeletedUnseen(world, arn))
      world.witness.broken.push(`${arn}: runs, and nobody waits for it`);
  }
}

/**
 * True for the run of a deleted job that turned up after its account had said for long that there is none. The broker
 * names it in its log, and stops nothing that it knows nothing of: it may be that of another broker.
 */
function wasDeletedUnseen({ facts, jobs }: World, arn: string): boolean {
  const jobId = jobOfExecution(arn.slice(arn.lastIndexOf(':') + 1));
  return facts.everHidden.has(arn) && jobId !== undefined && !jobs.has(jobId);
}

const unitOf = async (world: World, process: number) => world.broker(process).units.get(OWNER, world.unitId);

/** What has ended counts under no cap any more. */
async function quotaIsFree(world: World): Promise<void> {
  if (world.options.jobsAtOnce === undefined) return;
  const before = world.events.get('refused limit_reached') ?? 0;
  for (let i = 0; i < world.options.jobsAtOnce; i++) {
    begin(world, { do: 'submit', process: i % 2, key: 0, body: 5 });
    await calm(world);
  }
  if ((world.events.get('refused limit_reached') ?? 0) > before)
    world.witness.broken.push('nothing runs, and the cap of jobs at once is reached');
  const fresh = [...world.jobs.values()].filter(({ state }) => !ENDS.includes(state));
  for (const { jobId } of fresh) world.act(0, (broker) => broker.users.cancel(OWNER, jobId));
  await calm(world);
}
