/** Metrics of which the alarms of the broker's stack are made: those of its logs, and what AWS publishes. */
import { ALL_LINE, type AllFigures, type MinuteLine, PROCESS_LINE } from '../../src/schemas/figures.ts';

/** A value of CloudFormation. */
export type Value =
  | string
  | { Ref: string }
  | { 'Fn::GetAtt': [string, string] }
  | { 'Fn::Sub': string }
  | { 'Fn::If': [string, Value, Value] };

/** Lines of a log that become a metric in the namespace of the stack. */
export interface LogMetric {
  readonly log: 'broker' | 'trail';
  /** Pattern of CloudWatch Logs. */
  readonly pattern: Value;
  /** A field of the line, or 1 for each line. */
  readonly value: string;
}

/** A metric that AWS publishes. */
export interface AwsMetric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, Value>>;
}

const ofAll = (field: keyof AllFigures): LogMetric => figure(ALL_LINE, field);
const ofEach = (field: keyof MinuteLine): LogMetric => figure(PROCESS_LINE, field);
const lines = (...texts: string[]): LogMetric => {
  const each = texts.map((text) => `$.msg = "${text}"`).join(' || ');
  return { log: 'broker', pattern: `{ ${texts.length > 1 ? `(${each})` : each} }`, value: '1' };
};

function figure(line: string, field: string): LogMetric {
  return { log: 'broker', pattern: `{ $.msg = "${line}" }`, value: `$.figures.${field}` };
}

/** What the role of the broker did, by CloudTrail. */
function trail(condition: string): LogMetric {
  const byRole = '$.userIdentity.sessionContext.sessionIssuer.arn = "$' + '{BrokerRole.Arn}"';
  return { log: 'trail', pattern: { 'Fn::Sub': `{ ${byRole} && ${condition} }` }, value: '1' };
}
const ASSUMED = '$.eventSource = "sts.amazonaws.com" && $.eventName = "AssumeRole"';

/** Metrics from logs, by their names in CloudWatch. */
export const LOG_METRICS = {
  OpenJobs: ofAll('openJobs'),
  OldestOpenSeconds: ofAll('oldestOpenSeconds'),
  OldestWaitingSeconds: ofAll('oldestWaitingSeconds'),
  SweepLagSeconds: ofAll('sweepLagSeconds'),
  JobsSetAside: ofAll('jobsSetAside'),
  BudgetUsed: ofAll('budgetUsed'),
  WebhookLagSeconds: ofAll('webhookLagSeconds'),
  MailLagSeconds: ofAll('mailLagSeconds'),
  Brokers: ofAll('brokers'),
  PiecesUnheld: ofAll('piecesUnheld'),
  JobsEnded: ofEach('jobsEnded'),
  JobsLost: ofEach('jobsLost'),
  JobsFailedByUs: ofEach('jobsFailedByUs'),
  FailedSteps: ofEach('failedSteps'),
  BudgetRefusals: ofEach('budgetRefusals'),
  AssumeRoleCalls: ofEach('assumeRoleCalls'),
  CallsBefore: ofEach('assumeRoleCallsBefore'),
  FailedTicks: lines('a tick failed'),
  // The second one of whoever cannot even read its settings.
  Starts: lines('starting', 'cannot start'),
  SessionsSeen: trail(ASSUMED),
  SessionsUnnamed: trail(`${ASSUMED} && $.requestParameters.roleSessionName != "cloudmr-*"`),
  RoleRefused: trail(
    '$.eventSource != "sts.amazonaws.com" && ($.errorCode = "AccessDenied*" || $.errorCode = "*UnauthorizedOperation")',
  ),
} as const satisfies Record<string, LogMetric>;
export type LogMetricName = keyof typeof LOG_METRICS;
