/**
 * The alarms of the broker's stack, and what they are made of. The one list: the template is rendered from it
 * (render-alarms.ts), and the tests hold it to what the broker really logs and to what AWS really publishes.
 * docs/RUNBOOK.md has an entry for each.
 */
import { CURVES } from '../../services/clockwork/backoff.ts';
import { D_CB_MS, D_JOB_MS, D_SUB_MS } from '../../services/clockwork/deadlines.ts';
import { MAX_FAILURES } from '../../services/clockwork/poison.ts';
import type { Alarm, Source } from './alarm-form.ts';
import type { AwsMetric, LogMetricName, Value } from './broker-metrics.ts';

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
const messages = (QueueName: Value): Source => ({
  metric: { namespace: 'AWS/SQS', name: 'ApproximateNumberOfMessagesVisible', dimensions: { QueueName } },
  statistic: 'Maximum',
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
    over: (D_JOB_MS + D_CB_MS) / 1000,
    because: 'an attempt ends by D_JOB_MS, and its end is known D_CB_MS later',
  },
  WaitingJobsAlarm: {
    says: 'A job waits for its start for 17 minutes: more than any pause between tries.',
    of: most('OldestWaitingSeconds'),
    seconds: 300,
    periods: 2,
    over: (CURVES.capacity.capMs + D_SUB_MS) / 1000,
    because: 'the longest pause between tries (no room on Fargate), and D_SUB_MS after it',
  },
  SweepLagAlarm: {
    says: 'Jobs wait for their next step: the sweep is late by two minutes.',
    of: most('SweepLagSeconds'),
    seconds: 300,
    periods: 2,
    over: D_SUB_MS / 1000,
    because: 'whoever is due waits for a step; a start that is D_SUB_MS late breaks the promise',
  },
  SetAsideAlarm: {
    says: 'A job is set aside because its steps fail in ways that nobody expected.',
    of: most('JobsSetAside'),
    seconds: 300,
    periods: 1,
    over: 0,
    because: 'it needs a person: nothing else lets the job go on, and its time runs',
  },
  LostJobsAlarm: {
    says: 'A job is lost: nobody knows how it ended.',
    of: sum('JobsLost'),
    seconds: 300,
    periods: 1,
    over: 0,
    because: 'no accepted job may be lost: one is enough, whatever the others do',
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
    because:
      'what is ours has been tried again already, so even one is one too many; five ends are the least that say more than one unlucky job',
  },
  BudgetAlarm: {
    says: 'An account is asked nearly as often as AWS allows.',
    of: { metric: 'BudgetUsed', statistic: 'Average' },
    seconds: 300,
    periods: 2,
    over: 0.8,
    because: 'a quarter more jobs spend it, and AWS takes days to raise a quota',
  },
  BudgetRefusalsAlarm: {
    says: 'Calls wait because the budget of an account is spent: jobs are slow.',
    of: sum('BudgetRefusals'),
    seconds: 300,
    periods: 2,
    over: 20,
    because:
      'calls that would wait over 2 s: 20 in five minutes are one in 300 of the 20 jobs a second of a process',
  },
  WebhooksAlarm: {
    says: 'Webhooks are not delivered: the first is overdue by five minutes.',
    of: most('WebhookLagSeconds'),
    seconds: 300,
    periods: 2,
    over: D_CB_MS / 1000,
    because: 'what is told of an end may be as late as the end is known; a dead lease (30 s) is far below',
  },
  MailsAlarm: {
    says: 'Mail is not sent: the first is overdue by five minutes.',
    of: most('MailLagSeconds'),
    seconds: 300,
    periods: 2,
    over: D_CB_MS / 1000,
    because: 'as webhooks; a dead lease (2 minutes) is below, and a code is good for longer',
  },
  UnheldAlarm: {
    says: 'Pieces of background work are held by no process.',
    of: { metric: 'PiecesUnheld', statistic: 'Minimum' },
    seconds: 300,
    periods: 2,
    over: 0,
    because:
      'the pieces of a dead process are taken within 9 s: none is free for ten minutes while one lives',
  },
  SilentAlarm: {
    says: 'No broker process has told its figures for ten minutes: the loop stands still, and alarms are blind.',
    of: { metric: 'Brokers', statistic: 'SampleCount' },
    seconds: 600,
    periods: 1,
    under: 1,
    because: 'a process writes its figures every minute: ten were missed',
    missing: 'bad',
  },
  FailedStepsAlarm: {
    says: 'Steps of jobs fail.',
    of: sum('FailedSteps'),
    seconds: 300,
    periods: 2,
    over: 2 * MAX_FAILURES,
    because: 'one poison job fails so many times and is set aside (SetAsideAlarm); more are a defect',
  },
  TicksAlarm: {
    says: 'Ticks fail, so jobs stand still.',
    of: sum('FailedTicks'),
    seconds: 300,
    periods: 2,
    over: 3,
    because:
      'a tick that fails is repeated after a second: an hour away of the store gives hundreds, a hiccup one or two',
  },
  RestartsAlarm: {
    says: 'Broker processes start again and again.',
    of: {
      sources: {
        starts: sum('Starts'),
        wanted: { metric: service('DesiredTaskCount'), statistic: 'Maximum' },
      },
      expression: 'FILL(starts, 0) - 2 * FILL(wanted, 1)',
    },
    seconds: 900,
    periods: 1,
    over: 0,
    because: 'a deployment starts each process once, and one that goes back once more',
  },
  MissingTasksAlarm: {
    says: 'Fewer broker processes run than are wanted: some cannot even start.',
    of: {
      sources: {
        wanted: { metric: service('DesiredTaskCount'), statistic: 'Average' },
        running: { metric: service('RunningTaskCount'), statistic: 'Average' },
      },
      expression: 'FILL(wanted, 0) - FILL(running, 0)',
    },
    seconds: 300,
    periods: 3,
    over: 0.5,
    because:
      'one that ended is back within D_SUB_MS; deployments keep all, and more processes are there in a minute or two',
  },
  DeadTicksAlarm: {
    says: 'The scheduled tick could not be started.',
    of: messages({ 'Fn::GetAtt': ['DeadTicks', 'QueueName'] }),
    seconds: 300,
    periods: 1,
    over: 0,
    because: 'the tick from outside is what is left when all processes stand still',
  },
  UntoldEndsAlarm: {
    says: 'Mode 1 could not tell the broker that jobs have ended: they are seen later.',
    of: messages({ 'Fn::Sub': '$' + '{Mode1StackName}-callback-dead-letters' }),
    seconds: 300,
    periods: 1,
    over: 0,
    because: 'EventBridge has tried for a day, or the function three times',
  },
  ErrorsAlarm: {
    says: 'The broker answers with 5xx.',
    of: sum(balancer('HTTPCode_Target_5XX_Count')),
    seconds: 300,
    periods: 1,
    over: 5,
    because: 'at the smallest step of the plan five minutes have about a hundred requests: one in twenty',
  },
  BalancerErrorsAlarm: {
    says: 'The load balancer itself answers with 5xx: no process takes the requests.',
    of: sum(balancer('HTTPCode_ELB_5XX_Count')),
    seconds: 300,
    periods: 1,
    over: 10,
    because: 'a process that ends hands its connections over; a few are cut when one dies',
  },
  AwayAlarm: {
    says: 'No broker process lives. Jobs go on; nobody can submit or download.',
    of: {
      metric: {
        ...balancer('HealthyHostCount'),
        dimensions: {
          ...balancer('HealthyHostCount').dimensions,
          TargetGroup: { 'Fn::GetAtt': ['TargetGroup', 'TargetGroupFullName'] },
        },
      },
      // Each zone of the load balancer counts for itself.
      statistic: 'Maximum',
    },
    seconds: 60,
    periods: 3,
    under: 1,
    because: 'a process is replaced within D_SUB_MS; for longer, nobody can submit',
    missing: 'bad',
  },
  SlowAlarm: {
    says: 'One request in a hundred takes longer than two seconds.',
    of: { metric: balancer('TargetResponseTime'), statistic: 'p99' },
    seconds: 300,
    periods: 3,
    over: 2,
    because:
      'a submit that would wait half a second is told to come again: nothing of ours takes four times that',
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
    because:
      'on demand it follows any growth below twice the last peak: the plan has none of that in ten minutes',
  },
  StrangeSessionsAlarm: {
    says: 'The role of the broker has opened sessions that the broker knows nothing of.',
    of: {
      sources: { seen: sum('SessionsSeen'), own: sum('AssumeRoleCalls'), before: sum('CallsBefore') },
      expression: 'FILL(seen, 0) - 1.05 * MAX([FILL(own, 0), FILL(before, 0)])',
    },
    seconds: 3_600,
    periods: 1,
    over: 20,
    because:
      'CloudTrail tells of an hour what the broker did in it or a quarter of an hour earlier; one in 20 is chance, tries of one call, or the edge',
  },
  UnnamedSessionsAlarm: {
    says: 'The role of the broker has opened a session under a name that the broker does not give.',
    of: sum('SessionsUnnamed'),
    seconds: 300,
    periods: 1,
    over: 0,
    because: 'every session of the broker has a name of its form',
  },
  RoleRefusedAlarm: {
    says: 'The role of the broker was refused what the broker never asks for.',
    of: sum('RoleRefused'),
    seconds: 300,
    periods: 1,
    over: 0,
    because: 'what the broker asks for is a list, and all of it is allowed',
  },
};
