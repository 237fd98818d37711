/** T36: computing units over time: drift, silence, launches, and who may use them. */
import t from 'tap';
import type { Unit } from '../../src/schemas/unit.ts';
import { BEHAVIOUR, brokerOn, startBrain } from '../helpers/brain.ts';
import { HUB, startTestCloud } from '../helpers/cloud.ts';
import { newLab } from '../helpers/trust.ts';

const cloud = await startTestCloud(t);
const MINUTE = 60_000;

/** A registered unit of a person of its own; it goes with the test, so that nobody else's rounds find it due. */
async function registered(t: { teardown(fn: () => unknown): unknown }) {
  const lab = await newLab(cloud);
  const { unit } = await lab.register();
  t.teardown(() => lab.broker.units.remove(lab.who, { unitId: unit.unitId }));
  return { lab, unit };
}

t.test('T36: drift is noticed by the schedule, degrades loudly, and mends by itself', async (t) => {
  const { lab, unit } = await registered(t);
  const { watch } = lab.broker;
  await lab.changeRole((role) => ({ ...role, trust: { Statement: [] } }));
  const until = async (status: string): Promise<Unit | undefined> => {
    for (let round = 0; round < 3; round++) {
      const { nextCheckAt = 0 } = (await cloud.stores.units.get(unit.unitId)) ?? {};
      cloud.clock.advance(Math.max(nextCheckAt - cloud.clock(), 6_000));
      await watch.tick();
      const now = await cloud.stores.units.get(unit.unitId);
      if (now?.status === status) return now;
    }
    return undefined;
  };
  const degraded = await until('degraded');
  t.match(degraded, { missing: [/^assume_role: /], failedChecks: Number });
  t.ok((degraded?.statusSince ?? 0) > unit.createdAt);
  t.ok(
    cloud.log.entries.some(
      ({ level, message, fields }) =>
        level === 'warn' && message === 'a computing unit cannot be used' && fields['unitId'] === unit.unitId,
    ),
  );
  const audit = await cloud.stores.audit.listByOwner(lab.who.userId, { limit: 50 });
  t.ok(audit.items.some(({ action, outcome }) => action === 'unit.status' && outcome === 'degraded'));
  await lab.changeRole((role) => role);
  t.match(await until('ready'), { missing: [], failedChecks: 0 });
});

t.test('AWS does not answer: unreachable, and ready again afterwards', async (t) => {
  const { lab, unit } = await registered(t);
  const fault = await cloud
    .control(HUB)
    .addFault({ service: 'sts', operation: 'AssumeRole', kind: 'throttle' });
  const away = await lab.broker.watch.recheck(unit);
  t.match(away, { status: 'unreachable', missing: [/^reachable: /] });
  t.equal(
    (await lab.broker.units.choose(lab.who, 'mroptimum', { unitId: unit.unitId })).status,
    'unreachable',
  );
  await cloud.control(HUB).clearFaults(fault.id);
  t.match(await lab.broker.watch.recheck(away), { status: 'ready', missing: [] });
});

t.test('T36: a launch looks at the role, at most every 15 minutes, for many jobs at once', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(BEHAVIOUR.succeeds);
  const entered = () => cloud.calls('sts', 'AssumeRole');
  await brain.cloud.control(HUB).clearCalls();
  const run = async (): Promise<string> => {
    const job = await brain.queue();
    await brain.writeResult(job);
    const ended = await brain.until(job.jobId, ['succeeded', 'failed']);
    return ended.failure?.code ?? ended.state;
  };
  t.equal(await run(), 'succeeded');
  const warm = await entered();
  t.ok(warm <= 3, `sessions for start, observe and look, no probe: ${warm}`);
  cloud.clock.advance(16 * MINUTE);
  t.equal(await run(), 'succeeded');
  const probed = await entered();
  // The SDK repeats refusals once its clock has been corrected, and the clock of this test jumps.
  t.ok(probed >= warm + 3, 'the three ways into the role');
  const before = await cloud.stores.units.get(brain.unit.unitId);
  t.ok((before?.trustCheckedAt ?? 0) > brain.unit.updatedAt);
  t.equal(await run(), 'succeeded');
  t.equal(await entered(), probed, 'and not again');
});

t.test('T36, R138, R145: a trust that was closed after registration', async (t) => {
  const { lab, unit } = await registered(t);
  await lab.changeRole((role) => ({ ...role, trust: { Statement: [] } }));
  cloud.clock.advance(16 * MINUTE);
  const launched = await lab.broker.watch.forLaunch(unit);
  t.match(launched, { status: 'degraded', missing: [/^assume_role: the role does not let the broker in/] });
  await t.rejects(lab.broker.units.choose(lab.who, 'mroptimum', { unitId: unit.unitId }), {
    code: 'unit_not_ready',
    details: { status: 'degraded', missing: [/^assume_role/] },
  });
  await lab.changeRole((role) => role);
  cloud.clock.advance(20_000);
  t.equal(
    (await lab.broker.units.choose(lab.who, 'mroptimum', { unitId: unit.unitId })).status,
    'ready',
    'looked at again for the next submit',
  );
});

t.test('T36: an external ID that is no longer asked for degrades at the launch as well', async (t) => {
  const { lab, unit } = await registered(t);
  await lab.changeRole((role) => ({
    ...role,
    trust: { Statement: role.trust.Statement.map(({ Condition: _, ...rest }) => rest) },
  }));
  cloud.clock.advance(16 * MINUTE);
  const launched = await lab.broker.watch.forLaunch(unit);
  t.match(launched, { status: 'degraded', missing: [/^external_id_required: /] });
});

t.test('two brokers look at a due unit once', async (t) => {
  const { unit } = await registered(t);
  const brokers = [brokerOn(cloud), brokerOn(cloud), brokerOn(cloud)];
  cloud.clock.advance(7 * 60 * MINUTE);
  await Promise.all(brokers.map(({ watch }) => watch.tick()));
  const after = (await cloud.stores.units.get(unit.unitId)) as Unit;
  t.equal(after.version, unit.version + 2, 'held, then judged');
});
