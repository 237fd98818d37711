/** The alarms of the broker's stack and the metrics of its logs, as resources of CloudFormation. */
import { stringify } from 'yaml';
import type { Alarm, Source } from './alarm-form.ts';
import { ALARMS } from './broker-alarms.ts';
import { type AwsMetric, LOG_METRICS, type LogMetric } from './broker-metrics.ts';

const LOGS = {
  broker: { Ref: 'LogGroup' },
  trail: { 'Fn::If': ['OwnTrail', { Ref: 'TrailLogs' }, { Ref: 'TrailLogGroupName' }] },
};

/** Resources by their names. */
export function alarmResources(): Record<string, { Type: string; Properties: Record<string, unknown> }> {
  return {
    ...Object.fromEntries(
      Object.entries(LOG_METRICS).map(([name, metric]) => [`${name}Metric`, filter(name, metric)]),
    ),
    ...Object.fromEntries(Object.entries(ALARMS).map(([name, alarm]) => [name, alarmOf(alarm)])),
  };
}

/** For `stringify`: a value on one line, with the fewest characters. */
export const ON_ONE_LINE = {
  collectionStyle: 'flow',
  flowCollectionPadding: false,
  lineWidth: 0,
  aliasDuplicateObjects: false,
} as const;

/** The same as lines of YAML, one to a resource: the template has to stay small. */
export function alarmYaml(): string {
  return Object.entries(alarmResources())
    .map(([name, resource]) => `${name}: ${stringify(resource, ON_ONE_LINE).trimEnd()}`)
    .join('\n');
}

function filter(MetricName: string, { log, pattern, value }: LogMetric) {
  return {
    Type: 'AWS::Logs::MetricFilter',
    Properties: {
      LogGroupName: LOGS[log],
      FilterPattern: pattern,
      MetricTransformations: [{ MetricNamespace: { Ref: 'AWS::StackName' }, MetricName, MetricValue: value }],
    },
  };
}

function alarmOf({ says, of, seconds, periods, over, under, missing = 'fine' }: Alarm) {
  return {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmDescription: says,
      ...('expression' in of ? { Metrics: mathOf(of, seconds) } : { ...metricOf(of), Period: seconds }),
      EvaluationPeriods: periods,
      Threshold: over ?? under,
      ComparisonOperator: over === undefined ? 'LessThanThreshold' : 'GreaterThanThreshold',
      TreatMissingData: missing === 'bad' ? 'breaching' : 'notBreaching',
      AlarmActions: [{ Ref: 'AlarmTopic' }],
    },
  };
}

function metricOf({ metric, statistic }: Source) {
  return {
    ...placeOf(metric),
    ...(statistic === 'p99' ? { ExtendedStatistic: statistic } : { Statistic: statistic }),
  };
}

function mathOf({ sources, expression }: Extract<Alarm['of'], { expression: string }>, Period: number) {
  return [
    { Id: 'result', Expression: expression },
    ...Object.entries(sources).map(([Id, { metric, statistic }]) => ({
      Id,
      MetricStat: { Metric: placeOf(metric), Period, Stat: statistic },
      ReturnData: false,
    })),
  ];
}

function placeOf(metric: Source['metric']) {
  if (typeof metric === 'string') return { Namespace: { Ref: 'AWS::StackName' }, MetricName: metric };
  const { namespace, name, dimensions }: AwsMetric = metric;
  return {
    Namespace: namespace,
    MetricName: name,
    Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
  };
}
