/**
 * The broker's stack, made, taken away and made again under its name, as the workflow makes it, with the real `aws` against
 * moto: what it has kept is there again, as it was.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOCAL_REGION } from '../../infra/local/launch.ts';
import { withKeptNames } from '../../infra/scripts/platform/kept-names.ts';

const ROOT = join(import.meta.dirname, '../..');
const STACK = 'cloudmr-broker';

/** One operation of the real `aws`. */
// biome-ignore lint/suspicious/noExplicitAny: whatever AWS answers
type AwsCall = (...args: string[]) => any;

/** Runs it; afterwards nothing of it is left. */
export function brokerStack(env: Record<string, string>, accountId: string, aws: AwsCall): void {
  const place = { stackName: STACK, accountId, region: LOCAL_REGION };
  const { names } = withKeptNames(readFileSync(join(ROOT, 'infra/broker/template.yaml'), 'utf8'), place);
  const [first, second] = aws('ec2', 'describe-subnets').Subnets;
  const parameters = {
    DomainName: 'broker.example.org',
    CertificateArn: aws('acm', 'request-certificate', '--domain-name', 'broker.example.org').CertificateArn,
    ImageUri: `${accountId}.dkr.ecr.${LOCAL_REGION}.amazonaws.com/cloudmr-broker@sha256:${'c'.repeat(64)}`,
    VpcId: first.VpcId,
    VpcCidr: '172.31.0.0/16',
    SubnetId1: first.SubnetId,
    SubnetId2: second.SubnetId,
    AdminEmail: 'admin@example.org',
    AlarmEmail: 'alarm@example.org',
  };
  const create = (): string => {
    const args = ['--import', 'tsx', 'infra/scripts/platform/create-broker.ts', STACK, LOCAL_REGION, ''];
    const pairs = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
    const done = spawnSync(process.execPath, [...args, ...pairs], { cwd: ROOT, env, encoding: 'utf8' });
    assert.equal(done.status, 0, done.stdout + done.stderr);
    return done.stdout;
  };
  const parametersNow = (): Record<string, string> =>
    Object.fromEntries(
      aws('cloudformation', 'describe-stacks', '--stack-name', STACK).Stacks[0].Parameters.map(
        (each: { ParameterKey: string; ParameterValue: string }) => [each.ParameterKey, each.ParameterValue],
      ),
    );
  const table = ['--table-name', names['Table']];
  const key = { pk: { S: 'JOB#1' }, sk: { S: 'JOB' } };
  const item = { ...key, state: { S: 'succeeded' } };
  const SECRETS = ['token-secret', 'admin-password'];
  const secrets = (): string[] =>
    SECRETS.map(
      (name) => aws('secretsmanager', 'get-secret-value', '--secret-id', `${STACK}-${name}`).SecretString,
    );

  assert.doesNotMatch(create(), /taken over/, 'nothing was there');
  aws('dynamodb', 'put-item', ...table, '--item', JSON.stringify(item));
  aws(
    's3api',
    'put-object',
    '--bucket',
    names['DataBucket'],
    '--key',
    'scan.h5',
    '--body',
    join(ROOT, 'package.json'),
  );
  // moto does not make secrets of a stack.
  for (const name of SECRETS)
    aws('secretsmanager', 'create-secret', '--name', `${STACK}-${name}`, '--secret-string', `of-${name}`);
  const before = secrets();
  takeAway(aws);

  const said = create();
  for (const name of SECRETS) assert.match(said, new RegExp(`${name} is there`));
  assert.deepEqual(
    aws('dynamodb', 'get-item', ...table, '--key', JSON.stringify(key)).Item,
    item,
    'its data',
  );
  assert.equal(aws('s3api', 'list-objects-v2', '--bucket', names['DataBucket']).KeyCount, 1);
  assert.deepEqual(secrets(), before, 'its secrets');
  assert.match(parametersNow()['TokenSecretArn'], /:secret:cloudmr-broker-token-secret/);
  console.log(`the broker's stack: made, taken away, made again over ${Object.values(names).join(', ')}`);

  takeAway(aws);
  // Out of the way of the run that follows.
  aws('dynamodb', 'update-table', ...table, '--no-deletion-protection-enabled');
  aws('dynamodb', 'delete-table', ...table);
  for (const bucket of ['DataBucket', 'ResultsBucket', 'FailedBucket']) {
    const { Versions = [] } = aws('s3api', 'list-object-versions', '--bucket', names[bucket]);
    for (const { Key, VersionId } of Versions)
      aws('s3api', 'delete-object', '--bucket', names[bucket], '--key', Key, '--version-id', VersionId);
  }
  for (const { Name } of aws('s3api', 'list-buckets').Buckets)
    aws('s3api', 'delete-bucket', '--bucket', Name);
  for (const { RoleName } of aws('iam', 'list-roles').Roles) {
    for (const policy of aws('iam', 'list-role-policies', '--role-name', RoleName).PolicyNames)
      aws('iam', 'delete-role-policy', '--role-name', RoleName, '--policy-name', policy);
    aws('iam', 'delete-role', '--role-name', RoleName);
  }
  for (const { logGroupName } of aws('logs', 'describe-log-groups').logGroups)
    aws('logs', 'delete-log-group', '--log-group-name', logGroupName);
}

/** What protects itself is let go first; the rest is CloudFormation's. */
function takeAway(aws: AwsCall): void {
  for (const { LoadBalancerArn } of aws('elbv2', 'describe-load-balancers').LoadBalancers)
    aws(
      'elbv2',
      'modify-load-balancer-attributes',
      '--load-balancer-arn',
      LoadBalancerArn,
      '--attributes',
      'Key=deletion_protection.enabled,Value=false',
    );
  aws('cloudformation', 'delete-stack', '--stack-name', STACK);
}
