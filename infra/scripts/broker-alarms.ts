/**
 * The alarms of the broker's stack, and what they are made of. The one list: the template is rendered from it
 * (render-alarms.ts), and the tests hold it to what the broker really logs and to what AWS really publishes.
 * docs/RUNBOOK.md has an entry for each.
 */
import type { AwsMetric, LogMetricName } from './broker-metrics.ts';

interface Source {
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
  /** What is not measured is `fine` (default) or `bad`. */
  readonly missing?: 'fine' | 'bad';
}

const balancer = (name: string): AwsMetric => ({
  namespace: 'AWS/ApplicationELB',
  name,
  dimensions: { LoadBalancer: { 'Fn::GetAtt': ['LoadBalancer', 'LoadBalancerFullName'] } },
});
const table = (name: string, index?: string): AwsMetric => ({
  namespace: 'AWS/DynamoDB',
  name,
  dimensions: {
    TableName: { 'Fn::If': ['IsRestored', { Ref: 'RestoredTableName' }, { Ref: 'Table' }] },
    ...(index && { GlobalSecondaryIndexName: index }),
  },
});
const service = (name: string): AwsMetric => ({
  namespace: 'ECS/ContainerInsights',
  name,
  dimensions: { ClusterName: { Ref: 'Cluster' }, ServiceName: { 'Fn::GetAtt': ['Service', 'Name'] } },
});
const most = (metric: LogMetricName): Source => ({ metric, statistic: 'Maximum' });
const sum = (metric: LogMetricName | AwsMetric): Source => ({ metric, statistic: 'Sum' });

/** By their names in the stack. */
export const ALARMS: Readonly<Record<string, Alarm>> = {
  OldJobsAlarm: {
    says: 'A job is open for longer than any job may be: the promise is broken.',
    of: most('OldestOpenSeconds'),
    seconds: 300,
    periods: 2,
    // Six hours and ten minutes (D_JOB_MS), and five minutes to settle.
    over: 22_500,
  },
  WaitingJobsAlarm: {
    says: 'A job waits for its start for 45 minutes: more than any pause between tries.',
    of: most('OldestWaitingSeconds'),
    seconds: 300,
    periods: 2,
    over: 2_700,
  },
  SweepLagAlarm: {
    says: 'Jobs wait for their next step: the sweep is late by two minutes.',
    of: most('SweepLagSeconds'),
    seconds: 300,
    periods: 2,
    over: 120,
  },
  SetAsideAlarm: {
    says: 'A job is set aside because its steps fail in ways that nobody expected.',
    of: most('JobsSetAside'),
    seconds: 300,
    periods: 1,
    over: 0,
  },
  JobErrorsAlarm: {
    says: 'More than one in five of the jobs that ended failed for reasons that are ours.',
    of: {
      sources: { ended: sum('JobsEnded'), failed: sum('JobsFailedByUs') },
      expression: 'IF(ended >= 5, 100 * failed / ended, 0)',
    },
    seconds: 900,
    periods: 1,
    over: 20,
  },
  BudgetAlarm: {
    says: 'An account is asked nearly as often as AWS allows.',
    of: { metric: 'BudgetUsed', statistic: 'Average' },
    seconds: 300,
    periods: 2,
    over: 0.8,
  },
  BudgetRefusalsAlarm: {
    says: 'Calls wait because the budget of an account is spent: jobs are slow.',
    of: sum('BudgetRefusals'),
    seconds: 300,
    periods: 2,
    over: 20,
  },
  WebhooksAlarm: {
    says: 'Webhooks are not delivered: the first is overdue by a quarter of an hour.',
    of: most('WebhookLagSeconds'),
    seconds: 300,
    periods: 2,
    over: 900,
  },
  MailsAlarm: {
    says: 'Mail is not sent: the first is overdue by a quarter of an hour.',
    of: most('MailLagSeconds'),
    seconds: 300,
    periods: 2,
    over: 900,
  },
  UnheldAlarm: {
    says: 'Pieces of background work are held by no process.',
    of: { metric: 'PiecesUnheld', statistic: 'Minimum' },
    seconds: 300,
    periods: 2,
    over: 0,
  },
  SilentAlarm: {
    says: 'No broker process has told its figures for ten minutes: the loop stands still, and alarms are blind.',
    of: { metric: 'Brokers', statistic: 'SampleCount' },
    seconds: 600,
    periods: 1,
    under: 1,
    missing: 'bad',
  },
  FailedStepsAlarm: {
    says: 'Steps of jobs fail. Look at the log for "a step failed".',
    of: sum('FailedSteps'),
    seconds: 300,
    periods: 2,
    over: 10,
  },
  TicksAlarm: {
    says: 'Ticks fail, so jobs stand still. Look at the log for "a tick failed".',
    of: sum('FailedTicks'),
    seconds: 300,
    periods: 2,
    over: 3,
  },
  RestartsAlarm: {
    says: 'Broker processes start again and again.',
    of: {
      sources: {
        starts: sum('Starts'),
        wanted: { metric: service('DesiredTaskCount'), statistic: 'Maximum' },
      },
      // A deployment starts each once.
      expression: 'FILL(starts, 0) - 2 * FILL(wanted, 1)',
    },
    seconds: 900,
    periods: 1,
    over: 0,
  },
  DeadTicksAlarm: {
    says: 'The scheduled tick could not be started.',
    of: {
      metric: {
        namespace: 'AWS/SQS',
        name: 'ApproximateNumberOfMessagesVisible',
        dimensions: { QueueName: { 'Fn::GetAtt': ['DeadTicks', 'QueueName'] } },
      },
      statistic: 'Maximum',
    },
    seconds: 300,
    periods: 1,
    over: 0,
  },
  ErrorsAlarm: {
    says: 'The broker answers with 5xx. Look at its log.',
    of: sum(balancer('HTTPCode_Target_5XX_Count')),
    seconds: 300,
    periods: 1,
    over: 5,
  },
  BalancerErrorsAlarm: {
    says: 'The load balancer itself answers with 5xx: no process takes the requests.',
    of: sum(balancer('HTTPCode_ELB_5XX_Count')),
    seconds: 300,
    periods: 1,
    over: 10,
  },
  AwayAlarm: {
    says: 'No broker process is ready. Jobs go on; nobody can submit or download.',
    of: {
      metric: {
        ...balancer('HealthyHostCount'),
        dimensions: {
          ...balancer('HealthyHostCount').dimensions,
          TargetGroup: { 'Fn::GetAtt': ['TargetGroup', 'TargetGroupFullName'] },
        },
      },
      statistic: 'Minimum',
    },
    seconds: 60,
    periods: 3,
    under: 1,
    missing: 'bad',
  },
  SlowAlarm: {
    says: 'One request in a hundred takes longer than two seconds.',
    of: { metric: balancer('TargetResponseTime'), statistic: 'p99' },
    seconds: 300,
    periods: 3,
    over: 2,
  },
  TableAlarm: {
    says: 'DynamoDB throttles the table of the broker.',
    of: {
      sources: {
        reads: sum(table('ReadThrottleEvents')),
        writes: sum(table('WriteThrottleEvents')),
        lists: sum(table('WriteThrottleEvents', 'gsi1')),
        open: sum(table('WriteThrottleEvents', 'gsi2')),
      },
      expression: 'FILL(reads, 0) + FILL(writes, 0) + FILL(lists, 0) + FILL(open, 0)',
    },
    seconds: 300,
    periods: 2,
    over: 10,
  },
  StrangeSessionsAlarm: {
    says: 'T18: the role of the broker has opened sessions that the broker knows nothing of.',
    of: {
      sources: { seen: sum('SessionsSeen'), own: sum('AssumeRoleCalls') },
      expression: 'FILL(seen, 0) - FILL(own, 0)',
    },
    seconds: 3_600,
    periods: 1,
    // Tries of one call, and what CloudTrail tells in the hour after.
    over: 20,
  },
  UnnamedSessionsAlarm: {
    says: 'T18: the role of the broker has opened a session under a name that the broker does not give.',
    of: sum('SessionsUnnamed'),
    seconds: 300,
    periods: 1,
    over: 0,
  },
  RoleRefusedAlarm: {
    says: 'T18: the role of the broker was refused what the broker never asks for.',
    of: sum('RoleRefused'),
    seconds: 300,
    periods: 1,
    over: 0,
  },
};
