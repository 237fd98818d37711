/** T18: no session of a stopped account is opened, kept or used, on any broker. */
import t from 'tap';
import { createKillSwitch } from '../../services/units/kill-switch.ts';
import { createSessions } from '../../src/aws/accounts/sessions.ts';
import { createUnitTrust } from '../../src/aws/accounts/unit-trust.ts';
import { HUB, startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);
const { clock, mode1, mode2, stores, clients, platform, baseCredentials } = cloud;
const ADMIN = { userId: 'admin', role: 'admin' } as const;
const PAUSED = { name: 'CloudError', problem: 'paused' };

function newBroker() {
  const killSwitch = createKillSwitch({
    store: stores.killSwitch,
    units: stores.units,
    cloud: { forget: (unitId) => sessions.forget(unitId) },
    clock,
  });
  const { mustBeOpen } = killSwitch;
  const sessions = createSessions({ sts: clients.sts, baseCredentials, platform, clock, mustBeOpen });
  return { killSwitch, sessions, trust: createUnitTrust({ sts: clients.sts, platform, mustBeOpen }) };
}

t.test('all of them: at once here, within two seconds elsewhere', async (t) => {
  const [here, there] = [newBroker(), newBroker()];
  for (const { sessions } of [here, there]) await sessions.get(mode2, { kind: 'start' });
  await here.killSwitch.setAll(ADMIN, true);
  await cloud.control(HUB).clearCalls();
  const work = async () => t.fail('nothing is sent');
  await t.rejects(here.sessions.get(mode2, { kind: 'start' }), PAUSED, 'the session that is open too');
  await t.rejects(here.sessions.use(mode1, { kind: 'observe' }, 'DescribeExecution', work), PAUSED);
  await t.rejects(here.trust.probe(mode2), PAUSED);
  clock.advance(2_001);
  await t.rejects(there.sessions.get(mode2, { kind: 'start' }), PAUSED);
  t.equal(await cloud.calls('sts', 'AssumeRole'), 0);
  await there.killSwitch.setAll(ADMIN, false);
  t.ok(await there.sessions.get(mode2, { kind: 'start' }));
});

t.test('one of them, for its owner, wherever it is read', async (t) => {
  const { killSwitch, sessions, trust } = newBroker();
  t.equal(await stores.units.put(mode2), 'stored');
  await sessions.get(mode2, { kind: 'start' });
  const stopped = await killSwitch.pause({ userId: mode2.ownerId, role: 'user' }, mode2.unitId);
  await t.rejects(sessions.get(stopped, { kind: 'start' }), PAUSED);
  await t.rejects(trust.probe(stopped), PAUSED);
  t.ok(await sessions.get(mode1, { kind: 'start' }), 'others go on');
  await t.rejects(killSwitch.resume({ userId: 'eve', role: 'user' }, mode2.unitId), { code: 'not_found' });
  const open = await killSwitch.resume({ userId: mode2.ownerId, role: 'user' }, mode2.unitId);
  await cloud.control(HUB).clearCalls();
  t.ok(await sessions.get(open, { kind: 'start' }));
  t.equal(await cloud.calls('sts', 'AssumeRole'), 1, 'by a new session');
});

t.test('a table that does not answer leaves the accounts closed', async (t) => {
  const { sessions } = newBroker();
  await cloud.control(HUB).addFault({ service: 'dynamodb', operation: 'GetItem', kind: 'deny' });
  await t.rejects(sessions.get(mode2, { kind: 'start' }), { name: 'CloudError', problem: 'unavailable' });
  await cloud.control(HUB).clearFaults();
});
