/**
 * `node --import tsx .ci/mode2/main.ts PYTHON`: deploy-mode2.sh without a person, with the real `aws`, against moto:
 * create, update, delete, some of it as `cloudmr` commands. In between the registration function of the template runs against a live broker on the
 * embedded cloud, where the roles and the state machine of the template are in force: the unit becomes ready, a job runs.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { LOCAL_REGION, RESEARCHER_ACCOUNT } from '../../infra/local/launch.ts';
import { ended, fileReference, submitReferences } from '../../test/helpers/laptop.ts';
import { openPlace } from './place.ts';
import { platformScripts } from './platform.ts';

const [python = 'python3'] = process.argv.slice(2);
const ROOT = join(import.meta.dirname, '../..');
const DEPLOY = join(ROOT, 'infra/mode2-deployment/deploy-mode2.sh');
const CLOUDMR = join(ROOT, 'bin/cloudmr.js');
const PHANTOM = join(ROOT, 'infra/local/phantom/phantom.h5');
const STACK = 'lab-mroptimum';
const BUCKETS = ['results', 'failed', 'data'].map((kind) => `${STACK}-${kind}-${RESEARCHER_ACCOUNT}`);

const place = await openPlace(python);
const env = { ...place.env, CLOUDMR_API_URL: place.brokerUrl, CLOUDMR_STACK_NAME: STACK };

/** Runs deploy-mode2.sh with a token. */
const deploy = (args: string[]) => run(DEPLOY, args, { CLOUDMR_TOKEN: place.token });
/** The same program as the `cloudmr` command has it, with the session of its login. */
const cloudmr = (args: string[], stdin = '') => run(CLOUDMR, args, {}, stdin);

/** Runs a program; its words go to this terminal, its document comes back. */
async function run(program: string, args: string[], more: Record<string, string>, stdin = '') {
  console.log(`== ${basename(program)} ${args.join(' ')}`);
  const child = spawn(program, [...args, '--json'], {
    env: { ...env, ...more },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(stdin);
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => (out += chunk));
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.doesNotMatch(out, new RegExp(place.token), 'no token in the document');
  return { code, answer: JSON.parse(out) };
}

/** One operation of the real `aws` against moto. */
function aws(...args: string[]) {
  const done = spawnSync('aws', [...args, '--region', LOCAL_REGION, '--output', 'json'], {
    env,
    encoding: 'utf8',
  });
  assert.equal(done.status, 0, done.stderr);
  return done.stdout.trim() === '' ? {} : JSON.parse(done.stdout);
}

async function job(computingUnitId: string) {
  const unit = { mode: 'mode_2', account: RESEARCHER_ACCOUNT, computingUnitId } as const;
  const signal = await fileReference(place.researcher, PHANTOM, unit);
  return ended(place.researcher, await submitReferences(place.researcher, unit, { signal }));
}

try {
  await platformScripts(env, RESEARCHER_ACCOUNT, aws);

  // A fresh account of moto has a default VPC without a way to the internet.
  const refused = await deploy(['deploy', '--yes']);
  assert.equal(refused.answer.code, 'no_public_subnets', JSON.stringify(refused.answer));
  assert.deepEqual(aws('cloudformation', 'list-stacks').StackSummaries, [], 'no half-made stack');
  const { Vpcs } = aws('ec2', 'describe-vpcs');
  const gateway = aws('ec2', 'create-internet-gateway').InternetGateway.InternetGatewayId;
  aws('ec2', 'attach-internet-gateway', '--internet-gateway-id', gateway, '--vpc-id', Vpcs[0].VpcId);
  const { RouteTables } = aws('ec2', 'describe-route-tables');
  aws(
    'ec2',
    'create-route',
    '--route-table-id',
    RouteTables[0].RouteTableId,
    '--destination-cidr-block',
    '0.0.0.0/0',
    '--gateway-id',
    gateway,
  );

  const dry = await deploy(['deploy', '--yes', '--dry-run']);
  assert.equal(dry.code, 0, JSON.stringify(dry.answer));
  assert.deepEqual(live(aws('cloudformation', 'list-stacks').StackSummaries), [], 'a dry run leaves nothing');

  const key = aws('kms', 'create-key').KeyMetadata.Arn;
  const first = ['deploy', '--yes', '--image-tag', 'v1.2.3', '--kms-key-arn', key];
  const made = await deploy([...first, '--wait', '120']);
  assert.equal(made.code, 0, JSON.stringify(made.answer));
  assert.equal(made.answer.status, 'CREATE_COMPLETE');
  assert.equal(made.answer.unit.status, 'ready', JSON.stringify(made.answer.unit));
  const failed = made.answer.unit.checks.filter(({ status }: { status: string }) => status === 'failed');
  assert.deepEqual(failed, []);
  const unitId = made.answer.outputs.ComputingUnitId;
  for (const Bucket of BUCKETS) {
    const { ServerSideEncryptionConfiguration: encryption } = aws(
      's3api',
      'get-bucket-encryption',
      '--bucket',
      Bucket,
    );
    const { SSEAlgorithm, KMSMasterKeyID } = encryption.Rules[0].ApplyServerSideEncryptionByDefault;
    assert.deepEqual([SSEAlgorithm, KMSMasterKeyID], ['aws:kms', key], Bucket);
  }
  assert.equal(unitId, made.answer.unit.computingUnitId, 'registered by the stack itself');

  const done = await job(unitId);
  assert.equal(done.state, 'succeeded', JSON.stringify(done.failure));
  console.log(`job ${done.state}, median SNR ${done.summary?.medianSnr}`);

  const signedIn = await cloudmr(
    ['login', '--url', place.brokerUrl, '--email', 'researcher@example.org'],
    `${place.password}\n`,
  );
  assert.equal(signedIn.code, 0, JSON.stringify(signedIn.answer));
  const healthy = await cloudmr(['doctor']);
  assert.equal(healthy.code, 0, JSON.stringify(healthy.answer));
  assert.equal(healthy.answer.command, 'doctor');

  const updated = await cloudmr(['deploy-mode2', 'update', '--yes', '--image-tag', 'v1.3.0', '--wait', '0']);
  assert.equal(updated.code, 0, JSON.stringify(updated.answer));
  assert.equal(updated.answer.status, 'UPDATE_COMPLETE');
  assert.equal(updated.answer.unit.computingUnitId, unitId, 'the same unit');
  const { parameters } = stack();
  assert.equal(parameters.ImageTag, 'v1.3.0');
  assert.equal(parameters.ExternalId, made.answer.outputs.ExternalId, 'the external ID stays');

  const verified = await deploy(['register', '--wait', '0']);
  assert.equal(verified.answer.registered, 'before');

  await looksOf(unitId);
  aws('s3api', 'put-object', '--bucket', BUCKETS[2], '--key', 'mroptimum/scan.h5', '--body', PHANTOM);
  aws('s3api', 'put-object', '--bucket', BUCKETS[2], '--key', 'mroptimum/scan.h5', '--body', PHANTOM);
  const gone = await cloudmr(['destroy', '--yes']);
  assert.equal(gone.code, 0, JSON.stringify(gone.answer));
  assert.deepEqual([...gone.answer.retained].sort(), [...BUCKETS].sort(), 'the data stays');
  assert.deepEqual(live(aws('cloudformation', 'list-stacks').StackSummaries), []);
  assert.deepEqual(aws('lambda', 'list-functions').Functions, []);
  assert.deepEqual(aws('stepfunctions', 'list-state-machines').stateMachines, []);
  assert.deepEqual(aws('iam', 'list-roles').Roles, []);
  assert.deepEqual(aws('ecr', 'describe-repositories').repositories, []);
  assert.deepEqual(aws('ssm', 'describe-parameters').Parameters, []);
  const { computingUnits } = await place.researcher.call<{ computingUnits: { computingUnitId: string }[] }>(
    'GET',
    '/api/computing-unit/list',
  );
  assert.ok(!computingUnits.some(({ computingUnitId }) => computingUnitId === unitId), 'off the broker');

  // The buckets that have stayed are taken over, with what they hold; nobody has to delete data to deploy again.
  const again = await deploy([...first, '--wait', '120']);
  assert.equal(again.answer.status, 'CREATE_COMPLETE', JSON.stringify(again.answer));
  assert.equal(again.answer.unit.status, 'ready', JSON.stringify(again.answer.unit));
  const kept = aws('s3api', 'list-object-versions', '--bucket', BUCKETS[2], '--prefix', 'mroptimum/scan.h5');
  assert.ok(kept.Versions.length >= 1, 'what was there');
  assert.equal((await job(again.answer.outputs.ComputingUnitId)).state, 'succeeded');
  const changed = await deploy(['update', '--yes', '--image-tag', 'v1.4.0', '--wait', '0']);
  assert.equal(changed.answer.status, 'UPDATE_COMPLETE', JSON.stringify(changed.answer));

  const erased = await deploy(['destroy', '--yes', '--delete-data']);
  assert.equal(erased.code, 0, JSON.stringify(erased.answer));
  assert.deepEqual(aws('s3api', 'list-buckets').Buckets, [], 'nothing is left');
  console.log(
    'Mode 2 on moto: created, registered, ran a job, updated, verified, destroyed, deployed again over its data',
  );
} finally {
  await place.close();
}

/** What people look at between deployments: status, logs, costs, doctor; each as one document with an exit code. */
async function looksOf(unitId: string) {
  const status = await deploy(['status']);
  assert.deepEqual(
    [status.code, status.answer.status, status.answer.unit.computingUnitId],
    [0, 'UPDATE_COMPLETE', unitId],
  );
  const [group] = aws('logs', 'describe-log-groups', '--log-group-name-prefix', '/aws/lambda/lab').logGroups;
  aws('logs', 'create-log-stream', '--log-group-name', group.logGroupName, '--log-stream-name', 's');
  const event = `timestamp=${Date.now()},message=hello`;
  aws(
    'logs',
    'put-log-events',
    '--log-group-name',
    group.logGroupName,
    '--log-stream-name',
    's',
    '--log-events',
    event,
  );
  const logs = await deploy(['logs', '--since', '5m'], '');
  assert.equal(logs.code, 0, JSON.stringify(logs.answer));
  assert.equal(Object.keys(logs.answer.logs).length, 3);
  assert.match(logs.answer.logs[group.logGroupName].join(), /hello/);
  const nowhere = await deploy(['logs', '--job', 'unknown-job'], '');
  assert.deepEqual([nowhere.code, nowhere.answer.code], [1, 'aws_refused']);
  const since = await deploy(['logs', '--since', 'yesterday'], '');
  assert.deepEqual([since.code, since.answer.code], [2, 'wrong_arguments']);
  const costs = await deploy(['costs', '--jobs', '100', '--platform', 'fargate']);
  assert.equal(costs.code, 0, JSON.stringify(costs.answer));
  const doctor = await deploy(['doctor']);
  assert.ok(Array.isArray(doctor.answer.findings), JSON.stringify(doctor.answer));
  const none = await deploy(['status', '--stack-name', 'not-there'], '');
  assert.deepEqual([none.code, none.answer.code], [1, 'stack_missing']);
}

function live(summaries: { StackStatus: string }[]) {
  return summaries.filter(({ StackStatus }) => StackStatus !== 'DELETE_COMPLETE');
}

function stack(): { parameters: Record<string, string> } {
  const [found] = aws('cloudformation', 'describe-stacks', '--stack-name', STACK).Stacks;
  const pairs = found.Parameters.map((each: { ParameterKey: string; ParameterValue: string }) => [
    each.ParameterKey,
    each.ParameterValue,
  ]);
  return { parameters: Object.fromEntries(pairs) };
}
