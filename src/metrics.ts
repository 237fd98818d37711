/**
 * Figures of this broker process for Prometheus. Labels are patterns of routes, names of AWS operations, states
 * and codes: all from lists that do not grow with use, and none of them names a person, a job or a unit.
 */
import { Counter, collectDefaultMetrics, Gauge, prometheusContentType, Registry } from 'prom-client';
import { isTerminal, moveOf } from '../services/jobs/lifecycle.ts';
import type { ErrorWindow } from '../services/operations/error-window.ts';
import type { Overview } from '../services/operations/overview.ts';
import { overviewGauges } from './overview-gauges.ts';
import { type AnsweredRequest, createRequestDurations } from './request-durations.ts';
import { FAILURES } from './schemas/failures.ts';
import type { Job } from './schemas/job.ts';

/** Counts since the start of the process. */
export interface MetricTotals {
  readonly requests: number;
  readonly serverErrors: number;
  readonly jobsEnded: number;
  /** Jobs of which nobody knows how they ended: the promise is that there are none. */
  readonly jobsLost: number;
  /** Failures, and lost jobs, that whoever runs the broker has to look at. */
  readonly jobsFailedByUs: number;
}

export interface Metrics {
  answered(request: AnsweredRequest): void;
  /** Looks at a job that has just been stored: counts its move, if it was one. */
  stored(job: Job): void;
  /** All figures in the text format of Prometheus. */
  text(): Promise<string>;
  readonly contentType: string;
  totals(): MetricTotals;
}

export interface MetricsDeps {
  /** Calls to AWS since the start. */
  awsCalls: () => readonly {
    service: string;
    operation: string;
    calls: number;
    errors: Record<string, number>;
  }[];
  ticker: () => { lagMs: number; steps: number; failedSteps: number };
  /** Open event streams. */
  streams: () => number;
  /** Counts codes over time. */
  errors: Pick<ErrorWindow, 'count'>;
  /** The operator's view, of all processes; its figures are left out while it cannot be had. */
  overview: Overview;
  /** Adds figures of others. */
  guards?: (registry: Registry) => void;
  /** Also memory, CPU and event loop of the process; once per process. */
  ofProcess?: boolean;
}

/** Creates the figures, all zero. */
export function createMetrics(deps: MetricsDeps): Metrics {
  const { awsCalls, ticker, streams, errors, overview, guards, ofProcess = false } = deps;
  const totals = { requests: 0, serverErrors: 0, jobsEnded: 0, jobsLost: 0, jobsFailedByUs: 0 };
  const registry = new Registry();
  const registers = [registry];
  guards?.(registry);
  if (ofProcess) collectDefaultMetrics({ register: registry, prefix: 'cloudmr_' });

  const requests = createRequestDurations();
  const moves = new Counter({
    name: 'cloudmr_job_moves_total',
    help: 'Moves of jobs stored by this process, by the new state',
    labelNames: ['state'],
    registers,
  });
  const failures = new Counter({
    name: 'cloudmr_job_failures_total',
    help: 'Jobs that failed or were lost, as stored by this process, by code',
    labelNames: ['code'],
    registers,
  });
  // What others count already is read when it is asked for.
  new Counter({
    name: 'cloudmr_aws_calls_total',
    help: 'Calls to AWS, tries included',
    labelNames: ['service', 'operation'],
    registers,
    collect() {
      this.reset();
      for (const { service, operation, calls } of awsCalls()) this.inc({ service, operation }, calls);
    },
  });
  new Counter({
    name: 'cloudmr_aws_errors_total',
    help: 'Calls that AWS refused or that did not reach it, by code',
    labelNames: ['service', 'operation', 'code'],
    registers,
    collect() {
      this.reset();
      for (const { service, operation, errors } of awsCalls()) {
        for (const [code, times] of Object.entries(errors)) this.inc({ service, operation, code }, times);
      }
    },
  });
  new Gauge({
    name: 'cloudmr_ticker_lag_seconds',
    help: 'How late the latest job of the last tick was',
    registers,
    collect() {
      this.set(ticker().lagMs / 1000);
    },
  });
  new Counter({
    name: 'cloudmr_ticker_steps_total',
    help: 'Steps of jobs by outcome',
    labelNames: ['outcome'],
    registers,
    collect() {
      const { steps, failedSteps } = ticker();
      this.reset();
      this.inc({ outcome: 'ok' }, steps - failedSteps);
      this.inc({ outcome: 'failed' }, failedSteps);
    },
  });
  new Gauge({
    name: 'cloudmr_event_streams',
    help: 'Open event streams',
    registers,
    collect() {
      this.set(streams());
    },
  });

  const refusals = new Counter({
    name: 'cloudmr_request_errors_total',
    help: 'Refused requests by code',
    labelNames: ['code'],
    registers,
  });
  const showOverview = overviewGauges(registry);

  return {
    answered(request) {
      const { status, code } = request;
      totals.requests++;
      if (status >= 500) totals.serverErrors++;
      if (code !== undefined) {
        refusals.inc({ code });
        errors.count('request', code);
      }
      requests.count(request);
    },
    stored(job) {
      if (!moveOf(job)) return;
      const { state, failure } = job;
      moves.inc({ state });
      if (isTerminal(state)) totals.jobsEnded++;
      if (state !== 'failed' && state !== 'lost') return;
      if (state === 'lost') totals.jobsLost++;
      const code = failure && failure.code in FAILURES ? failure.code : 'other';
      failures.inc({ code });
      errors.count('job', code);
      if (failure?.actor === 'operator') totals.jobsFailedByUs++;
    },
    async text() {
      showOverview(await overview().catch(() => undefined));
      return `${await registry.metrics()}\n${requests.text()}`;
    },
    totals: () => ({ ...totals }),
    contentType: prometheusContentType,
  };
}
