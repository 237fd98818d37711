/** Alarms of the broker's stack: each is made of a metric that exists, from lines that the broker really writes. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t, { type Test } from 'tap';
import { JOBS_PER_BROKER, simulate } from '../../bench/capacity/simulate.ts';
import { STEPS } from '../../bench/capacity/table.ts';
import { ALARMS } from '../../infra/scripts/broker-alarms.ts';
import { type AwsMetric, LOG_METRICS, type LogMetricName } from '../../infra/scripts/broker-metrics.ts';
import { alarmResources } from '../../infra/scripts/render-alarms.ts';
import { CURVES } from '../../services/clockwork/backoff.ts';
import { D_CB_MS, D_JOB_MS, D_SUB_MS } from '../../services/clockwork/deadlines.ts';
import { MAX_FAILURES } from '../../services/clockwork/poison.ts';
import { createFigures } from '../../services/operations/figures.ts';
import { sessionName } from '../../src/aws/accounts/session-name.ts';
import { createLog } from '../../src/log.ts';
import { createLoop } from '../../src/loop.ts';
import { LOADER, script } from '../helpers/script.ts';
import { templateOf } from './helpers/templates.ts';

const document = templateOf('broker/template.yaml');
const resources = document['Resources'] as Record<string, { Type: string; Properties: never }>;

/** Lines as CloudWatch Logs gets them. */
const lines: Record<string, unknown>[] = [];
const log = createLog('info', { write: (line: string) => void lines.push(JSON.parse(line)) });

/** A field such as `$.figures.openJobs`. */
function fieldOf(line: unknown, selector: string): unknown {
  const names = selector.replace(/^\$\./, '').split('.');
  return names.reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], line);
}

/** As CloudWatch Logs matches: comparisons of fields with texts (* for anything), joined by &&. */
function matches(pattern: string, line: unknown): boolean {
  const inner = /^\{ (.*) \}$/.exec(pattern)?.[1] ?? '';
  return inner.split(' && ').every((part) => {
    if (part.startsWith('('))
      return part
        .slice(1, -1)
        .split(' || ')
        .some((one) => compared(one, line));
    return compared(part, line);
  });
}

function compared(part: string, line: unknown): boolean {
  const [, selector, operator, text] = /^(\$[\w.]+) (=|!=) "([^"]*)"$/.exec(part) ?? [];
  if (!selector) throw new Error(`not understood: ${part}`);
  const found = fieldOf(line, selector);
  const escaped = text.replace(/[.+?^$()[\]{}|\\]/g, '\\$&').replaceAll('*', '.*');
  const same = typeof found === 'string' && new RegExp(`^${escaped}$`).test(found);
  return operator === '=' ? same : !same;
}

t.test('every metric of the log is a number in a line that the code writes', async (t) => {
  const overview = async () => ({
    at: 0,
    killSwitch: undefined,
    openJobs: {
      ...{ counted: 0, more: false, byState: [], open: 0, openMore: false, lagSeconds: 0 },
      ...{ longestAttemptSeconds: 0, longestWaitSeconds: 0, longest: [] },
    },
    setAside: { jobs: [], more: false },
    brokers: [],
    unheld: [],
    budgets: [],
    errors: [],
    queues: [],
  });
  let now = 0;
  const totals = () => ({
    jobsEnded: 1,
    jobsLost: 1,
    jobsFailedByUs: 1,
    requests: 1,
    serverErrors: 1,
    failedSteps: 1,
    budgetRefusals: 1,
    assumeRoleCalls: 1,
  });
  const figures = createFigures({ overview, totals, mine: () => true, clock: () => now, log });
  now = 60_000;
  await figures.tick();
  const loop = createLoop({
    ticker: { tick: () => Promise.reject(new Error('the store is away')), idleMs: () => 0, onWake() {} },
    clock: Date.now,
    log,
  });
  loop.start();
  await new Promise((resolve) => setTimeout(resolve, 30));
  await loop.stop();
  // The lines of a start, by the program itself: with settings that are wrong, and with such that are right.
  for (const port of ['wrong', '0']) lines.push(await startLine(t, port));

  for (const [name, { log: source, pattern, value }] of Object.entries(LOG_METRICS)) {
    if (source !== 'broker') continue;
    const found = lines.filter((line) => matches(pattern as string, line));
    t.ok(found.length > 0, `${name}: a line matches ${pattern}`);
    if (value !== '1') t.type(fieldOf(found[0], value), 'number', `${name}: ${value}`);
  }
});

t.test(
  'T18: what the role does is told apart by CloudTrail, by the names that the broker gives',
  async (t) => {
    const arn = 'arn:aws:iam::111111111111:role/broker-CloudMRBrainRole';
    const event = (over: object) => ({
      eventSource: 'sts.amazonaws.com',
      eventName: 'AssumeRole',
      userIdentity: { sessionContext: { sessionIssuer: { arn } } },
      requestParameters: { roleSessionName: sessionName('jobs', '01K9ZB2E4G6J8L0N2P4R6T8V0X') },
      ...over,
    });
    const hits = (over: object) =>
      (['SessionsSeen', 'SessionsUnnamed', 'RoleRefused'] as const).filter((name) => {
        const { 'Fn::Sub': pattern } = LOG_METRICS[name].pattern as { 'Fn::Sub': string };
        return matches(pattern.replace('$' + '{BrokerRole.Arn}', arn), event(over));
      });
    t.same(hits({}), ['SessionsSeen'], 'as the broker does');
    t.same(hits({ requestParameters: { roleSessionName: 'botocore-session-1' } }), [
      'SessionsSeen',
      'SessionsUnnamed',
    ]);
    t.same(
      hits({ userIdentity: { sessionContext: { sessionIssuer: { arn: `${arn}2` } } } }),
      [],
      'another role',
    );
    const explored = { eventSource: 'iam.amazonaws.com', eventName: 'ListUsers', errorCode: 'AccessDenied' };
    t.same(hits(explored), ['RoleRefused']);
    t.same(hits({ errorCode: 'AccessDenied' }), ['SessionsSeen'], 'checks of units are refused by design');
  },
);

/** The line that a broker writes of its start, as it does where nobody reads along. */
async function startLine(t: Test, port: string): Promise<Record<string, unknown>> {
  const folder = mkdtempSync(join(tmpdir(), 'cloudmr-start-'));
  const child = spawn(process.execPath, [...LOADER, script('src/main.ts')], {
    env: { PATH: process.env['PATH'], PORT: port, HOST: '127.0.0.1', DATA_DIR: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  for await (const line of createInterface(child.stderr)) if (line.startsWith('{')) return JSON.parse(line);
  throw new Error('it ended without a line');
}

/** Metrics that AWS publishes, with their dimensions, as its documentation lists them. */
const PUBLISHED: Record<string, [names: string[], dimensions: string[][]]> = {
  'AWS/ApplicationELB': [
    ['HTTPCode_Target_5XX_Count', 'HTTPCode_ELB_5XX_Count', 'TargetResponseTime', 'HealthyHostCount'],
    [['LoadBalancer'], ['LoadBalancer', 'TargetGroup']],
  ],
  // ThrottledRequests is published by operation only.
  'AWS/DynamoDB': [
    ['ReadThrottleEvents', 'WriteThrottleEvents'],
    [['TableName'], ['TableName', 'GlobalSecondaryIndexName']],
  ],
  'AWS/SQS': [['ApproximateNumberOfMessagesVisible'], [['QueueName']]],
  'ECS/ContainerInsights': [['DesiredTaskCount', 'RunningTaskCount'], [['ClusterName', 'ServiceName']]],
};

t.test('every alarm is in the template, tells somebody, and looks at metrics that exist', async (t) => {
  for (const [name, { of }] of Object.entries(ALARMS)) {
    const sources = 'expression' in of ? Object.values(of.sources) : [of];
    for (const { metric } of sources) {
      if (typeof metric === 'string') {
        t.ok(resources[`${metric satisfies LogMetricName}Metric`], `${name}: ${metric}`);
        continue;
      }
      const { namespace, name: published, dimensions }: AwsMetric = metric;
      const [names, sets] = PUBLISHED[namespace];
      t.ok(names.includes(published), `${name}: ${namespace} ${published}`);
      const given = Object.keys(dimensions).sort().join();
      t.ok(
        sets.some((set) => [...set].sort().join() === given),
        `${name}: ${given}`,
      );
    }
    if ('expression' in of) {
      const used = of.expression.match(/\b[a-z]+\b/g) ?? [];
      t.same([...new Set(used)].sort(), Object.keys(of.sources).sort(), `${name}: ${of.expression}`);
    }
  }
  for (const [name, resource] of Object.entries(alarmResources())) t.same(resources[name], resource, name);
  const alarms = Object.entries(resources).filter(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm');
  t.same(alarms.map(([name]) => name).sort(), Object.keys(ALARMS).sort(), 'no alarm beside the list');
});

t.test('thresholds follow from the deadlines and the plan; each has its reason', async (t) => {
  for (const [name, { because, over, under }] of Object.entries(ALARMS)) {
    t.ok(because.length > 30, `${name}: ${because}`);
    t.ok((over === undefined) !== (under === undefined), `${name}: one threshold`);
  }
  const seconds = (name: string): number => 1000 * (ALARMS[name].over ?? Number.NaN);
  t.equal(seconds('OldJobsAlarm'), D_JOB_MS + D_CB_MS);
  t.equal(seconds('SweepLagAlarm'), D_SUB_MS);
  for (const name of ['WebhooksAlarm', 'MailsAlarm']) t.equal(seconds(name), D_CB_MS);
  for (const [kind, { capMs }] of Object.entries(CURVES))
    t.ok(seconds('WaitingJobsAlarm') >= capMs + D_SUB_MS, `no pause of ${kind} is an alarm`);
  t.ok(seconds('WaitingJobsAlarm') < seconds('OldJobsAlarm'), 'a job that does not start is told of first');
  t.equal(ALARMS['FailedStepsAlarm'].over, 2 * MAX_FAILURES);
  t.match(ALARMS['LostJobsAlarm'], { over: 0, periods: 1, of: { metric: 'JobsLost', statistic: 'Sum' } });
  // One in 300 of the jobs that a process is planned for in the time that is looked at.
  const { seconds: period, over } = ALARMS['BudgetRefusalsAlarm'];
  t.equal(over, (JOBS_PER_BROKER * period) / 300);
  const { under, periods, seconds: minute } = ALARMS['AwayAlarm'];
  t.same([under, periods * minute * 1000 > D_SUB_MS], [1, true]);
  // Words and figures agree.
  t.match(ALARMS['WaitingJobsAlarm'].says, `${seconds('WaitingJobsAlarm') / 60_000} minutes`);
  t.match(ALARMS['SweepLagAlarm'].says, `${D_SUB_MS / 60_000 === 2 ? 'two' : '?'} minutes`);
  for (const name of ['WebhooksAlarm', 'MailsAlarm'])
    t.match(ALARMS[name].says, `${D_CB_MS / 60_000 === 5 ? 'five' : '?'} minutes`);
});

t.test('what dimensions, expressions and filters refer to is in the template', async (t) => {
  const parameters = Object.keys(document['Parameters'] as object);
  const text = JSON.stringify(alarmResources());
  const names = [...text.matchAll(/"(?:Ref)":"([^"]+)"|"Fn::GetAtt":\["([^"]+)"/g)].map(([, a, b]) => a ?? b);
  for (const name of new Set(names)) {
    t.ok(name.startsWith('AWS::') || parameters.includes(name) || resources[name], name);
  }
});

t.test('the mail of an alarm says where it is written what to do', async (t) => {
  t.match(resources['AlarmTopic'].Properties, { DisplayName: /^[\w -]*RUNBOOK$/ });
});

t.test('the template fits into one request', async (t) => {
  const { length } = readFileSync(new URL('../../infra/broker/template.yaml', import.meta.url));
  t.ok(length <= 51_200, `${length} bytes`);
});

t.test(
  'the table can be restored to a point in time, and the broker be pointed at what was restored',
  async (t) => {
    t.match(resources['Table'].Properties, {
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      DeletionProtectionEnabled: true,
    });
    const task = JSON.stringify(resources['TaskDefinition']);
    t.match(task, /"TABLE_NAME","Value":\{"Fn::If":\["IsRestored",\{"Ref":"RestoredTableName"\}/);
    t.match(JSON.stringify(resources['BrokerRole']), /table\/\$\{RestoredTableName\}\/index/);
  },
);

t.test(
  'a deployment leaves the number of processes to the scaling, which holds it at Tasks or more',
  async (t) => {
    t.notHas(resources['Service'].Properties, { DesiredCount: {} });
    t.match(resources['Scaling'].Properties, { MinCapacity: { Ref: 'Tasks' }, MaxCapacity: 20 });
    t.ok(simulate(STEPS.at(-1) as number).brokers <= 20, 'the plan has room');
  },
);

t.test('the dashboard shows the table that is used', async (t) => {
  const body = JSON.stringify(resources['Dashboard'].Properties['DashboardBody']);
  t.match(body, /"Used":\{"Fn::If":\["IsRestored",\{"Ref":"RestoredTableName"\},\{"Ref":"Table"\}\]\}/);
  t.notMatch(body, /\$\{Table\}/);
});

t.test('F25: no process is replaced because the table is away: the balancer asks /live', (t) => {
  t.match(resources['TargetGroup'], { Properties: { HealthCheckPath: '/live', Matcher: undefined } });
  t.end();
});
