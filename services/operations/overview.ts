/**
 * The operator's view: what is open and how late, who does what, what AWS is asked, what goes wrong, what waits. All of
 * it costs a bounded number of reads, whatever the table holds, and is looked at at most every few seconds.
 */
import { type ProcessFigures, processFigures, QUEUES } from '../../src/schemas/figures.ts';
import type { BudgetedOperation, Quotas } from '../../src/schemas/quotas.ts';
import type { Switch } from '../../src/schemas/switch.ts';
import type { SeenMember, Shares } from '../clockwork/shares.ts';
import type { AsideJob, AsideStore, Clock, JobStore } from '../ports.ts';
import type { SwitchStore } from '../units/kill-switch.ts';
import { countOpenJobs, type OpenJobs, secondsBetween } from './open-jobs.ts';
import type { QueueName, QueueStore } from './overview-ports.ts';

/** A look is good for so long. */
const KEPT_MS = 5_000;
const MAX_ASIDE = 50;
const MAX_WAITING = 1_000;
const HOUR_MS = 3_600_000;
const FIVE_MINUTES_MS = 5 * 60_000;
const DAY_MS = 24 * HOUR_MS;
const MAX_BUDGETS = 50;

export interface BrokerRow extends ProcessFigures {
  readonly brokerId: string;
  /** The process that answers. */
  readonly self: boolean;
  readonly alive: boolean;
  readonly startedAt: number;
  readonly seenAt: number;
  readonly release: string;
  readonly generation: number;
  /** Pieces of work. */
  readonly holds: string[];
}

export interface BudgetRow {
  readonly account: string;
  readonly region: string;
  readonly operation: BudgetedOperation;
  /** Calls of the bucket that are used by all processes together, of `limit`. */
  readonly used: number;
  readonly limit: number;
}

export interface ErrorRow {
  readonly kind: 'job' | 'request';
  readonly code: string;
  readonly last5Minutes: number;
  readonly lastHour: number;
  readonly lastDay: number;
}

export interface QueueRow {
  readonly queue: QueueName;
  readonly waiting: number;
  readonly more: boolean;
  /** How long the first is overdue. */
  readonly lagSeconds: number;
}

export interface OverviewData {
  readonly at: number;
  /** Of all units; undefined if nobody ever used it. */
  readonly killSwitch: Switch | undefined;
  readonly openJobs: OpenJobs;
  readonly setAside: { readonly jobs: AsideJob[]; readonly more: boolean };
  readonly brokers: BrokerRow[];
  /** Pieces of work that no living process holds. */
  readonly unheld: string[];
  readonly budgets: BudgetRow[];
  readonly errors: ErrorRow[];
  readonly queues: QueueRow[];
}

/** Looks, or says again what was seen a moment ago. Throws what the store throws. */
export type Overview = () => Promise<OverviewData>;

export interface OverviewDeps {
  queues: QueueStore;
  jobs: Pick<JobStore, 'get'>;
  aside: Pick<AsideStore, 'list'>;
  killSwitch: Pick<SwitchStore, 'get'>;
  shares: Pick<Shares, 'view'>;
  /** Of this process, fresher than what it has told the others. */
  own: () => ProcessFigures;
  quotas: Quotas;
  clock: Clock;
}

/** Creates the view of one broker process. */
export function createOverview(deps: OverviewDeps): Overview {
  const { queues, jobs, aside, killSwitch, shares, own, quotas, clock } = deps;
  let kept: { at: number; data: Promise<OverviewData> } | undefined;

  async function look(): Promise<OverviewData> {
    const { self, members, leases } = shares.view();
    const told = members.map((member) => (member.brokerId === self ? own() : toldBy(member)));
    const [openJobs, set, units, depths] = await Promise.all([
      countOpenJobs(
        { queues, jobs, clock },
        told.flatMap(({ late }) => late),
      ),
      aside.list(MAX_ASIDE),
      killSwitch.get(),
      Promise.all(QUEUES.map(async (queue) => ({ queue, ...(await queues.depth(queue, MAX_WAITING)) }))),
    ]);
    const at = clock();
    const holds = (brokerId: string): string[] =>
      leases.filter((lease) => lease.brokerId === brokerId).map(({ piece }) => piece);
    const brokers = members.map((member, i): BrokerRow => {
      const { brokerId, alive, startedAt, seenAt, release, generation } = member;
      const row = { brokerId, self: brokerId === self, alive, startedAt, seenAt, release, generation };
      return { ...told[i], ...row, holds: holds(brokerId) };
    });
    const living = new Set(brokers.filter(({ alive }) => alive).map(({ brokerId }) => brokerId));
    return {
      at,
      killSwitch: units,
      openJobs,
      setAside: { jobs: set, more: set.length === MAX_ASIDE },
      brokers: brokers.sort((a, b) => Number(b.alive) - Number(a.alive) || b.startedAt - a.startedAt),
      unheld: leases
        .filter(({ brokerId }) => brokerId === undefined || !living.has(brokerId))
        .map(({ piece }) => piece),
      budgets: budgetsOf(
        brokers.filter(({ alive }) => alive),
        quotas,
      ),
      errors: errorsOf(brokers, at),
      queues: depths.map(({ queue, waiting, more, oldestDueAt = at }) => ({
        queue,
        waiting,
        more,
        lagSeconds: secondsBetween(oldestDueAt, at),
      })),
    };
  }

  return async () => {
    if (kept && clock() - kept.at < KEPT_MS) return kept.data;
    const data = look();
    kept = { at: clock(), data };
    data.catch(() => {
      // Whoever waits for it is told; who comes next looks anew.
      kept = undefined;
    });
    return data;
  };
}

/** Another release may say other things of itself; what is not understood counts as nothing. */
function toldBy(member: SeenMember): ProcessFigures {
  const told = processFigures.safeParse(member.figures);
  return told.success ? told.data : processFigures.parse({});
}

function budgetsOf(living: readonly BrokerRow[], quotas: Quotas): BudgetRow[] {
  const sums = new Map<string, BudgetRow>();
  for (const [account, region, operation, calls] of living.flatMap(({ budgets }) => budgets)) {
    const key = [account, region, operation].join(' ');
    const used = (sums.get(key)?.used ?? 0) + calls;
    sums.set(key, { account, region, operation, used, limit: quotas[operation].bucket });
  }
  return [...sums.values()]
    .map((row) => ({ ...row, used: Math.min(row.limit, Math.round(row.used)) }))
    .sort((a, b) => b.used / b.limit - a.used / a.limit)
    .slice(0, MAX_BUDGETS);
}

/** Dead processes count too, as far as what they said last is recent enough. */
function errorsOf(brokers: readonly BrokerRow[], now: number): ErrorRow[] {
  const sums = new Map<string, { last5Minutes: number; lastHour: number; lastDay: number }>();
  for (const { errors, seenAt } of brokers) {
    const silentMs = now - seenAt;
    if (silentMs >= DAY_MS) continue;
    for (const [name, [minutes, hour, day]] of Object.entries(errors)) {
      const sum = sums.get(name) ?? { last5Minutes: 0, lastHour: 0, lastDay: 0 };
      sums.set(name, {
        last5Minutes: sum.last5Minutes + (silentMs < FIVE_MINUTES_MS ? minutes : 0),
        lastHour: sum.lastHour + (silentMs < HOUR_MS ? hour : 0),
        lastDay: sum.lastDay + day,
      });
    }
  }
  return [...sums]
    .map(([name, counts]) => {
      const [kind, code] = name.split(' ') as [ErrorRow['kind'], string];
      return { kind, code, ...counts };
    })
    .sort((a, b) => b.lastHour - a.lastHour || b.lastDay - a.lastDay || (a.code < b.code ? -1 : 1));
}
