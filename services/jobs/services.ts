/** Everything that a person does with jobs and files, put together once for the broker and for tests. */
import type { Limits } from '../../src/schemas/limits.ts';
import type { Prices } from '../../src/schemas/prices.ts';
import type { Ticker } from '../clockwork/ticker.ts';
import { createLookForArrivals } from '../files/arrivals.ts';
import { createChangeRecord } from '../files/change-record.ts';
import { createFiles, type Files } from '../files/files.ts';
import { createLinks, type Links } from '../files/links.ts';
import { createUploads, type Uploads } from '../files/uploads.ts';
import { createSpendToday, type HoldingStore } from '../limits/allowances.ts';
import { type Costs, createCosts } from '../limits/costs.ts';
import { type Counts, createCounts } from '../limits/counts.ts';
import { createEstimate } from '../limits/estimate.ts';
import { createLimits, type LimitsService } from '../limits/limits.ts';
import type { RunEstimator } from '../limits/run-estimator.ts';
import type {
  Clock,
  DataStore,
  DraftStore,
  Ids,
  JobStore,
  Log,
  RoiStore,
  Timers,
  UnitCloud,
  UsageStore,
  UserStore,
} from '../ports.ts';
import type { UnitStore } from '../units/ports.ts';
import type { Units } from '../units/units.ts';
import { createUsableUnit } from '../units/usable-units.ts';
import { type Callbacks, type CallbacksDeps, createCallbacks } from './callbacks.ts';
import { createDrafts, type Drafts } from './drafts.ts';
import { createEndedJobs, type EndedJobs } from './ended-jobs.ts';
import { createJobs, type Jobs } from './jobs.ts';
import type { Moves } from './moves.ts';
import { createPlanJob } from './plan.ts';
import { createJobReports, type JobReports } from './reports.ts';
import { createResults, type Results } from './results.ts';
import { createRetry, type Retry } from './retry.ts';
import { createRois, type Rois } from './rois.ts';
import { createSubmit, type Submit } from './submit.ts';

export interface JobServicesDeps {
  stores: {
    units: UnitStore;
    users: Pick<UserStore, 'get'>;
    data: DataStore;
    usage: UsageStore;
    drafts: DraftStore;
    holdings: HoldingStore;
    rois: RoiStore;
  };
  /** The store of jobs, watched. */
  jobs: JobStore;
  units: Units;
  cloud: UnitCloud;
  moves: Moves;
  observe: CallbacksDeps['observe'];
  lookForLost: CallbacksDeps['lookForLost'];
  authenticate: CallbacksDeps['authenticate'];
  audit: CallbacksDeps['audit'];
  ticker: Pick<Ticker, 'nudge'>;
  estimateRun: RunEstimator;
  prices: Prices;
  fairUse: Limits;
  timers: Pick<Timers, 'after'>;
  clock: Clock;
  ids: Ids;
  log: Log;
  tokenSecret: string;
}

export interface JobServices {
  submit: Submit;
  jobs: Jobs;
  reports: JobReports;
  retry: Retry;
  endedJobs: EndedJobs;
  results: Results;
  rois: Rois;
  callbacks: Callbacks;
  files: Files;
  uploads: Uploads;
  links: Links;
  drafts: Drafts;
  caps: LimitsService;
  counts: Counts;
  costs: Costs;
}

/** Creates the services. */
export function createJobServices(deps: JobServicesDeps): JobServices {
  const { stores, jobs, units, cloud, moves, ticker, clock, ids, log, tokenSecret } = deps;
  const { data } = stores;
  const caps = createLimits({ usage: stores.usage, jobs, clock, fairUse: deps.fairUse });
  const drafts = createDrafts({
    drafts: stores.drafts,
    spendToday: createSpendToday({ holdings: stores.holdings, clock }),
    clock,
    ids,
  });
  const planJob = createPlanJob({ units, data, cloud, estimate: createEstimate(deps) });
  const usableUnit = createUsableUnit(stores);
  const common = { jobs, units: stores.units, usableUnit, cloud, moves, ticker, clock };
  const change = createChangeRecord({ data, clock });
  const lookForArrivals = createLookForArrivals({ ...common, change, timers: deps.timers, log });
  const files = { data, units, unitStore: stores.units, usableUnit, cloud, change, clock, ids };
  const uploads = createUploads(files);
  const people = createJobs(common);
  return {
    caps,
    counts: createCounts({ jobs, usage: stores.usage, clock, fairUse: deps.fairUse }),
    costs: createCosts({ jobs, prices: deps.prices, clock }),
    drafts,
    submit: createSubmit({ ...common, planJob, drafts, limits: caps, ids, tokenSecret }),
    jobs: people,
    reports: createJobReports({ ...common, jobs: people, prices: deps.prices }),
    retry: createRetry({ ...common, limits: caps, log, tokenSecret }),
    endedJobs: createEndedJobs({ ...common, rois: stores.rois, log }),
    results: createResults({ ...common, jobs: people }),
    rois: createRois({ ...common, rois: stores.rois, jobs: people, ids, log }),
    callbacks: createCallbacks({ ...deps, ...common }),
    uploads,
    files: createFiles({ ...files, uploads, lookForArrivals }),
    links: createLinks({ ...common, log }),
  };
}
