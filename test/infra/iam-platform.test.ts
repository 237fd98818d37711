/** B4: every role of Mode 1 and of the broker's own stack against a table of what it may and may not do. */
import t from 'tap';
import type { RoleResource } from '../../infra/local/contract.ts';
import { stackDocumentOf } from '../../infra/local/template/stack-document.ts';
import { may, mayEnter, mayNot, neverOn, type Row, wrongRows } from './helpers/questions.ts';
import { ACCOUNT, BROKER_ROLE_ARN, broker, worker } from './helpers/templates.ts';

const WORKER = stackDocumentOf(worker());
const BROKER = stackDocumentOf(broker());
const here = (service: string, rest: string): string => `arn:aws:${service}:us-west-2:${ACCOUNT}:${rest}`;
const bucket = (kind: string, key = ''): string =>
  `arn:aws:s3:::cloudmr-broker-${kind}-${ACCOUNT}-us-west-2${key}`;
const role = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const JOB = '/mroptimum/user-1/job-1/0';
const MACHINE = here('states', 'stateMachine:mroptimum-app-JobChooser');
const EXECUTION = here('states', 'execution:mroptimum-app-JobChooser:job-1-0');
const CLUSTER = here('ecs', 'cluster/mroptimum-cluster');
const DEFINITION = here('ecs', 'task-definition/mroptimum-app-worker');
const TABLE = here('dynamodb', 'table/cloudmr-broker-cloudmr');
const functionLog = here('logs', 'log-group:/aws/lambda/mroptimum-app:*');
const TASKS = { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' };

/** What no role at all may do. */
const NEVER = [
  ...['data', 'results', 'failed'].flatMap((kind) =>
    neverOn((key) => bucket(kind, key), `${JOB}/result.zip`),
  ),
  mayNot('s3:GetObject', 'arn:aws:s3:::somebody-else/mroptimum/file.h5'),
  mayNot('s3:ListAllMyBuckets', '*'),
  mayNot('iam:CreateRole', role('x')),
  mayNot('iam:PutRolePolicy', role('cloudmr-broker-CloudMRBrainRole')),
  mayNot('sts:AssumeRole', role('admin')),
  mayNot('sts:AssumeRole', 'arn:aws:iam::333333333333:role/any'),
  mayNot('secretsmanager:GetSecretValue', here('secretsmanager', 'secret:any')),
  mayNot('dynamodb:Scan', TABLE),
  mayNot('dynamodb:DeleteTable', TABLE),
  mayNot('lambda:UpdateFunctionCode', here('lambda', 'function:mroptimum-app-RunJob')),
];

const WORKER_TABLE: Record<string, Row[]> = {
  WorkerRole: [
    may('s3:GetObject', bucket('data', `${JOB}/job.json`)),
    may('s3:PutObject', bucket('results', `${JOB}/result.zip`)),
    may('s3:PutObject', bucket('failed', `${JOB}/failure.zip`)),
    may('s3:ListBucket', bucket('data')),
    may('logs:PutLogEvents', functionLog),
    mayNot('s3:PutObject', bucket('data', `${JOB}/job.json`)),
    mayNot('s3:GetObject', bucket('results', `${JOB}/result.zip`)),
    mayNot('s3:DeleteObject', bucket('results', `${JOB}/result.zip`)),
    mayNot('states:StartExecution', MACHINE),
    mayNot('dynamodb:GetItem', TABLE),
  ],
  StepRole: [
    may('s3:GetObject', bucket('data', `${JOB}/job.json`)),
    may('s3:GetObject', bucket('results', `${JOB}/run.json`)),
    may('s3:GetObject', bucket('failed', `${JOB}/failure.json`)),
    mayNot('s3:PutObject', bucket('results', `${JOB}/result.zip`)),
    mayNot('s3:DeleteObject', bucket('data', `${JOB}/job.json`)),
    mayNot('dynamodb:GetItem', TABLE),
  ],
  CallbackRole: [
    may('s3:GetObject', bucket('data', `${JOB}/job.json`)),
    may('s3:ListBucket', bucket('data')),
    may('sqs:SendMessage', here('sqs', 'mroptimum-app-callback-dead-letters')),
    may('logs:PutLogEvents', functionLog),
    mayNot('s3:GetObject', bucket('data', '/mroptimum/user-1/uploads/scan.h5')),
    mayNot('s3:GetObject', bucket('results', `${JOB}/result.zip`)),
    mayNot('sqs:SendMessage', here('sqs', 'other')),
    mayNot('sqs:ReceiveMessage', here('sqs', 'mroptimum-app-callback-dead-letters')),
    mayNot('dynamodb:GetItem', TABLE),
  ],
  FargateExecutionRole: [
    may('logs:PutLogEvents', here('logs', 'log-group:/ecs/mroptimum-app-fargate:*')),
    may('ecr:BatchGetImage', here('ecr', 'repository/mroptimum-fargate')),
    mayNot('ecr:BatchGetImage', here('ecr', 'repository/cloudmr-broker')),
    mayNot('ecr:PutImage', here('ecr', 'repository/mroptimum-fargate')),
    mayNot('logs:PutLogEvents', functionLog),
    mayNot('s3:GetObject', bucket('data', `${JOB}/job.json`)),
  ],
  StateMachineRole: [
    ...['SelectPlatform', 'RunJob', 'Report'].map((name) =>
      may('lambda:InvokeFunction', here('lambda', `function:mroptimum-app-${name}`)),
    ),
    may('lambda:InvokeFunction', here('lambda', 'function:mroptimum-app-RunJob:7')),
    mayNot('lambda:InvokeFunction', here('lambda', 'function:mroptimum-app-RunJobs')),
    mayNot('lambda:InvokeFunction', here('lambda', 'function:other')),
    may('ecs:RunTask', `${DEFINITION}:7`, { 'ecs:cluster': CLUSTER }),
    mayNot('ecs:RunTask', `${DEFINITION}:7`, { 'ecs:cluster': here('ecs', 'cluster/other') }),
    mayNot('ecs:RunTask', here('ecs', 'task-definition/cloudmr-broker-broker:1'), { 'ecs:cluster': CLUSTER }),
    may('ecs:StopTask', here('ecs', 'task/mroptimum-cluster/abc')),
    mayNot('ecs:StopTask', here('ecs', 'task/other/abc')),
    may('iam:PassRole', role('mroptimum-app-WorkerRole'), TASKS),
    mayNot('iam:PassRole', role('mroptimum-app-WorkerRole'), { 'iam:PassedToService': 'ec2.amazonaws.com' }),
    mayNot('iam:PassRole', role('cloudmr-broker-CloudMRBrainRole'), TASKS),
    may('events:PutRule', here('events', 'rule/StepFunctionsGetEventsForECSTaskRule')),
    mayNot('events:PutRule', here('events', 'rule/other')),
    mayNot('s3:GetObject', bucket('data', `${JOB}/job.json`)),
  ],
  CloudMRCrossAccountRole: [
    ...['StartExecution', 'DescribeStateMachine', 'ListExecutions', 'ListTagsForResource'].map((action) =>
      may(`states:${action}`, MACHINE),
    ),
    may('servicequotas:GetServiceQuota', here('servicequotas', 'fargate/L-3032A538')),
    may('servicequotas:GetServiceQuota', here('servicequotas', 'lambda/L-B99A9384')),
    mayNot('servicequotas:GetServiceQuota', here('servicequotas', 'ec2/L-1216C47A')),
    mayNot('servicequotas:RequestServiceQuotaIncrease', here('servicequotas', 'fargate/L-3032A538')),
    may('states:DescribeExecution', EXECUTION),
    may('states:StopExecution', EXECUTION),
    mayNot('states:StopExecution', here('states', 'execution:mroptimum-app-JobChooser:by-hand')),
    mayNot('states:StartExecution', here('states', 'stateMachine:other')),
    mayNot('states:UpdateStateMachine', MACHINE),
    may('s3:PutObject', bucket('data', `${JOB}/job.json`)),
    may('s3:GetObject', bucket('results', `${JOB}/result.zip`)),
    may('s3:DeleteObject', bucket('results', `${JOB}/result.zip`)),
    may('s3:PutObject', bucket('results', '/mroptimum/preflight/probe')),
    mayNot('s3:PutObject', bucket('results', `${JOB}/result.zip`)),
    mayNot('lambda:InvokeFunction', here('lambda', 'function:mroptimum-app-RunJob')),
    mayNot('dynamodb:GetItem', TABLE),
  ],
};

const BROKER_TABLE: Record<string, Row[]> = {
  CloudMRBrainRole: [
    ...['GetItem', 'PutItem', 'DeleteItem', 'Query', 'ConditionCheckItem', 'DescribeTable'].map((action) =>
      may(`dynamodb:${action}`, TABLE),
    ),
    may('dynamodb:Query', `${TABLE}/index/gsi1`),
    mayNot('dynamodb:GetItem', here('dynamodb', 'table/other')),
    mayNot('dynamodb:UpdateTable', TABLE),
    may('sts:AssumeRole', role('mroptimum-app-CloudMRCrossAccountRole')),
    may('sts:SetSourceIdentity', role('mroptimum-app-CloudMRCrossAccountRole')),
    may('sts:AssumeRole', 'arn:aws:iam::333333333333:role/lab-CloudMRCrossAccountRole-1ABC'),
    mayNot('sts:AssumeRole', role('cloudmr-broker-ExecutionRole')),
    // Units are entered by a role of theirs, in Mode 1 too.
    mayNot('s3:GetObject', bucket('data', `${JOB}/job.json`)),
    mayNot('s3:PutObject', bucket('data', `${JOB}/job.json`)),
    mayNot('states:StartExecution', MACHINE),
    mayNot('secretsmanager:GetSecretValue', here('secretsmanager', 'secret:cloudmr-broker-token-secret')),
    mayNot('logs:PutLogEvents', here('logs', 'log-group:/ecs/cloudmr-broker-broker:*')),
  ],
  ExecutionRole: [
    may('secretsmanager:GetSecretValue', here('secretsmanager', 'secret:cloudmr-broker-token-secret')),
    may('secretsmanager:GetSecretValue', here('secretsmanager', 'secret:cloudmr-broker-admin-password')),
    mayNot('secretsmanager:PutSecretValue', here('secretsmanager', 'secret:cloudmr-broker-token-secret')),
    may('logs:PutLogEvents', here('logs', 'log-group:/ecs/cloudmr-broker-broker:*')),
    mayNot('logs:PutLogEvents', here('logs', 'log-group:/ecs/other:*')),
    may('ecr:GetAuthorizationToken', '*'),
    may('ecr:BatchGetImage', here('ecr', 'repository/cloudmr-broker')),
    mayNot('ecr:BatchGetImage', here('ecr', 'repository/other')),
    mayNot('dynamodb:GetItem', TABLE),
  ],
  TickRole: [
    may('ecs:RunTask', here('ecs', 'task-definition/cloudmr-broker-broker:3'), {
      'ecs:cluster': here('ecs', 'cluster/cloudmr-broker-Cluster'),
    }),
    mayNot('ecs:RunTask', here('ecs', 'task-definition/cloudmr-broker-broker:3'), { 'ecs:cluster': CLUSTER }),
    mayNot('ecs:RunTask', DEFINITION, { 'ecs:cluster': here('ecs', 'cluster/cloudmr-broker-Cluster') }),
    may('iam:PassRole', role('cloudmr-broker-CloudMRBrainRole'), TASKS),
    mayNot('iam:PassRole', role('cloudmr-broker-CloudMRBrainRole'), {
      'iam:PassedToService': 'lambda.amazonaws.com',
    }),
    mayNot('iam:PassRole', role('admin'), TASKS),
    mayNot('dynamodb:GetItem', TABLE),
  ],
  TrailRole: [
    may('logs:CreateLogStream', here('logs', 'log-group:/cloudtrail/cloudmr-broker-broker:*')),
    may('logs:PutLogEvents', here('logs', 'log-group:/cloudtrail/cloudmr-broker-broker:*')),
    mayNot('logs:PutLogEvents', here('logs', 'log-group:/ecs/cloudmr-broker-broker:*')),
    mayNot('logs:DeleteLogGroup', here('logs', 'log-group:/cloudtrail/cloudmr-broker-broker:*')),
    mayNot('dynamodb:GetItem', TABLE),
  ],
};

for (const [stack, table] of [
  [WORKER, WORKER_TABLE],
  [BROKER, BROKER_TABLE],
] as const) {
  const short = (name: string): string => name.slice(stack.stackName.length + 1);
  t.test(`B4: the table speaks of every role of ${stack.stackName}`, async (t) => {
    t.same(stack.roles.map(({ name }) => short(name)).sort(), Object.keys(table).sort());
  });
  for (const found of stack.roles) {
    t.test(`B4: ${found.name} may what it needs, and nothing else`, async (t) => {
      t.same(wrongRows(found.policies, [...(table[short(found.name)] ?? []), ...NEVER]), []);
    });
  }
}

const nameIn = (roles: readonly RoleResource[], suffix: string): RoleResource =>
  roles.find(({ name }) => name.endsWith(suffix)) as RoleResource;

t.test(
  'B4: Mode 1 is entered by the broker only, and each service takes on its own roles only',
  async (t) => {
    const access = nameIn(WORKER.roles, 'CloudMRCrossAccountRole');
    t.equal(mayEnter(access, BROKER_ROLE_ARN), true);
    t.equal(mayEnter(access, role('admin')), false);
    t.equal(mayEnter(access, `arn:aws:iam::${ACCOUNT}:root`), false);
    t.equal(access.maxSessionSeconds, 3_600);
    for (const { name, trust } of [...WORKER.roles, ...BROKER.roles]) {
      if (name === access.name) continue;
      for (const { Principal } of trust.Statement)
        t.same(Object.keys(Principal as object), ['Service'], name);
    }
  },
);
