/** R58: where the audit trail cannot be written, nobody's account is used, but for what follows and stops runs. */
import t from 'tap';
import { createAudit } from '../../services/audit/audit.ts';
import { createSessionUses } from '../../services/units/session-uses.ts';
import { createSessions } from '../../src/aws/accounts/sessions.ts';
import { createIds } from '../../src/aws/ids.ts';
import { HUB, startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);
const { clock, log, mode2 } = cloud;
const audit = createAudit({ store: cloud.stores.audit, clock, ids: createIds(clock), log });
const owner = { userId: mode2.ownerId, role: 'user' } as const;

function broker() {
  const uses = createSessionUses({ audit, clock });
  const { sts } = cloud.clients;
  const { baseCredentials, platform } = cloud;
  return { uses, sessions: createSessions({ sts, baseCredentials, platform, clock, beforeUse: uses.begin }) };
}
const entries = async () =>
  (await audit.list(owner, { limit: 50 })).items.map(({ action, outcome }) => `${action} ${outcome}`);

t.test('a use whose entry cannot be stored does not happen; later it does', async (t) => {
  const { sessions } = broker();
  await cloud.control(HUB).addFault({ id: 'full', service: 'dynamodb', operation: '*', kind: 'deny' });
  let done = 0;
  const work = async () => ++done;
  const refused = { name: 'CloudError', problem: 'unavailable', awsCode: 'NoAuditEntry' };
  const presign = { kind: 'presign', ownerId: 'ada' } as const;
  await t.rejects(sessions.get(mode2, presign), refused, 'no link');
  for (const kind of ['start', 'check', 'quotas'] as const) {
    await t.rejects(sessions.use(mode2, { kind }, 'Any', work), refused, kind);
  }
  await t.rejects(sessions.use(mode2, { kind: 'remove', ownerId: 'ada' }, 'DeleteObject', work), refused);
  t.equal(done, 0, 'nothing was done in the account');
  t.equal(await sessions.use(mode2, { kind: 'observe' }, 'StopExecution', work), 1, 'a run can be stopped');
  t.ok(
    log.entries.some(({ message }) => message === 'an audit entry could not be stored'),
    'and that is logged',
  );
  await cloud.control(HUB).clearFaults('full');
  t.same(await entries(), []);
  t.ok(await sessions.get(mode2, presign));
  t.equal(await sessions.use(mode2, { kind: 'start' }, 'StartExecution', work), 2);
  t.same((await entries()).sort(), ['session.presign.uses open', 'session.start.uses open']);
});

t.test('what a killed broker has left open is unknown once its window has passed', async (t) => {
  const { sessions } = broker();
  await sessions.use(mode2, { kind: 'check' }, 'HeadBucket', async () => undefined);
  const left = async () =>
    (await audit.list(owner, { limit: 50 })).items.find(({ action }) => action === 'session.check.uses');
  t.match(await left(), { outcome: 'open', details: { atMost: '100' } });
  clock.advance(13 * 60_000);
  const { since } = (await left())?.details ?? {};
  t.ok(since);
  t.match(await left(), { outcome: 'unknown', details: { atMost: '100', unknownSince: since } });
  const exported = [];
  for await (const entry of audit.all(owner)) exported.push(entry);
  t.match(exported, [{ outcome: 'unknown' }, { outcome: 'unknown' }, { outcome: 'unknown' }], 'exported too');
});
