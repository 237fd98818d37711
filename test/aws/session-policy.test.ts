/** What a session of each purpose may do, as AWS takes it. */
import t from 'tap';
import { MAX_POLICY_CHARACTERS, type Purpose, sessionPolicy } from '../../src/aws/accounts/session-policy.ts';
import { sampleUnit } from '../helpers/samples.ts';

/** Whatever key the buckets have; the role's own policy names it. */
const KEYS = ['arn:aws:kms:us-east-1:222222222222:key/*'];
const PURPOSES: Purpose[] = [
  { kind: 'start' },
  { kind: 'observe' },
  { kind: 'check' },
  { kind: 'quotas' },
  { kind: 'presign', ownerId: 'u1' },
  { kind: 'remove', ownerId: 'u1' },
];

t.test('T17: start writes job documents and starts one state machine', async (t) => {
  t.same(sessionPolicy({ kind: 'start' }, sampleUnit()), {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['states:StartExecution'],
        Resource: ['arn:aws:states:us-east-1:222222222222:stateMachine:researcher-JobChooser'],
      },
      {
        Effect: 'Allow',
        Action: ['s3:PutObject'],
        Resource: ['arn:aws:s3:::researcher-data/mroptimum/*/job.json'],
      },
      { Effect: 'Allow', Action: ['kms:GenerateDataKey'], Resource: KEYS },
    ],
  });
});

t.test(
  'T17: observe follows the executions of that machine and looks at outcomes, not at data',
  async (t) => {
    const { Statement } = sessionPolicy({ kind: 'observe' }, sampleUnit());
    t.same(Statement, [
      {
        Effect: 'Allow',
        Action: ['states:DescribeExecution', 'states:StopExecution'],
        Resource: ['arn:aws:states:us-east-1:222222222222:execution:researcher-JobChooser:job-*'],
      },
      {
        Effect: 'Allow',
        Action: ['states:ListExecutions'],
        Resource: ['arn:aws:states:us-east-1:222222222222:stateMachine:researcher-JobChooser'],
      },
      {
        Effect: 'Allow',
        Action: ['s3:GetObject'],
        Resource: [
          'arn:aws:s3:::researcher-results/mroptimum/*',
          'arn:aws:s3:::researcher-failed/mroptimum/*',
        ],
      },
      {
        Effect: 'Allow',
        Action: ['s3:ListBucket'],
        Resource: ['arn:aws:s3:::researcher-results', 'arn:aws:s3:::researcher-failed'],
      },
      { Effect: 'Allow', Action: ['kms:Decrypt'], Resource: KEYS },
    ]);
  },
);

t.test('T17: presign and remove reach the objects of one owner only', async (t) => {
  const owned = ['data', 'results', 'failed'].map((kind) => `arn:aws:s3:::researcher-${kind}/mroptimum/u1/*`);
  const presign = sessionPolicy({ kind: 'presign', ownerId: 'u1' }, sampleUnit());
  t.same(
    presign.Statement.map(({ Action, Resource }) => [Action, Resource]),
    [
      [['s3:GetObject'], owned],
      [['s3:PutObject'], [owned[0]]],
      [['s3:ListBucket'], ['data', 'results', 'failed'].map((kind) => `arn:aws:s3:::researcher-${kind}`)],
      [['kms:Decrypt', 'kms:GenerateDataKey'], KEYS],
    ],
    'and only put where inputs lie',
  );
  const remove = sessionPolicy({ kind: 'remove', ownerId: 'u1' }, sampleUnit());
  t.same(remove.Statement, [
    { Effect: 'Allow', Action: ['s3:DeleteObject', 's3:AbortMultipartUpload'], Resource: owned },
  ]);
});

t.test('T17: quotas reads two quotas of one account and region, and nothing else', async (t) => {
  const { Statement } = sessionPolicy({ kind: 'quotas' }, sampleUnit());
  const arn = 'arn:aws:servicequotas:us-east-1:222222222222';
  const Resource = [`${arn}:fargate/L-3032A538`, `${arn}:lambda/L-B99A9384`];
  t.same(Statement, [{ Effect: 'Allow', Action: ['servicequotas:GetServiceQuota'], Resource }]);
});

t.test('one bucket for everything is named once, and partitions other than aws keep theirs', async (t) => {
  const unit = sampleUnit({
    dataBucket: 'one',
    resultsBucket: 'one',
    failedBucket: 'one',
    stateMachineArn: 'arn:aws-cn:states:cn-north-1:222222222222:stateMachine:m',
  });
  const { Statement } = sessionPolicy({ kind: 'remove', ownerId: 'u1' }, unit);
  t.same(Statement[0].Resource, ['arn:aws-cn:s3:::one/mroptimum/u1/*']);
});

t.test('the longest names that AWS allows still fit', async (t) => {
  const unit = sampleUnit({
    appId: 'a'.repeat(100),
    dataBucket: `d${'x'.repeat(62)}`,
    resultsBucket: `r${'x'.repeat(62)}`,
    failedBucket: `f${'x'.repeat(62)}`,
    stateMachineArn: `arn:aws-us-gov:states:us-gov-west-1:222222222222:stateMachine:${'m'.repeat(80)}`,
  });
  for (const purpose of PURPOSES) {
    const long: Purpose = 'ownerId' in purpose ? { ...purpose, ownerId: 'o'.repeat(100) } : purpose;
    const { length } = JSON.stringify(sessionPolicy(long, unit));
    t.ok(length <= MAX_POLICY_CHARACTERS, `${purpose.kind}: ${length}`);
  }
});

t.test('no policy allows a wildcard action or every resource', async (t) => {
  for (const purpose of PURPOSES) {
    for (const { Action, Resource } of sessionPolicy(purpose, sampleUnit()).Statement) {
      t.notOk(Action.some((action) => action.includes('*')));
      // That nobody may list all buckets is what the preflight looks at.
      if (Action.join() === 's3:ListAllMyBuckets') continue;
      t.notOk(Resource.some((resource) => resource === '*' || resource.startsWith('arn:aws:s3:::*')));
    }
  }
});

t.test('ids that would be patterns or policy variables are refused', async (t) => {
  const variable = '$' + '{aws:username}';
  for (const ownerId of ['*', 'a?', variable, '', 'a/b', 'ü', 'a"', 'a'.repeat(201)]) {
    const refused = { name: 'CloudError', problem: 'invalid', awsCode: 'UnsafeName' };
    t.throws(
      () => sessionPolicy({ kind: 'presign', ownerId }, sampleUnit()),
      refused,
      JSON.stringify(ownerId.slice(0, 20)),
    );
  }
  t.throws(() => sessionPolicy({ kind: 'presign', ownerId: 'u' }, sampleUnit({ appId: '*' })), {
    name: 'CloudError',
    problem: 'invalid',
  });
});

t.test('M21: the longest names of stacks and resources leave room below the limit of AWS', async (t) => {
  const stack = 's'.repeat(39);
  const ofStack = sampleUnit({
    appId: 'a'.repeat(32),
    region: 'ap-southeast-2',
    stateMachineArn: `arn:aws:states:ap-southeast-2:222222222222:stateMachine:${stack}-JobChooser`,
    dataBucket: `${stack}-data-222222222222`,
    resultsBucket: `${stack}-results-222222222222`,
    failedBucket: `${stack}-failed-222222222222`,
  });
  const ownNames = sampleUnit({
    appId: 'a'.repeat(32),
    region: 'us-gov-west-1',
    stateMachineArn: `arn:aws-us-gov:states:us-gov-west-1:222222222222:stateMachine:${'m'.repeat(80)}`,
    dataBucket: 'd'.repeat(63),
    resultsBucket: 'r'.repeat(63),
    failedBucket: 'f'.repeat(63),
  });
  const owner = '01JGK000000000000000USER00';
  for (const purpose of PURPOSES.map((each) => ('ownerId' in each ? { ...each, ownerId: owner } : each))) {
    const length = (unit: typeof ofStack) => JSON.stringify(sessionPolicy(purpose, unit)).length;
    // AWS packs policies too, by a rule that it does not tell: hence the distance.
    t.ok(length(ofStack) <= 0.8 * MAX_POLICY_CHARACTERS, `${purpose.kind}: ${length(ofStack)}`);
    t.ok(
      length(ownNames) <= MAX_POLICY_CHARACTERS,
      `${purpose.kind}, names of one's own: ${length(ownNames)}`,
    );
  }
});
