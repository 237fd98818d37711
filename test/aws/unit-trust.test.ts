/** T18: what the credentials of the broker are worth to somebody who has stolen them, and the probe of trust. */
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import t from 'tap';
import type { RoleUse } from '../../services/units/ports.ts';
import { createUnitTrust } from '../../src/aws/accounts/unit-trust.ts';
import { HUB, REGION, startTestCloud } from '../helpers/cloud.ts';
import { sampleUnit } from '../helpers/samples.ts';

const cloud = await startTestCloud(t);
const { mode2, clients } = cloud;

t.test('T18: the stolen role of the broker', async (t) => {
  const credentials = await cloud.baseCredentials();
  const sts = new STSClient({ endpoint: cloud.endpoint, region: REGION, credentials });
  const s3 = new S3Client({ endpoint: cloud.endpoint, region: REGION, credentials, forcePathStyle: true });
  t.teardown(() => {
    sts.destroy();
    s3.destroy();
  });
  const enter = (RoleArn: string, ExternalId?: string, DurationSeconds?: number) =>
    sts.send(new AssumeRoleCommand({ RoleArn, ExternalId, DurationSeconds, RoleSessionName: 'thief' }));
  const role = mode2.crossAccountRoleArn ?? '';
  const denied = { name: 'AccessDenied' };
  await t.rejects(enter(role), denied, 'no account without its external ID');
  await t.rejects(enter(role, 'cloudmr-guess'), denied, 'nor with a guess');
  await t.rejects(
    enter(role.replace(/role\/.*/, 'role/Administrator'), mode2.externalId),
    denied,
    'no other role',
  );
  await t.rejects(
    enter(role, mode2.externalId, 3_601),
    { name: 'ValidationError' },
    'never for more than an hour',
  );
  await t.rejects(
    s3.send(new ListObjectsV2Command({ Bucket: mode2.dataBucket })),
    denied,
    'no bucket directly',
  );
  const { Credentials } = await enter(role, mode2.externalId);
  const life = (Credentials?.Expiration?.getTime() ?? 0) - cloud.clock();
  t.ok(life <= 3_600_000, 'what the table would give away ends within the hour');
});

t.test('the probe: one way in, two closed ones, all of it told to the owner', async (t) => {
  const uses: RoleUse[] = [];
  const trust = createUnitTrust({
    sts: clients.sts,
    platform: cloud.platform,
    onAssumed: async (use) => void uses.push(use),
  });
  const found = await trust.probe(mode2);
  t.same(found.open, []);
  t.ok((found.policyPercent ?? 0) > 10 && (found.policyPercent ?? 0) < 80, `${found.policyPercent} %`);
  t.match(uses, [
    {
      purpose: 'trust',
      outcome: 'ok',
      roleSessionName: `cloudmr-check-${mode2.unitId}`,
      tried: { withoutExternalId: 'refused', wrongExternalId: 'refused' },
    },
  ]);
  t.equal(found.sourceIdentity, false, 'this role does not let sessions say for whom they are');
  const mode1 = await trust.probe(cloud.mode1);
  t.same({ ...mode1, policyPercent: 0 }, { policyPercent: 0, open: [], sourceIdentity: true });
  uses.pop();
  await t.rejects(trust.probe({ ...mode2, externalId: 'cloudmr-other' }), {
    name: 'CloudError',
    problem: 'trust_denied',
  });
  t.match(uses[1], { purpose: 'trust', outcome: 'AccessDenied' });
});

t.test('T5: nothing is asked for a unit whose ARNs are of two accounts', async (t) => {
  const trust = createUnitTrust({ sts: clients.sts, platform: cloud.platform });
  await cloud.control(HUB).clearCalls();
  const mixed = sampleUnit({ crossAccountRoleArn: mode2.crossAccountRoleArn?.replace('2222', '3333') });
  await t.rejects(trust.probe(mixed), { name: 'CloudError', awsCode: 'WrongAccount' });
  await t.rejects(trust.probe({ ...mode2, externalId: undefined }), {
    name: 'CloudError',
    problem: 'trust_denied',
  });
  t.equal(await cloud.calls('sts', 'AssumeRole'), 0);
});
