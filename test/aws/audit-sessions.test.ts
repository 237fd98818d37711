/** Every entry into a unit's account is in the audit trail of its owner: once per session, with its CloudTrail names. */
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import t from 'tap';
import { createAudit } from '../../services/audit.ts';
import { recordRoleUse } from '../../services/audited.ts';
import { within } from '../../services/context.ts';
import { createIds } from '../../src/aws/ids.ts';
import type { Purpose } from '../../src/aws/session-policy.ts';
import { createSessions } from '../../src/aws/sessions.ts';
import { HUB, REGION, RESEARCHER, startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);
const { clock, log, stores, mode2 } = cloud;
const ids = createIds(clock);
const audit = createAudit({ store: stores.audit, clock, ids, log });
const sessions = createSessions({
  sts: cloud.clients.sts,
  baseCredentials: cloud.baseCredentials,
  brokerAccountId: HUB,
  clock,
  onAssumed: recordRoleUse(audit),
});
const trail = async () => (await audit.list({ userId: mode2.ownerId, role: 'user' }, { limit: 50 })).items;

t.test('R58: one entry per session, however often and by how many at once it is used', async (t) => {
  const uses = Array.from({ length: 20 }, (_, i) =>
    within({ requestId: `request-${i}`, actor: 'user:ada' }, () => sessions.get(mode2, { kind: 'start' })),
  );
  const [session] = await Promise.all(uses);
  await sessions.get(mode2, { kind: 'start' });
  t.match(await trail(), [
    {
      action: 'session.start',
      subject: mode2.unitId,
      outcome: 'ok',
      actor: 'user:ada',
      requestId: 'request-0',
      details: {
        roleSessionName: 'cloudmr-start-request-0',
        accessKeyId: session.credentials.accessKeyId,
      },
    },
  ]);
  const text = JSON.stringify(await trail());
  for (const secret of [
    session.credentials.secretAccessKey,
    session.credentials.sessionToken,
    mode2.externalId,
  ]) {
    t.notOk(text.includes(String(secret)));
  }
});

t.test('work of the ticker names its job, work for one person names the person', async (t) => {
  clock.advance(1);
  await within({ jobId: 'JOB1' }, () =>
    sessions.get(mode2, { kind: 'presign', ownerId: 'bob', bucket: mode2.dataBucket }),
  );
  t.match((await trail())[0], {
    action: 'session.presign',
    actor: 'broker',
    details: { jobId: 'JOB1', forUserId: 'bob', roleSessionName: 'cloudmr-presign-JOB1' },
  });
});

t.test(
  'R58: the name that CloudTrail shows is the one in the trail, whatever the request was called',
  async (t) => {
    clock.advance(1);
    const requestId = `a b/c\u00e9*${'x'.repeat(80)}`;
    const purpose: Purpose = { kind: 'remove', ownerId: 'carol' };
    const { credentials } = await within({ requestId }, () => sessions.get(mode2, purpose));
    const sts = new STSClient({ endpoint: cloud.endpoint, region: REGION, credentials });
    const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
    sts.destroy();
    const name = `cloudmr-remove-a-b-c--${'x'.repeat(80)}`.slice(0, 64);
    t.equal(Arn?.split('/').at(-1), name);
    t.match((await trail())[0], { action: 'session.remove', requestId, details: { roleSessionName: name } });
  },
);

t.test('a refusal is recorded with the code of AWS', async (t) => {
  clock.advance(1);
  await cloud
    .control(RESEARCHER)
    .addFault({ service: 'sts', operation: 'AssumeRole', kind: 'deny', times: 1 });
  await t.rejects(sessions.get(mode2, { kind: 'observe' }), { name: 'CloudError', problem: 'trust_denied' });
  t.match((await trail())[0], { action: 'session.observe', outcome: 'AccessDenied' });
});

t.test('a trail that cannot be written does not stop the work; the entry is in the log', async (t) => {
  await cloud.control(HUB).addFault({ service: 'dynamodb', operation: 'PutItem', kind: 'deny' });
  await sessions.get(mode2, { kind: 'remove', ownerId: 'bob' });
  await cloud.control(HUB).clearFaults();
  t.match(log.entries.at(-1), { level: 'error', fields: { audit: { action: 'session.remove' } } });
});
