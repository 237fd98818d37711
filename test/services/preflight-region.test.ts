/** Where a unit lies, as a finding of its own: its region, its ARNs, and what S3 says of its buckets. */
import { CreateBucketCommand, DeleteBucketCommand } from '@aws-sdk/client-s3';
import t from 'tap';
import { createRegionCheck } from '../../services/preflight/region.ts';
import { createUnitProbe } from '../../src/aws/accounts/unit-probe.ts';
import type { Unit, UnitCheck } from '../../src/schemas/unit.ts';
import { REGION, RESEARCHER, startTestCloud } from '../helpers/cloud.ts';
import { newLab } from '../helpers/trust.ts';

const cloud = await startTestCloud(t);
const ELSEWHERE = 'eu-west-1';
const found = ({ checks = [] }: Unit, wanted = 'region'): UnitCheck | undefined =>
  checks.find(({ code }) => code === wanted);

async function s3In(region: string, accountId = RESEARCHER) {
  const { clients, credentials } = cloud.rootClients(accountId);
  return clients.s3(await credentials(), region);
}

t.test('a unit in one region passes', async (t) => {
  const { unit } = await (await newLab(cloud)).register();
  t.match(found(unit), { status: 'passed', evidence: `state machine and buckets are in ${REGION}` });
});

t.test('a bucket of another region is named with where it is, and nothing else is asked', async (t) => {
  const lab = await newLab(cloud);
  const { unit } = await lab.register();
  await (await s3In(REGION)).send(new DeleteBucketCommand({ Bucket: unit.resultsBucket }));
  const LocationConstraint = ELSEWHERE;
  await (await s3In(ELSEWHERE)).send(
    new CreateBucketCommand({
      Bucket: unit.resultsBucket,
      CreateBucketConfiguration: { LocationConstraint },
    }),
  );
  const after = await lab.broker.watch.recheck(unit);
  t.equal(after.status, 'degraded');
  t.match(found(after), {
    status: 'failed',
    actor: 'unit_owner',
    evidence: `the computing unit is in ${REGION}, but the bucket ${unit.resultsBucket} is in ${ELSEWHERE}`,
    remedy: /^Deploy one stack in one region/,
  });
  t.match(found(after, 'results_bucket'), { status: 'skipped', evidence: /something before it has failed/ });
});

t.test('a bucket that is gone, or of another account, is a matter of its own check', async (t) => {
  const lab = await newLab(cloud);
  const { unit } = await lab.register();
  await (await s3In(REGION)).send(new DeleteBucketCommand({ Bucket: unit.failedBucket }));
  const gone = await lab.broker.watch.recheck(unit);
  t.match(found(gone), {
    status: 'passed',
    evidence: new RegExp(`; S3 does not say where ${unit.failedBucket} is$`),
  });
  t.match(found(gone, 'failed_bucket'), { status: 'failed' });
  await (await s3In(REGION, '666666666666')).send(new CreateBucketCommand({ Bucket: unit.failedBucket }));
  const taken = await lab.broker.watch.recheck(unit);
  t.match(found(taken), { status: 'passed' });
  t.match(found(taken, 'failed_bucket'), { status: 'failed' });
});

t.test('an older registration whose ARNs lie elsewhere is told so, before AWS is asked', async (t) => {
  const lab = await newLab(cloud);
  const { unit } = await lab.register();
  await cloud.control(RESEARCHER).clearCalls();
  const stateMachineArn = unit.stateMachineArn.replace(REGION, ELSEWHERE);
  const checkRegion = createRegionCheck({ probe: createUnitProbe(cloud), clock: cloud.clock });
  t.match(await checkRegion({ ...unit, stateMachineArn }), [
    {
      status: 'failed',
      evidence: `the computing unit is in ${REGION}, but its state machine is in ${ELSEWHERE}`,
    },
  ]);
  t.match(await checkRegion({ ...unit, region: 'mars-north-1' }), [
    { status: 'failed', evidence: /the partition aws of its state machine has no such region/ },
  ]);
  t.equal(await cloud.calls('s3', 'HeadBucket'), 0);
});

t.test('a region that does not answer is named, with what was asked', async (t) => {
  const lab = await newLab(cloud);
  const { unit } = await lab.register();
  const control = cloud.control(RESEARCHER);
  await control.addFault({ service: 's3', operation: 'HeadBucket', kind: 'timeout_before' });
  const away = await lab.broker.watch.recheck(unit);
  await control.clearFaults();
  t.equal(away.status, 'unreachable');
  t.match(found(away, 'reachable'), {
    evidence: new RegExp(`^AWS does not answer for this account \\(HeadBucket in ${REGION}: \\w+\\)$`),
    remedy: /one that accounts have to enable/,
  });
});
