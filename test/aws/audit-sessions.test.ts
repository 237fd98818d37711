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
  beforeUse: uses.begin,
});
const all = async () => (await audit.list({ userId: mode2.ownerId, role: 'user' }, { limit: 100 })).items;
/** That sessions were opened. */
const trail = async () => (await all()).filter(({ action }) => !action.endsWith('.uses'));
/** What those of a purpose were used for. */
const usesOf = async (purpose: string) =>
  (await all()).filter(({ action }) => action === `session.${purpose}.uses`);
const check = (jobId?: string) =>
  within(jobId ? { jobId } : {}, () =>
    sessions.use(mode2, { kind: 'check' }, 'HeadObject', async () => 'done'),
  );

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
  const text = JSON.stringify(await all());
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

t.test('R58: where the trail cannot be written nothing is used; the entries are in the log', async (t) => {
  await cloud.control(HUB).addFault({ service: 'dynamodb', operation: 'PutItem', kind: 'deny' });
  const refused = { name: 'CloudError', problem: 'unavailable', awsCode: 'NoAuditEntry' };
  await t.rejects(sessions.get(mode2, { kind: 'remove', ownerId: 'bob' }), refused);
  await cloud.control(HUB).clearFaults();
  t.match(log.entries.slice(-2), [
    { level: 'error', fields: { audit: { action: 'session.remove' } } },
    { level: 'error', fields: { audit: { action: 'session.remove.uses', outcome: 'open' } } },
  ]);
});

t.test(
  'R58: the trail says that a session is in use before it is, and nothing is written for most uses',
  async (t) => {
    await uses.flush();
    clock.advance(1);
    const session = await sessions.get(mode2, { kind: 'check' });
    const open = {
      action: 'session.check.uses',
      subject: mode2.unitId,
      outcome: 'open',
      details: { accessKeyId: session.credentials.accessKeyId, uses: '1', atMost: '100', for: 'broker' },
    };
    t.match(await usesOf('check'), [open], 'stored before the session was given out');
    await cloud.control(HUB).clearCalls();
    for (let i = 0; i < 30; i++) await check(`JOB${i % 3}`);
    const denied = Object.assign(new Error('no'), {
      name: 'AccessDenied',
      $metadata: { httpStatusCode: 403 },
    });
    const refused = within({ requestId: 'request-x' }, () =>
      sessions.use(mode2, { kind: 'check' }, 'GetBucketPolicy', () => Promise.reject(denied)),
    );
    await t.rejects(refused, { name: 'CloudError', problem: 'denied' });
    await uses.tick();
    t.equal(await cloud.calls('dynamodb', 'PutItem'), 0, 'nothing is written on the warm path');
    t.match(await usesOf('check'), [open]);
    clock.advance(10 * 60_000);
    t.equal(uses.idleMs(), 0);
    t.equal(await uses.tick(), 1);
    t.equal(await uses.tick(), 0, 'once');
    const [entry, ...others] = await usesOf('check');
    t.same(others, [], 'in its place');
    t.equal(entry.details?.['atMost'], undefined);
    t.match(entry, {
      outcome: 'ok',
      details: {
        roleSessionName: `cloudmr-check-${mode2.unitId}`,
        accessKeyId: session.credentials.accessKeyId,
        uses: '32',
        operations: 'Presign 1, HeadObject 30, GetBucketPolicy AccessDenied 1',
        for: 'broker JOB0 JOB1 JOB2 request-x',
      },
    });
  },
);

t.test('R58: no more uses go ahead than the stored entry allows for', async (t) => {
  await uses.flush();
  clock.advance(1);
  const seen: Record<number, string | undefined> = {};
  let done = 0;
  await cloud.control(HUB).clearCalls();
  const use = () =>
    within({ jobId: 'JOB9' }, () =>
      sessions.use(mode2, { kind: 'check' }, 'HeadObject', async () => {
        if ([1, 100, 101, 400, 401].includes(++done))
          seen[done] = (await usesOf('check'))[0].details?.['atMost'];
      }),
    );
  await Promise.all([use(), use(), use()]);
  t.equal(await cloud.calls('dynamodb', 'PutItem'), 1, 'those that come at once wait for one entry');
  while (done < 401) await use();
  t.same(seen, { 1: '100', 100: '100', 101: '400', 400: '400', 401: '1600' });
  t.equal(await cloud.calls('dynamodb', 'PutItem'), 3);
});

t.test('requests are named within two minutes, a refusal after the end of its window too', async (t) => {
  await uses.flush();
  clock.advance(1);
  await check('JOB1');
  let refuse = (_error: Error): void => {};
  const slow = within({ requestId: 'request-y' }, () =>
    sessions.use(mode2, { kind: 'check' }, 'GetObject', () => new Promise((_, reject) => (refuse = reject))),
  );
  while ((await uses.tick()) === 0) clock.advance(30_000);
  t.match((await usesOf('check'))[0], { outcome: 'open', details: { for: 'JOB1 request-y', uses: '2' } });
  clock.advance(10 * 60_000);
  await uses.tick();
  t.match((await usesOf('check'))[0], {
    outcome: 'ok',
    details: { operations: 'HeadObject 1, GetObject 1' },
  });
  refuse(Object.assign(new Error('no'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } }));
  await t.rejects(slow, { name: 'CloudError', problem: 'denied' });
  t.equal(uses.idleMs(), 0);
  t.equal(await uses.tick(), 1);
  t.match((await usesOf('check'))[0].details, { operations: 'HeadObject 1, GetObject AccessDenied 1' });
});

t.test('a session that a thousand jobs use names all of them, in entries of bounded size', async (t) => {
  await uses.flush();
  clock.advance(1);
  const before = (await usesOf('check')).length;
  for (let i = 0; i < 1_000; i++) await check(`01JGK0000000000000JOB${String(i).padStart(5, '0')}`);
  t.equal(await uses.tick(), 10, 'a hundred each, without waiting');
  const every = await usesOf('check');
  const entries = every.slice(0, every.length - before);
  t.equal(entries.length, 10);
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
  const { items } = await audit.list({ userId: released.ownerId, role: 'admin' }, { limit: 10 });
  const opened = items.filter(({ action }) => !action.endsWith('.uses')).slice(0, 2);
  t.match(
    opened.map(({ details }) => details?.['sourceIdentity']),
    ['cloudmr-broker', 'cloudmr-dora'],
  );
  t.equal(
    (await sessions.get(cloud.mode1, { kind: 'start' })).sourceIdentity,
    undefined,
    'if nobody has looked',
  );
});
