/** Every role of the Mode 2 template against a table of what it may and may not do. */
import t from 'tap';
import type { RoleResource } from '../../infra/local/contract.ts';
import { stackDocumentOf } from '../../infra/local/template/stack-document.ts';
import { may, mayEnter, mayNot, neverOn, type Row, wrongRows } from './helpers/questions.ts';
import { ACCOUNT, KEY_ARN, mode2, REQUIRED } from './helpers/templates.ts';

const STACK = stackDocumentOf(mode2());
const bucket = (kind: string, key = ''): string => `arn:aws:s3:::mroptimum-mode2-${kind}-${ACCOUNT}${key}`;
const here = (service: string, rest: string): string => `arn:aws:${service}:us-west-2:${ACCOUNT}:${rest}`;
const role = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/mroptimum-mode2-${name}`;
const JOB = '/mroptimum/user-1/job-1/0';

const NEVER = ['data', 'results', 'failed'].flatMap((kind) => [
  ...neverOn((key) => bucket(kind, key), `${JOB}/result.zip`),
  mayNot('s3:GetObject', 'arn:aws:s3:::somebody-else/mroptimum/file.h5'),
]);
const NOTHING_ELSE = [
  mayNot('iam:CreateRole', role('x')),
  mayNot('iam:PutRolePolicy', role('WorkerRole')),
  mayNot('s3:ListAllMyBuckets', '*'),
  mayNot('sts:AssumeRole', `arn:aws:iam::333333333333:role/any`),
  mayNot('secretsmanager:GetSecretValue', here('secretsmanager', 'secret:any')),
  mayNot('lambda:UpdateFunctionCode', here('lambda', 'function:mroptimum-mode2-RunJob')),
];

const MACHINE = here('states', 'stateMachine:mroptimum-mode2-JobChooser');
const EXECUTION = here('states', 'execution:mroptimum-mode2-JobChooser:job-1-0');
const CLUSTER = here('ecs', 'cluster/mroptimum-mode2-cluster');
const DEFINITION = here('ecs', 'task-definition/mroptimum-mode2-worker');
const READ = { functionLog: here('logs', 'log-group:/aws/lambda/mroptimum-mode2:*') };

const TABLE: Record<string, Row[]> = {
  WorkerRole: [
    may('s3:GetObject', bucket('data', `${JOB}/job.json`)),
    may('s3:PutObject', bucket('results', `${JOB}/result.zip`)),
    may('s3:PutObject', bucket('failed', `${JOB}/failure.zip`)),
    may('s3:AbortMultipartUpload', bucket('results', `${JOB}/result.zip`)),
    may('s3:ListBucket', bucket('data')),
    may('logs:PutLogEvents', READ.functionLog),
    mayNot('s3:PutObject', bucket('data', `${JOB}/job.json`)),
    mayNot('s3:DeleteObject', bucket('results', `${JOB}/result.zip`)),
    mayNot('s3:GetObject', bucket('results', `${JOB}/result.zip`)),
    mayNot('states:StartExecution', MACHINE),
    mayNot('logs:PutLogEvents', here('logs', 'log-group:/aws/lambda/other:*')),
  ],
  StepRole: [
    may('s3:GetObject', bucket('data', `${JOB}/job.json`)),
    may('s3:GetObject', bucket('results', `${JOB}/run.json`)),
    may('s3:GetObject', bucket('failed', `${JOB}/failure.json`)),
    mayNot('s3:PutObject', bucket('results', `${JOB}/result.zip`)),
    mayNot('s3:PutObject', bucket('data', `${JOB}/job.json`)),
    mayNot('s3:DeleteObject', bucket('data', `${JOB}/job.json`)),
  ],
  FargateExecutionRole: [
    may('logs:PutLogEvents', here('logs', 'log-group:/ecs/mroptimum-mode2-fargate:*')),
    mayNot('logs:PutLogEvents', READ.functionLog),
    mayNot('s3:GetObject', bucket('data', `${JOB}/job.json`)),
  ],
  StateMachineRole: [
    ...['SelectPlatform', 'RunJob', 'Report'].map((name) =>
      may('lambda:InvokeFunction', here('lambda', `function:mroptimum-mode2-${name}`)),
    ),
    may('lambda:InvokeFunction', here('lambda', 'function:mroptimum-mode2-RunJob:7')),
    mayNot('lambda:InvokeFunction', here('lambda', 'function:mroptimum-mode2-RunJobs')),
    mayNot('lambda:InvokeFunction', here('lambda', 'function:mroptimum-mode2-Registration')),
    may('ecs:RunTask', `${DEFINITION}:7`, { 'ecs:cluster': CLUSTER }),
    mayNot('ecs:RunTask', `${DEFINITION}:7`, { 'ecs:cluster': here('ecs', 'cluster/other') }),
    mayNot('ecs:RunTask', here('ecs', 'task-definition/other:1'), { 'ecs:cluster': CLUSTER }),
    may('ecs:StopTask', here('ecs', 'task/mroptimum-mode2-cluster/abc')),
    mayNot('ecs:StopTask', here('ecs', 'task/other/abc')),
    may('iam:PassRole', role('WorkerRole'), { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' }),
    mayNot('iam:PassRole', role('WorkerRole'), { 'iam:PassedToService': 'ec2.amazonaws.com' }),
    mayNot('iam:PassRole', role('CloudMRCrossAccountRole'), {
      'iam:PassedToService': 'ecs-tasks.amazonaws.com',
    }),
    may('events:PutRule', here('events', 'rule/StepFunctionsGetEventsForECSTaskRule')),
    mayNot('events:PutRule', here('events', 'rule/other')),
    mayNot('s3:GetObject', bucket('data', `${JOB}/job.json`)),
  ],
  CloudMRCrossAccountRole: [
    may('states:StartExecution', MACHINE),
    may('states:DescribeStateMachine', MACHINE),
    may('states:ListExecutions', MACHINE),
    may('states:ListTagsForResource', MACHINE),
    may('servicequotas:GetServiceQuota', here('servicequotas', 'fargate/L-3032A538')),
    may('servicequotas:GetServiceQuota', here('servicequotas', 'lambda/L-B99A9384')),
    mayNot('servicequotas:GetServiceQuota', here('servicequotas', 'ec2/L-1216C47A')),
    mayNot('servicequotas:RequestServiceQuotaIncrease', here('servicequotas', 'fargate/L-3032A538')),
    mayNot('states:ListExecutions', here('states', 'stateMachine:other')),
    may('states:DescribeExecution', EXECUTION),
    may('states:StopExecution', EXECUTION),
    mayNot('states:StopExecution', here('states', 'execution:mroptimum-mode2-JobChooser:by-hand')),
    mayNot('states:StartExecution', here('states', 'stateMachine:other')),
    mayNot('states:GetExecutionHistory', EXECUTION),
    mayNot('states:UpdateStateMachine', MACHINE),
    may('s3:PutObject', bucket('data', `${JOB}/job.json`)),
    may('s3:GetObject', bucket('results', `${JOB}/result.zip`)),
    may('s3:DeleteObject', bucket('results', `${JOB}/result.zip`)),
    may('s3:PutObject', bucket('results', '/mroptimum/preflight/probe')),
    mayNot('s3:PutObject', bucket('results', `${JOB}/result.zip`)),
    mayNot('s3:PutObject', bucket('failed', `${JOB}/failure.zip`)),
    mayNot('lambda:InvokeFunction', here('lambda', 'function:mroptimum-mode2-RunJob')),
    mayNot('ecs:RunTask', DEFINITION, { 'ecs:cluster': CLUSTER }),
    mayNot('kms:Decrypt', KEY_ARN, { 'kms:ViaService': 's3.us-west-2.amazonaws.com' }),
  ],
  CallbackRole: [
    may('s3:GetObject', bucket('data', `${JOB}/job.json`)),
    mayNot('s3:GetObject', bucket('data', '/mroptimum/user-1/uploads/scan.h5')),
    mayNot('s3:GetObject', bucket('results', `${JOB}/result.zip`)),
    may('sqs:SendMessage', here('sqs', 'mroptimum-mode2-callback-dead-letters')),
    mayNot('sqs:SendMessage', here('sqs', 'other')),
  ],
  CloudMRRegistrationRole: [
    may('ecr:GetAuthorizationToken', '*'),
    may('ecr:PutImage', here('ecr', 'repository/mroptimum-mode2-worker')),
    mayNot('ecr:PutImage', here('ecr', 'repository/other')),
    mayNot('ecr:DeleteRepository', here('ecr', 'repository/mroptimum-mode2-worker')),
    may('ssm:PutParameter', here('ssm', 'parameter/mroptimum-mode2/computing-unit')),
    mayNot('ssm:GetParameter', here('ssm', 'parameter/other')),
    mayNot('s3:GetObject', bucket('data', `${JOB}/job.json`)),
  ],
};

t.test('the table speaks of every role of the template', async (t) => {
  t.same(
    STACK.roles.map(({ name }) => name.replace('mroptimum-mode2-', '')).sort(),
    Object.keys(TABLE).sort(),
  );
});

for (const [name, rows] of Object.entries(TABLE)) {
  t.test(`${name} may what it needs, and nothing else`, async (t) => {
    t.same(wrongRows(roleOf(name).policies, [...rows, ...NEVER, ...NOTHING_ELSE]), []);
  });
}

t.test('M22, M23: the broker may ask for a run and stop it, and never overwrite its result', async (t) => {
  const { policies } = roleOf('CloudMRCrossAccountRole');
  const rows = [
    may('states:DescribeExecution', EXECUTION),
    may('states:StopExecution', EXECUTION),
    ...['results', 'failed'].flatMap((kind) => [
      mayNot('s3:PutObject', bucket(kind, `${JOB}/result.zip`)),
      mayNot('s3:PutObject', bucket(kind, `${JOB}/failure.zip`)),
    ]),
  ];
  t.same(wrongRows(policies, rows), []);
});

t.test('no statement says * where AWS knows an ARN', async (t) => {
  const unnameable =
    /^(logs:(\w+LogDelivery|ListLogDeliveries|Describe\w+|PutResourcePolicy)|xray:\w+|ecr:GetAuthorizationToken)$/;
  for (const { name, policies } of STACK.roles) {
    for (const statement of policies.flatMap(({ Statement }) => Statement)) {
      const actions = [statement.Action ?? []].flat();
      t.notOk(
        actions.some((action) => action.includes('*')),
        `${name}: ${actions}`,
      );
      if ([statement.Resource].flat().includes('*')) {
        t.ok(
          actions.every((action) => unnameable.test(action)),
          `${name}: ${actions}`,
        );
      }
    }
  }
});

t.test('only the broker enters, only with the external ID, for an hour at most', async (t) => {
  const role = roleOf('CloudMRCrossAccountRole');
  const { BrokerRoleArn, ExternalId } = REQUIRED;
  t.equal(mayEnter(role, BrokerRoleArn, ExternalId), true);
  t.equal(mayEnter(role, BrokerRoleArn), false, 'without an external ID');
  t.equal(mayEnter(role, BrokerRoleArn, 'cloudmr-222222222222-mroptimum-mode2'), false);
  t.equal(mayEnter(role, 'arn:aws:iam::111111111111:root', ExternalId), false, 'the account of the broker');
  t.equal(role.maxSessionSeconds, 3_600);
});

t.test('a key of one’s own may be used through S3 only, by the roles that touch objects', async (t) => {
  const { roles } = stackDocumentOf(mode2({}, { KmsKeyArn: KEY_ARN }));
  const viaS3 = { 'kms:ViaService': 's3.us-west-2.amazonaws.com' };
  const keyRows = [
    may('kms:GenerateDataKey', KEY_ARN, viaS3),
    may('kms:Decrypt', KEY_ARN, viaS3),
    mayNot('kms:Decrypt', KEY_ARN),
    mayNot('kms:Decrypt', `${KEY_ARN.slice(0, -1)}6`, viaS3),
    mayNot('kms:ScheduleKeyDeletion', KEY_ARN, viaS3),
  ];
  const users = ['WorkerRole', 'StepRole', 'CallbackRole', 'CloudMRCrossAccountRole'];
  for (const { name, policies } of roles) {
    const uses = users.some((user) => name.endsWith(user));
    t.same(wrongRows(policies, uses ? keyRows : [mayNot('kms:Decrypt', KEY_ARN, viaS3)]), [], name);
  }
});

function roleOf(name: string): RoleResource {
  const found = STACK.roles.find((role) => role.name === `mroptimum-mode2-${name}`);
  if (!found) throw new Error(`no role ${name}`);
  return found;
}
