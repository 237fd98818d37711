/** What moves jobs in the background, put together once for the broker and for tests. */
import type { Job } from '../../src/schemas/job.ts';
import { createLateRepair, type LateRepair } from '../jobs/late-repair.ts';
import type { Moves } from '../jobs/moves.ts';
import type { Observe } from '../jobs/observe.ts';
import type { AsideStore, Clock, Ids, JobStore, Log, Timers, UnitCloud } from '../ports.ts';
import type { UnitStore } from '../units/ports.ts';
import { createHeld } from './held.ts';
import { createPoison, type Poison } from './poison.ts';
import { createQuarantine, type Quarantine } from './quarantine.ts';
import type { Shares } from './shares.ts';
import { createSweep, type Sweep } from './sweep.ts';
import { createTicker, type Ticker } from './ticker.ts';

export interface ClockworkDeps {
  stores: { aside: AsideStore; units: UnitStore };
  /** The store of jobs, watched. */
  jobs: JobStore;
  cloud: UnitCloud;
  moves: Moves;
  start: (job: Job) => Promise<void>;
  observe: Observe;
  /** What this process does among others; default: it is alone, and does all. */
  shares?: Pick<Shares, 'mine' | 'say' | 'bury'> & { view(): Pick<ReturnType<Shares['view']>, 'members'> };
  clock: Clock;
  timers: Timers;
  ids: Ids;
  log: Log;
}

export interface Clockwork {
  ticker: Ticker;
  poison: Poison;
  quarantine: Quarantine;
  sweep: Sweep;
  lateRepair: LateRepair;
}

/** Shards of the index of open jobs: as many as `OPEN_SHARDS` of the table. */
const SHARDS = [0, 1, 2, 3, 4, 5, 6, 7];
const shardPiece = (shard: number): string => `open-jobs-${shard}`;

/** What the broker processes share among them: shards of open jobs, and what one process does for all. */
export const PIECES: readonly string[] = [
  ...SHARDS.map(shardPiece),
  'lost-jobs',
  'unit-checks',
  'webhooks',
  'figures',
];

const ALONE: NonNullable<ClockworkDeps['shares']> = {
  mine: () => true,
  view: () => ({ members: [] }),
  async say() {},
  async bury() {},
};

/** Creates all of it. */
export function createClockwork(deps: ClockworkDeps): Clockwork {
  const { stores, jobs, cloud, moves, start, observe, shares = ALONE, clock, timers, ids, log } = deps;
  const common = { jobs, units: stores.units, cloud, moves, clock, log };
  const held = createHeld(clock);
  const poison = createPoison({ ...common, aside: stores.aside, ids, pardon: (id) => quarantine.pardon(id) });
  const quarantine = createQuarantine({
    ...shares,
    ...poison,
    held,
    members: () => shares.view().members,
    clock,
    log,
  });
  const lateRepair = createLateRepair({
    ...common,
    ticker: { nudge: (jobId) => ticker.nudge(jobId) },
    mine: () => shares.mine('lost-jobs'),
  });
  const sweep = createSweep({ ...common, lookForLost: lateRepair.look });
  const shards = (): number[] => SHARDS.filter((shard) => shares.mine(shardPiece(shard)));
  const ticker = createTicker({
    ...common,
    start,
    observe,
    sweep,
    poison,
    quarantine,
    held,
    shards,
    timers,
    ids,
  });
  return { ticker, poison, quarantine, sweep, lateRepair };
}
