/** What this process knows of its own work. */
import type { Budgets } from '../services/clockwork/budgets.ts';
import type { Poison } from '../services/clockwork/poison.ts';
import type { Sweep } from '../services/clockwork/sweep.ts';
import type { Ticker } from '../services/clockwork/ticker.ts';
import type { ErrorWindow } from '../services/operations/error-window.ts';
import type { CallCounts } from './aws/call-counts.ts';
import type { MinuteFigures, ProcessFigures } from './schemas/figures.ts';

/** Budgets told to the others: the most used, if they are used at all. */
const MAX_BUDGETS = 10;

/** What it tells the others. */
export function ownFigures(parts: {
  ticker: Pick<Ticker, 'stats' | 'late'>;
  sweep: Pick<Sweep, 'stats'>;
  poison: Pick<Poison, 'count'>;
  budgets: Pick<Budgets, 'view' | 'refused'>;
  errors: Pick<ErrorWindow, 'counts'>;
}): ProcessFigures {
  const { ticker, sweep, poison, budgets, errors } = parts;
  const used = budgets.view().filter(({ calls }) => calls >= 1);
  return {
    ...ticker.stats(),
    ...sweep.stats(),
    late: ticker.late(),
    setAside: poison.count(),
    refused: budgets.refused(),
    budgets: used
      .slice(0, MAX_BUDGETS)
      .map(({ account, region, operation, calls }) => [account, region, operation, calls]),
    errors: errors.counts(),
  };
}

/** Counts since the start that are not about requests and jobs. */
export function workTotals(parts: {
  ticker: Pick<Ticker, 'stats'>;
  budgets: Pick<Budgets, 'refused'>;
  counts: Pick<CallCounts, 'list'>;
}): Pick<MinuteFigures, 'failedSteps' | 'budgetRefusals' | 'assumeRoleCalls'> {
  const assumed = parts.counts.list().find(({ operation }) => operation === 'AssumeRole');
  return {
    failedSteps: parts.ticker.stats().failedSteps,
    budgetRefusals: parts.budgets.refused(),
    assumeRoleCalls: assumed?.calls ?? 0,
  };
}
