/** What may happen in the world, as data that fast-check draws and shrinks, and how it is begun. */

import { jobToken } from '../../services/jobs/token.ts';
import type { Job } from '../../src/schemas/job.ts';
import { TOKEN_SECRET } from '../helpers/broker.ts';
import { fc } from '../helpers/fast-check.ts';
import { REFUSALS } from './account.ts';
import { advance, FATES, finish } from './executions.ts';
import { executionOf } from './truth.ts';
import { OWNER, OWNER_TOKEN, runningOf, type World } from './world.ts';

const SIX_HOURS = 6 * 3_600_000;

/** With which token a report comes; those of earlier attempts come late, older stacks know that of their owner only. */
const TOKENS = ['right', 'right', 'right', 'of the last', 'forged', 'of the owner'] as const;
/** How a report says that the run has ended. Whatever tells of an end may say it falsely, twice, late or never. */
const REPORTS = [undefined, undefined, 'succeeded', 'failed'] as const;
/** Who tells: the worker's callback, or an event of EventBridge. */
const TELLERS = ['callback', 'event'] as const;

const process = fc.nat(1);
const pick = fc.nat(3);
const token = fc.constantFrom(...TOKENS);
const often = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary });
const only = <T extends string>(name: T) => fc.constant(name);

/** The things that may happen; those that matter most are drawn most often. */
export const act = fc.oneof(
  often(8, fc.record({ do: only('submit'), process, key: fc.nat(2), body: fc.nat(5) })),
  often(16, fc.record({ do: only('tick'), process })),
  often(
    8,
    fc.record({
      do: only('advance'),
      ms: fc.constantFrom(200, 2_000, 16_000, 25_000, 70_000, 400_000, SIX_HOURS + 700_000),
    }),
  ),
  often(4, fc.record({ do: only('spell'), ms: fc.constantFrom(20_000, 150_000, 600_000) })),
  often(8, fc.record({ do: only('finish'), pick, fate: fc.constantFrom(...FATES) })),
  often(8, fc.record({ do: only('progress'), process, pick, token })),
  often(
    8,
    fc.record({
      do: only('ended'),
      process,
      pick,
      token,
      reported: fc.constantFrom(...REPORTS),
      by: fc.constantFrom(...TELLERS),
    }),
  ),
  often(5, fc.record({ do: only('cancel'), process, pick })),
  often(5, fc.record({ do: only('retry'), process, pick, exact: fc.boolean() })),
  often(2, fc.record({ do: only('delete'), process, pick })),
  often(2, fc.record({ do: only('repair'), process })),
  often(2, fc.record({ do: only('checks'), process })),
  often(6, fc.record({ do: only('deliver'), process })),
  often(3, fc.record({ do: only('refuse'), how: fc.constantFrom(undefined, ...REFUSALS) })),
  often(2, fc.record({ do: only('move') })),
  often(2, fc.record({ do: only('lag'), lags: fc.boolean() })),
  often(2, fc.record({ do: only('vanish'), pick, gone: fc.boolean() })),
  often(2, fc.record({ do: only('poison'), pick, poisoned: fc.boolean() })),
  often(1, fc.record({ do: only('release'), process })),
  often(2, fc.record({ do: only('receiver'), up: fc.boolean() })),
  often(3, fc.record({ do: only('stall'), process, stalled: fc.boolean(), calls: fc.nat(9) })),
  often(4, fc.record({ do: only('kill'), process, effects: fc.nat(255) })),
);
export type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

/** Begins what an act says; what it sets off goes on at the gates. A spell takes its time: that of spell.ts. */
export function begin(world: World, wish: Exclude<Act, { do: 'spell' }>): void {
  world.note(`act ${nameOf(wish)}`);
  if (wish.do === 'submit') submit(world, wish);
  else if (wish.do === 'advance') {
    advance(world, wish.ms);
    world.stopwatch.away();
  } else if (wish.do === 'kill')
    world.kill(wish.process, (index) => ((wish.effects >> (index % 8)) & 1) === 1);
  else if (wish.do === 'stall') world.stall(wish.process, wish.stalled);
  else if (wish.do === 'finish') {
    const open = runningOf(world.cloud);
    if (open.length > 0) finish(world, open[wish.pick % open.length].arn, wish.fate);
  } else if ('pick' in wish) onJob(world, wish);
  else if ('process' in wish) onBroker(world, wish);
  else turn(world, wish);
}

/** For the table of what happened. */
function nameOf(wish: Act): string {
  switch (wish.do) {
    case 'refuse':
      return wish.how === undefined ? 'works again' : `refuse ${wish.how}`;
    case 'ended':
      return `ended, by ${wish.by}, token ${wish.token}`;
    case 'vanish':
      return wish.gone ? 'vanish' : 'turn up';
    case 'poison':
      return wish.poisoned ? 'poison' : 'mend';
    case 'receiver':
      return wish.up ? 'receiver up' : 'receiver down';
    case 'stall':
      return wish.stalled ? 'stall' : 'wake';
    default:
      return wish.do;
  }
}

type ActOf<K extends Act['do']> = Extract<Act, { do: K }>;

/** The world around the brokers is another one from now on. */
function turn(world: World, wish: ActOf<'refuse' | 'move' | 'lag' | 'receiver'>): void {
  if (wish.do === 'refuse') world.refuse(wish.how);
  else if (wish.do === 'move') world.move();
  else if (wish.do === 'lag') world.lag(wish.lags);
  else world.receiver.turn(wish.up);
}

/** Who asks a process that stands still is sent to the other one. */
function awake(world: World, process: number): number {
  return world.moves(process) ? process : 1 - process;
}

function onBroker(world: World, wish: ActOf<'tick' | 'repair' | 'checks' | 'deliver' | 'release'>): void {
  world.act(awake(world, wish.process), async (broker) => {
    if (wish.do === 'repair') await broker.lateRepair.tick();
    else if (wish.do === 'checks') await broker.watch.tick();
    else if (wish.do === 'deliver') await broker.hooks?.deliverer.tick();
    else if (wish.do === 'release')
      for (const { jobId } of await broker.poison.list(50)) await broker.poison.release(jobId);
    else {
      await broker.shares?.tick();
      await broker.ticker.tick();
    }
  });
}

function submit(world: World, wish: ActOf<'submit'>): void {
  // Most submits carry a key; of those, few are for something else than the first under that key.
  const key = wish.body === 5 ? undefined : `key-${wish.key}`;
  const alias = wish.body === 4 ? 'something else' : 'a brain';
  world.act(awake(world, wish.process), async (broker) => {
    const { job } = await broker.submit.submit(OWNER, submission(world.unitId, alias), key);
    world.witness.accepted(key, job);
  });
}

function submission(unitId: string, alias: string) {
  const file = { type: 's3', bucket: 'researcher-data', key: `mroptimum/${OWNER.userId}/uploads/x.h5` };
  return {
    appId: 'mroptimum',
    alias,
    unitId,
    output: { coilsensitivity: false, gfactor: false, matlab: false },
    task: {
      version: 'v0',
      name: 'ac',
      options: { reconstructor: { name: 'rss', options: { signal: { type: 'file', options: file } } } },
    },
  };
}

type OnJob = ActOf<'cancel' | 'retry' | 'delete' | 'ended' | 'progress' | 'vanish' | 'poison'>;

function onJob(world: World, wish: OnJob): void {
  const all = [...world.jobs.values()];
  if (all.length === 0) return;
  const job = all[wish.pick % all.length];
  if (wish.do === 'poison') world.poison(job.jobId, wish.poisoned);
  else if (wish.do === 'vanish') {
    // One that may begin once more must be known: AWS keeps the names of executions.
    if (job.executionArn) world.hide(job.executionArn, wish.gone);
  } else if (wish.do === 'ended' || wish.do === 'progress') {
    // Only a worker knows the token of its attempt.
    if (wish.token === 'right' && !executionOf(world.cloud, job)) return;
    world.act(awake(world, wish.process), (broker) => report(broker, job, wish));
  } else {
    if (wish.do === 'delete') world.facts.deleting.add(job.jobId);
    // Whoever sees an end and wants another attempt comes later than it.
    if (wish.do === 'retry') world.advance(1);
    world.act(awake(world, wish.process), async (broker) => {
      if (wish.do === 'cancel') await broker.users.cancel(OWNER, job.jobId);
      else if (wish.do === 'retry')
        await broker.retry(OWNER, job.jobId, wish.exact ? job.version : undefined);
      else world.note((await broker.endedJobs.remove(OWNER, job.jobId)) ? 'deleted' : 'was deleted before');
    });
  }
}

type Broker = ReturnType<World['broker']>;

async function report(broker: Broker, job: Job, wish: ActOf<'ended' | 'progress'>): Promise<void> {
  const { jobId, attempt, adoptedAttempt } = job;
  if (wish.do === 'ended') await broker.callbacks.ended(jobId, tokenOf(job, wish.token), wish.reported);
  else {
    await broker.callbacks.progress(jobId, tokenOf(job, wish.token), {
      attempt: adoptedAttempt ?? attempt,
      step: 'read',
      fraction: 0.5,
      message: 'works',
      platform: 'lambda',
    });
  }
}

function tokenOf({ jobId, attempt, adoptedAttempt }: Job, whose: (typeof TOKENS)[number]): string {
  if (whose === 'forged') return 'forged';
  if (whose === 'of the owner') return OWNER_TOKEN;
  const own = adoptedAttempt ?? attempt;
  return jobToken(TOKEN_SECRET, jobId, whose === 'of the last' ? own - 1 : own);
}
