/** What an alarm of the broker's stack says of itself. */
import type { AwsMetric, LogMetricName } from './broker-metrics.ts';

export interface Source {
  readonly metric: LogMetricName | AwsMetric;
  readonly statistic: 'Sum' | 'Maximum' | 'Minimum' | 'Average' | 'SampleCount' | 'p99';
}

export interface Alarm {
  /** What it means, for the mail. */
  readonly says: string;
  /** One metric, or several by name and an expression over them. */
  readonly of: Source | { readonly sources: Readonly<Record<string, Source>>; readonly expression: string };
  readonly seconds: number;
  /** Periods in a row. */
  readonly periods: number;
  readonly over?: number;
  readonly under?: number;
  /** Why there: from the deadlines of the promise where it is about them, else from the plan of docs/CAPACITY.md. */
  readonly because: string;
  /** What is not measured is `fine` (default) or `bad`. */
  readonly missing?: 'fine' | 'bad';
}
