/** The Mode 2 template as a whole: rendered, small enough, named so that it fits or is refused, nothing secret in it. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import type { Resource } from '../../infra/local/template/names.ts';
import { nameOf } from '../../infra/local/template/names.ts';
import { MAX_STACK_NAME } from '../../infra/mode2-deployment/names.ts';
import { MAX_BODY_BYTES } from '../../infra/mode2-deployment/template-file.ts';
import { renderTemplate, TEMPLATES, type TemplateSource } from '../../infra/scripts/render-templates.ts';
import { bucketName, stateMachineArn } from '../../src/schemas/ids.ts';
import { broker, mode2, PLACE, REQUIRED, templateOf, worker } from './helpers/templates.ts';

const INFRA = new URL('../../infra/', import.meta.url);
const document = templateOf('mode2-deployment/template-mode2.yaml');
const declared = document['Resources'] as Record<string, Resource>;

t.test('the committed templates are what npm run infra:render writes', async (t) => {
  for (const [source, target] of Object.entries(TEMPLATES) as [TemplateSource, string][]) {
    t.ok(readFileSync(new URL(target, INFRA), 'utf8') === renderTemplate(source), target);
  }
});

t.test('the template fits into one request, so that no bucket is needed before it', async (t) => {
  const { length } = readFileSync(new URL('mode2-deployment/template-mode2.yaml', INFRA));
  t.ok(length <= MAX_BODY_BYTES, `${length} bytes`);
});

t.test('R71-R78: the parameters of the user guide, with their defaults', async (t) => {
  const parameters = document['Parameters'] as Record<string, Record<string, unknown>>;
  for (const name of ['CloudMRApiUrl', 'CloudMRUserToken', 'VpcId', 'SubnetId1', 'SubnetId2']) {
    t.equal(parameters[name]?.['Default'], undefined, name);
  }
  t.match(parameters, {
    ImageTag: { Default: 'latest' },
    ECSClusterName: { Default: 'mroptimum-mode2-cluster' },
    AppId: { Default: 'mroptimum' },
    VpcId: { Type: 'AWS::EC2::VPC::Id' },
    SubnetId1: { Type: 'AWS::EC2::Subnet::Id' },
    CloudMRUserToken: { NoEcho: true },
    ExternalId: { Default: undefined },
  });
  const form = (document['Metadata'] as Record<string, { ParameterGroups: { Parameters: string[] }[] }>)[
    'AWS::CloudFormation::Interface'
  ];
  const grouped = form.ParameterGroups.flatMap(({ Parameters }) => Parameters);
  t.same([...grouped].sort(), Object.keys(parameters).sort(), 'every parameter has its place in the form');
  for (const [name, { Description }] of Object.entries(parameters)) t.ok(Description, name);
});

t.test('R79, M27: what parameters take and refuse', async (t) => {
  const refused: [string, string][] = [
    ['CloudMRApiUrl', 'http://brain.example.org'],
    ['CloudMRUserToken', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlLW9mLWEtdG9rZW4'],
    ['ExternalId', ''],
    ['ExternalId', 'cloudmr-222222222222-mroptimum'],
    ['BrokerRoleArn', 'arn:aws:iam::111111111111:root'],
    ['ImageTag', 'newest'],
    ['LambdaMemory', '512'],
    ['FargateSize', '1-120'],
    ['KmsKeyArn', 'alias/mine'],
  ];
  for (const [name, value] of refused)
    t.throws(() => mode2({}, { [name]: value }), new RegExp(name), `${name}=${value}`);
  for (const ImageTag of ['latest', 'v2.3.1', 'abc1234']) t.ok(mode2({}, { ImageTag }), ImageTag);
});

t.test('R119: every size is one that Fargate has', async (t) => {
  const { isFargateSize } = await import('../../infra/local/runtime/fargate-sizes.ts');
  const sizes = (document['Mappings'] as Record<string, Record<string, { Cpu: string; Memory: string }>>)[
    'FargateSizes'
  ];
  const allowed = (document['Parameters'] as Record<string, { AllowedValues: string[] }>)['FargateSize']
    .AllowedValues;
  t.same(Object.keys(sizes), allowed);
  for (const [name, { Cpu, Memory }] of Object.entries(sizes))
    t.ok(isFargateSize(Number(Cpu), Number(Memory)), name);
  t.same(sizes['16-120'], { Cpu: '16384', Memory: '122880' });
});

/** Everything that must be there before a resource is begun. */
function waitsFor(logicalId: string, seen = new Set<string>()): Set<string> {
  const { DependsOn = [], ...rest } = declared[logicalId];
  const text = JSON.stringify(rest);
  const named = [...text.matchAll(/"Ref":"(\w+)"|"Fn::GetAtt":\["(\w+)"|\$\{(\w+)[}.]/g)].map(
    (m) => m[1] ?? m[2] ?? m[3],
  );
  for (const id of [...[DependsOn].flat(), ...named]) {
    if (!Object.hasOwn(declared, id) || seen.has(id)) continue;
    seen.add(id);
    waitsFor(id, seen);
  }
  return seen;
}

t.test('M21: a stack name that does not fit is refused before anything is created', async (t) => {
  for (const id of Object.keys(declared)) {
    if (id !== 'ResultsBucket') t.ok(waitsFor(id).has('ResultsBucket'), `${id} waits for the first bucket`);
  }
  t.equal(waitsFor('ResultsBucket').size, 0);
  const fits = (stackName: string) =>
    bucketName.safeParse(mode2({ stackName }).resources['ResultsBucket'].Properties['BucketName']).success;
  t.ok(fits('a'));
  t.ok(fits('a'.repeat(MAX_STACK_NAME)));
  t.notOk(fits('a'.repeat(128)), 'S3 refuses the name of the first resource');
  t.notOk(fits('MyStack'));
});

t.test(
  'B5: names of stacks of 1 and 39 characters, and the longest that the first bucket lets through, fit',
  async (t) => {
    const limits: Record<string, number> = {
      'AWS::Lambda::Function': 64,
      'AWS::SQS::Queue': 80,
      'AWS::S3::Bucket': 63,
      'AWS::ECS::Cluster': 255,
      'AWS::ECR::Repository': 256,
      'AWS::Logs::LogGroup': 512,
      'AWS::StepFunctions::StateMachine': 80,
      'AWS::ECS::TaskDefinition': 255,
    };
    for (const length of [1, MAX_STACK_NAME, 42]) {
      const place = { ...PLACE, stackName: 'a'.repeat(length) };
      const { resources, outputs } = mode2(place);
      for (const [id, resource] of Object.entries(resources)) {
        const limit = limits[resource.Type];
        if (limit) t.ok(nameOf(id, resource, place).length <= limit, `${id} at ${length}`);
        t.notOk(
          resource.Type === 'AWS::IAM::Role' && resource.Properties['RoleName'],
          `${id}: CloudFormation names it`,
        );
      }
      t.ok(stateMachineArn.safeParse(outputs['StateMachineArn']).success);
    }
  },
);

t.test('M20: two stacks in one account and region share no name', async (t) => {
  const names = (stackName: string) => {
    const place = { ...PLACE, stackName };
    return Object.entries(mode2(place).resources)
      .filter(([, { Properties }]) => Object.keys(Properties).some((key) => /Name$|^Family$/.test(key)))
      .map(([id, resource]) => `${resource.Type} ${nameOf(id, resource, place)}`);
  };
  const second = new Set(names('lab-2'));
  t.same(
    names('mroptimum-mode2').filter((name) => second.has(name)),
    [],
  );
  t.equal(mode2().outputs['ECSClusterName'], 'mroptimum-mode2-cluster');
  t.equal(mode2({ stackName: 'lab-2' }).outputs['ECSClusterName'], 'lab-2-cluster');
  t.equal(mode2({}, { ECSClusterName: 'mine' }).outputs['ECSClusterName'], 'mine');
});

t.test('M26: in China and GovCloud every ARN and host is of the partition', async (t) => {
  for (const [partition, region] of [
    ['aws-cn', 'cn-north-1'],
    ['aws-us-gov', 'us-gov-west-1'],
  ]) {
    const text = JSON.stringify(
      mode2({ partition, region }, { BrokerRoleArn: `arn:${partition}:iam::111111111111:role/r` }),
    );
    t.notMatch(text, /arn:aws:/, partition);
    t.match(text, `arn:${partition}:states:::lambda:invoke`);
  }
});

t.test('M5, M10: the enrolment code is in no environment, parameter, output or policy', async (t) => {
  const { resources, outputs } = mode2();
  const holders = Object.entries(resources).filter(([, resource]) =>
    JSON.stringify(resource).includes(REQUIRED.CloudMRUserToken),
  );
  t.same(
    holders.map(([id]) => id),
    ['ComputingUnit'],
  );
  t.notMatch(JSON.stringify(outputs), REQUIRED.CloudMRUserToken);
});

t.test('T32, M16-M19: buckets are closed, encrypted, versioned and kept', async (t) => {
  for (const kind of ['Data', 'Results', 'Failed']) {
    const { Properties, DeletionPolicy } = mode2().resources[`${kind}Bucket`];
    t.equal(DeletionPolicy, 'RetainExceptOnCreate');
    t.match(Properties, {
      BucketName: `mroptimum-mode2-${kind.toLowerCase()}-222222222222`,
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
      VersioningConfiguration: { Status: 'Enabled' },
      LifecycleConfiguration: { Rules: [{ NoncurrentVersionExpiration: { NoncurrentDays: 7 } }] },
      CorsConfiguration: {
        CorsRules: [
          {
            AllowedOrigins: [
              'https://cloudmrhub.com',
              'https://www.cloudmrhub.com',
              'https://brain.example.org',
            ],
          },
        ],
      },
    });
    const policy = JSON.stringify(mode2().resources[`${kind}BucketPolicy`].Properties);
    t.match(policy, '"aws:SecureTransport":"false"');
    t.match(policy, '"s3:signatureAge":3600000');
  }
  const algorithm = (parameters: Record<string, string>) =>
    JSON.stringify(mode2({}, parameters).resources['DataBucket'].Properties).match(
      /"SSEAlgorithm":"([^"]+)"/,
    )?.[1];
  t.equal(algorithm({}), 'AES256');
  t.equal(algorithm({ KmsKeyArn: 'arn:aws:kms:us-west-2:222222222222:key/1-2' }), 'aws:kms');
  const rules = (parameters: Record<string, string>) =>
    (
      mode2({}, parameters).resources['ResultsBucket'].Properties['LifecycleConfiguration'] as {
        Rules: object[];
      }
    ).Rules;
  t.match(rules({})[1], { ExpirationInDays: '90' });
  t.equal(rules({ ResultsRetentionDays: '0' }).length, 1, 'kept');
});

t.test(
  'R36, M11, M28: every end of an execution and every result is told, retried, dead-lettered, and rings',
  async (t) => {
    const { resources } = mode2();
    t.match(resources['ExecutionEndedRule'].Properties['EventPattern'], {
      'detail-type': ['Step Functions Execution Status Change'],
      detail: { status: ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'] },
    });
    t.match(resources['ObjectCreatedRule'].Properties['EventPattern'], {
      detail: {
        object: { key: [{ wildcard: 'mroptimum/*/result.zip' }, { wildcard: 'mroptimum/*/failure.zip' }] },
      },
    });
    for (const rule of ['ExecutionEndedRule', 'ObjectCreatedRule']) {
      t.match(resources[rule].Properties['Targets'], [
        { RetryPolicy: { MaximumRetryAttempts: 185 }, DeadLetterConfig: {} },
      ]);
    }
    t.match(resources['CallbackRetries'].Properties, { DestinationConfig: { OnFailure: {} } });
    t.match(resources['CallbackAlarm'].Properties['Dimensions'], [
      { Value: 'mroptimum-mode2-callback-dead-letters' },
    ]);
  },
);

t.test(
  'R36: Mode 1 tells every end of an execution by the same rule, and its dead letters ring',
  async (t) => {
    const [mode1, own, platform] = [worker(), mode2(), broker()];
    const rule = (of: typeof own) => of.resources['ExecutionEndedRule'].Properties;
    t.same(rule(mode1)['EventPattern'], {
      source: ['aws.states'],
      'detail-type': ['Step Functions Execution Status Change'],
      detail: {
        stateMachineArn: ['arn:aws:states:us-west-2:222222222222:stateMachine:mroptimum-app-JobChooser'],
        status: ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'],
      },
    });
    const target = (of: typeof own) => (rule(of)['Targets'] as Record<string, unknown>[])[0];
    t.same(target(mode1)['RetryPolicy'], target(own)['RetryPolicy']);
    t.match(target(mode1), {
      Arn: 'arn:aws:lambda:us-west-2:222222222222:function:mroptimum-app-Callback',
      DeadLetterConfig: { Arn: 'arn:aws:sqs:us-west-2:222222222222:mroptimum-app-callback-dead-letters' },
    });
    t.same(mode1.resources['ExecutionEndedPermission'].Properties, {
      Action: 'lambda:InvokeFunction',
      FunctionName: 'mroptimum-app-Callback',
      Principal: 'events.amazonaws.com',
      SourceArn: 'arn:aws:events:us-west-2:222222222222:rule/mroptimum-app-ExecutionEndedRule',
    });
    const { ImageConfig, Environment } = mode1.resources['CallbackFunction'].Properties;
    t.same(ImageConfig, own.resources['CallbackFunction'].Properties['ImageConfig']);
    t.match(Environment, { Variables: { CLOUDMR_API_URL: 'https://brain.example.org' } });
    t.match(mode1.resources['CallbackRetries'].Properties, { DestinationConfig: { OnFailure: {} } });
    t.same(platform.resources['UntoldEndsAlarm'].Properties['Dimensions'], [
      { Name: 'QueueName', Value: mode1.resources['CallbackDeadLetters'].Properties['QueueName'] },
    ]);
  },
);

t.test('T28: what runs is pinned by digest, in a file system that cannot be written', async (t) => {
  const { resources } = mode2();
  for (const id of ['RunJobLambda', 'PlatformSelectorFunction', 'ReportFunction', 'CallbackFunction']) {
    t.match(resources[id].Properties['Code'], { ImageUri: 'WorkerImage.LambdaImageUri' });
  }
  t.match(resources['RunJobTaskDefinition'].Properties['ContainerDefinitions'], [
    { Name: 'worker', Image: 'WorkerImage.FargateImageUri', ReadonlyRootFilesystem: true, StopTimeout: 30 },
  ]);
});
