/** Every entry into a unit's account is in the audit trail of its owner: once per session, with its CloudTrail names. */
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import t from 'tap';
import { createAudit } from '../../services/audit/audit.ts';
import { recordRoleUse } from '../../services/audit/audited.ts';
import { within } from '../../services/context.ts';
import { createSessionUses } from '../../services/units/session-uses.ts';
import type { Purpose } from '../../src/aws/accounts/session-policy.ts';
import { createSessions } from '../../src/aws/accounts/sessions.ts';
import { createIds } from '../../src/aws/ids.ts';
import { HUB, REGION, RESEARCHER, startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);
const { clock, log, stores, mode2 } = cloud;
const ids = createIds(clock);
const audit = createAudit({ store: stores.audit, clock, ids, log });
const uses = createSessionUses({ audit, clock });
const sessions = createSessions({
  sts: cloud.clients.sts,
  baseCredentials: cloud.baseCredentials,
  platform: cloud.platform,
  clock,
  onAssumed: recordRoleUse(audit),
  onUsed: uses.count,
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
  await within({ jobId: 'JOB1' }, () => sessions.get(mode2, { kind: 'presign', ownerId: 'bob' }));
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

t.test('R58: every use is in the trail, written by the tick and not where it happens', async (t) => {
  await uses.flush();
  clock.advance(1);
  const before = (await trail()).length;
  const session = await sessions.get(mode2, { kind: 'check' });
  await cloud.control(HUB).clearCalls();
  for (let i = 0; i < 30; i++) {
    await within({ jobId: `JOB${i % 3}` }, () =>
      sessions.use(mode2, { kind: 'check' }, 'HeadObject', async () => 'done'),
    );
  }
  const denied = Object.assign(new Error('no'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
  const refused = within({ requestId: 'request-x' }, () =>
    sessions.use(mode2, { kind: 'check' }, 'GetBucketPolicy', () => Promise.reject(denied)),
  );
  await t.rejects(refused, { name: 'CloudError', problem: 'denied' });
  await uses.tick();
  t.equal(await cloud.calls('dynamodb', 'PutItem'), 0, 'nothing is written on the warm path');
  t.equal((await trail()).length, before + 1, 'but that the session was opened');
  clock.advance(10 * 60_000);
  t.equal(uses.idleMs(), 0);
  t.equal(await uses.tick(), 1);
  t.equal(await uses.tick(), 0, 'once');
  t.match((await trail())[0], {
    action: 'session.check.uses',
    subject: mode2.unitId,
    details: {
      roleSessionName: `cloudmr-check-${mode2.unitId}`,
      accessKeyId: session.credentials.accessKeyId,
      uses: '32',
      operations: 'Presign 1, HeadObject 30, GetBucketPolicy AccessDenied 1',
      for: 'broker JOB0 JOB1 JOB2 request-x',
    },
  });
});

t.test('a session that a thousand jobs use names all of them, in entries of bounded size', async (t) => {
  await uses.flush();
  for (let i = 0; i < 1_000; i++) {
    await within({ jobId: `01JGK0000000000000JOB${String(i).padStart(5, '0')}` }, () =>
      sessions.use(mode2, { kind: 'check' }, 'HeadObject', async () => 'done'),
    );
  }
  t.equal(await uses.tick(), 10, 'a hundred each, without waiting');
  const entries = (await trail()).filter(({ action }) => action === 'session.check.uses').slice(0, 10);
  const named = entries.flatMap(({ details }) => details?.['for'].split(' '));
  t.equal(new Set(named).size, 1_000);
  for (const entry of entries) t.ok(JSON.stringify(entry).length < 4_096);
});

t.test('T18: where the role allows it, CloudTrail names the person for whom a session is', async (t) => {
  const checks = [{ code: 'source_identity', status: 'passed' as const, evidence: '', at: 0 }];
  const purpose: Purpose = { kind: 'presign', ownerId: 'dora' };
  clock.advance(1);
  const wide = await sessions.get({ ...mode2, unitId: 'named', checks }, purpose);
  t.equal(wide.sourceIdentity, undefined, 'this role does not any more: the session is opened without');
  t.notOk((await trail())[0].details?.['sourceIdentity']);
  const released = { ...cloud.mode1, checks };
  t.equal((await sessions.get(released, purpose)).sourceIdentity, 'cloudmr-dora');
  clock.advance(1);
  t.equal((await sessions.get(released, { kind: 'observe' })).sourceIdentity, 'cloudmr-broker', 'for many');
  const { items } = await audit.list({ userId: released.ownerId, role: 'admin' }, { limit: 2 });
  t.match(
    items.map(({ details }) => details?.['sourceIdentity']),
    ['cloudmr-broker', 'cloudmr-dora'],
  );
  t.equal(
    (await sessions.get(cloud.mode1, { kind: 'start' })).sourceIdentity,
    undefined,
    'if nobody has looked',
  );
});
