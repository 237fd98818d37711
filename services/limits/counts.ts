/** How many jobs a person has run in this month. */
import type { Limits } from '../../src/schemas/limits.ts';
import type { Mode } from '../../src/schemas/unit.ts';
import type { Clock, JobStore, UsageStore } from '../ports.ts';
import type { Principal } from '../principal.ts';
import { monthOf } from './limits.ts';

/** Pages of a person's own list that are looked through; who has more jobs in a month is shown that many. */
const MAX_PAGES = 10;
const PAGE = 200;

export interface Count {
  readonly count: number;
  readonly limit: number | null;
  readonly mode: Mode;
  /** As 2026-11, in UTC. */
  readonly month: string;
}

export interface Counts {
  thisMonth(who: Principal, appId: string, mode: Mode): Promise<Count>;
}

/** Creates the service. */
export function createCounts(deps: {
  jobs: Pick<JobStore, 'listByOwner'>;
  usage: Pick<UsageStore, 'get'>;
  clock: Clock;
  fairUse: Limits;
}): Counts {
  const { jobs, usage, clock, fairUse } = deps;

  /** Mode 2 is not counted when a job is submitted, unless its owner set caps: the list itself is counted. */
  async function listed(who: Principal, appId: string, mode: Mode, month: string): Promise<number> {
    let count = 0;
    let cursor: string | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const found = await jobs.listByOwner(who.userId, { limit: PAGE, cursor });
      const recent = found.items.filter((job) => monthOf(job.createdAt) === month);
      count += recent.filter((job) => job.mode === mode && job.appId === appId).length;
      cursor = found.cursor;
      if (cursor === undefined || recent.length < found.items.length) break;
    }
    return count;
  }

  return {
    async thisMonth(who, appId, mode) {
      const month = monthOf(clock());
      if (mode === 'mode_2')
        return { count: await listed(who, appId, mode, month), limit: null, mode, month };
      const used = await usage.get(`user:${who.userId}`);
      const count = used?.month === month ? used.jobs : 0;
      return { count, limit: fairUse.jobsPerMonth ?? null, mode, month };
    },
  };
}
