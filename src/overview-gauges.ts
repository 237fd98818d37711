/** The operator's view as figures for Prometheus. Labels name no account and no process: accounts are people's. */
import { Gauge, type Registry } from 'prom-client';
import { figuresOf } from '../services/operations/figures.ts';
import type { OverviewData } from '../services/operations/overview.ts';
import { AGE_LIMITS } from './schemas/figures.ts';

/** Adds the gauges to a registry. What it returns sets them; without data none of them is there. */
export function overviewGauges(registry: Registry): (data: OverviewData | undefined) => void {
  const gauge = <T extends string>(name: string, help: string, labelNames: T[] = []): Gauge<T> =>
    new Gauge({ name: `cloudmr_${name}`, help, labelNames, registers: [registry] });
  const open = gauge('open_jobs', 'Open jobs of all processes by state and age, of the oldest 200', [
    'state',
    'age',
  ]);
  const oldest = gauge('open_jobs_oldest_seconds', 'Age of the oldest open job by state', ['state']);
  const waiting = gauge('queue_waiting', 'What waits in the table for its time', ['queue']);
  const late = gauge('queue_lag_seconds', 'How long the first of a queue is overdue', ['queue']);
  const budget = gauge('aws_budget_used_ratio', 'Calls to AWS: the most used budget of any account, of 1', [
    'operation',
  ]);
  const codes = gauge('errors_last_hour', 'Failures of jobs and refused requests of all processes', [
    'kind',
    'code',
  ]);
  const plain = {
    sweepLagSeconds: gauge('sweep_lag_seconds', 'How long the most overdue job waits for its next step'),
    jobsSetAside: gauge('jobs_set_aside', 'Jobs that are set aside because their steps fail, up to 50'),
    brokers: gauge('brokers', 'Broker processes that live'),
    piecesUnheld: gauge('pieces_unheld', 'Pieces of background work that no living process holds'),
  };

  return (data) => {
    for (const each of [open, oldest, waiting, late, budget, codes]) each.reset();
    // A figure that is not known is no zero.
    if (!data) {
      for (const each of Object.values(plain)) each.remove();
      return;
    }
    for (const { state, oldestSeconds, byAge } of data.openJobs.byState) {
      oldest.set({ state }, oldestSeconds);
      for (const [index, jobs] of byAge.entries()) open.set({ state, age: ageName(index) }, jobs);
    }
    for (const { queue, waiting: many, lagSeconds } of data.queues) {
      waiting.set({ queue }, many);
      late.set({ queue }, lagSeconds);
    }
    const most = new Map<string, number>();
    for (const { operation, used, limit } of data.budgets) {
      most.set(operation, Math.max(most.get(operation) ?? 0, used / limit));
    }
    for (const [operation, used] of most) budget.set({ operation }, used);
    for (const { kind, code, lastHour } of data.errors) codes.set({ kind, code }, lastHour);
    const figures = figuresOf(data);
    for (const name of Object.keys(plain) as (keyof typeof plain)[]) plain[name].set(figures[name]);
  };
}

/** `<60s`, ..., `more`. */
function ageName(index: number): string {
  return index < AGE_LIMITS.length ? `<${AGE_LIMITS[index]}s` : 'more';
}
