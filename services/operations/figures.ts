/**
 * Writes the figures of the broker's work into the log, once a minute: each process those of its own last minute, and
 * the one that holds the piece `figures` those of all. Alarms are made of these lines.
 */
import {
  ALL_LINE,
  type AllFigures,
  type MinuteFigures,
  type MinuteLine,
  PROCESS_LINE,
} from '../../src/schemas/figures.ts';
import type { Clock, Log } from '../ports.ts';
import type { Overview, OverviewData } from './overview.ts';

const PERIOD_MS = 60_000;
/** CloudTrail tells of a call within 15 minutes, mostly 5. */
const TRAIL_MS = 15 * 60_000;

export interface Figures {
  /** Writes what is due; returns how many lines. Throws if the store cannot be read. */
  tick(): Promise<number>;
  /** Writes the figures of this process up to now; the last thing that it does. */
  flush(): void;
  idleMs(): number;
  onWake(wake: () => void): void;
}

export interface FiguresDeps {
  overview: Overview;
  /** Counts of this process since its start. */
  totals: () => MinuteFigures;
  /** Whether this process writes the figures of all. */
  mine: () => boolean;
  clock: Clock;
  log: Log;
}

/** Creates the writer of one broker process. */
export function createFigures({ overview, totals, mine, clock, log }: FiguresDeps): Figures {
  let before = totals();
  // The first minute of a process has little to tell, and its pieces of work are not shared out yet.
  let next = clock() + PERIOD_MS;

  /** AssumeRole calls that are yet to be told a second time. */
  let recent: { readonly at: number; readonly calls: number }[] = [];

  function write(until: number): void {
    const now = totals();
    const names = Object.keys(now) as (keyof MinuteFigures)[];
    const since = Object.fromEntries(names.map((name) => [name, now[name] - before[name]]));
    before = now;
    recent.push({ at: clock(), calls: since['assumeRoleCalls'] });
    const old = recent.filter(({ at }) => at <= until);
    recent = recent.filter(({ at }) => at > until);
    const assumeRoleCallsBefore = old.reduce((sum, { calls }) => sum + calls, 0);
    log.info({ figures: { ...since, assumeRoleCallsBefore } as MinuteLine }, PROCESS_LINE);
  }

  return {
    async tick() {
      if (clock() < next) return 0;
      next = clock() + PERIOD_MS;
      write(clock() - TRAIL_MS);
      if (!mine()) return 1;
      log.info({ figures: figuresOf(await overview()) }, ALL_LINE);
      return 2;
    },
    flush: () => write(clock()),
    idleMs: () => Math.max(0, next - clock()),
    // Nothing makes it urgent.
    onWake() {},
  };
}

/** What alarms look at. */
export function figuresOf({
  openJobs,
  setAside,
  brokers,
  unheld,
  budgets,
  queues,
}: OverviewData): AllFigures {
  const lagOf = (name: string): number => queues.find(({ queue }) => queue === name)?.lagSeconds ?? 0;
  return {
    openJobs: openJobs.open,
    oldestOpenSeconds: openJobs.longestAttemptSeconds,
    oldestWaitingSeconds: openJobs.longestWaitSeconds,
    sweepLagSeconds: openJobs.lagSeconds,
    jobsSetAside: setAside.jobs.length,
    budgetUsed: Math.max(0, ...budgets.map(({ used, limit }) => used / limit)),
    webhookLagSeconds: lagOf('webhooks'),
    mailLagSeconds: lagOf('mails'),
    brokers: brokers.filter(({ alive }) => alive).length,
    piecesUnheld: unheld.length,
  };
}
