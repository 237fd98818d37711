/** What the broker promises when one unit is out of reach, by the numbers of the fault list: others run as ever. */
import t from 'tap';
import type { Unit } from '../../src/schemas/unit.ts';
import { BEHAVIOUR } from '../helpers/brain.ts';
import { RESEARCHER, startTestCloud } from '../helpers/cloud.ts';
import { serviceTrust } from '../helpers/service-trust.ts';
import { newLab } from '../helpers/trust.ts';

const cloud = await startTestCloud(t);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A laboratory with a unit of its own that is ready, beside the unit of the platform. */
async function twoUnits() {
  const lab = await newLab(cloud);
  await lab.changeMachine(BEHAVIOUR.forever);
  const { broker, who } = lab;
  const { unit } = await lab.register();
  if (unit.status !== 'ready') throw new Error(unit.missing.join());
  if (!(await cloud.stores.units.get(cloud.mode1.unitId))) await cloud.stores.units.put(cloud.mode1);

  const queue = async ({ unitId, dataBucket }: Unit) => {
    const file = { type: 's3', bucket: dataBucket, key: `mroptimum/${who.userId}/x.h5` };
    const reconstructor = { name: 'rss', options: { signal: { type: 'file', options: file } } };
    const task = { version: 'v0', name: 'ac', options: { reconstructor } };
    const output = { coilsensitivity: false, gfactor: false, matlab: false };
    return (await broker.submit.submit(who, { appId: 'mroptimum', alias: 'x', unitId, output, task })).job;
  };
  /** The job as soon as it neither waits nor starts. */
  const started = async (jobId: string) => {
    for (let round = 0; round < 60; round++) {
      await broker.ticker.tick();
      const job = await broker.jobs.get(jobId);
      if (job && !/queued|starting/.test(job.state)) return job;
      cloud.clock.advance(5_000);
    }
    throw new Error(`${jobId} does not start`);
  };
  return { lab, broker, unit, queue, started };
}

t.test(
  'F8: a trust that is removed fails the job and closes the unit; other units run as ever',
  async (t) => {
    const { lab, broker, unit, queue, started } = await twoUnits();
    await lab.changeRole((role) => ({ ...role, trust: serviceTrust('ec2.amazonaws.com') }));
    // Sessions that were opened before go on to their end.
    cloud.clock.advance(HOUR);
    const elsewhere = await queue(cloud.mode1);
    const failed = await started((await queue(unit)).jobId);
    t.match(failed, { state: 'failed', failure: { code: 'unit_trust_broken', actor: 'unit_owner' } });
    t.equal((await started(elsewhere.jobId)).state, 'running', 'a unit elsewhere');
    const degraded = await broker.watch.recheck(unit);
    t.match(degraded, { status: 'degraded', missing: [/^assume_role/] });
    await t.rejects(queue(unit), { code: 'unit_not_ready', details: { status: 'degraded' } });
    await lab.changeRole((role) => role);
    t.equal((await broker.watch.recheck(degraded)).status, 'ready');
    t.equal((await started((await queue(unit)).jobId)).state, 'running', 'taken again');
  },
);

t.test('F33: an outage of a region: its units wait, then refuse at once; others run as ever', async (t) => {
  const { broker, unit, queue, started } = await twoUnits();
  const control = cloud.control(RESEARCHER);
  for (const service of ['states', 's3'] as const)
    await control.addFault({ service, operation: '*', accountId: RESEARCHER, kind: 'timeout_before' });
  const waiting = await queue(unit);
  const away = await broker.watch.recheck(unit);
  t.match(away, { status: 'unreachable', missing: [/^reachable: AWS does not answer/] });
  t.ok((away.nextCheckAt ?? 0) - cloud.clock() <= MINUTE, 'looked at every minute');
  const second = await queue(unit);
  t.equal(second.state, 'queued', 'for a moment they wait');
  cloud.clock.advance(3 * MINUTE);
  const entered = await cloud.calls('sts', 'AssumeRole');
  await t.rejects(queue(unit), {
    code: 'unavailable',
    status: 503,
    message: /us-east-1.* does not answer/,
    details: { retryAfterSeconds: 60 },
  });
  t.equal(await cloud.calls('sts', 'AssumeRole'), entered, 'nobody waits for AWS to be refused');
  await broker.ticker.tick();
  t.match(await broker.jobs.get(waiting.jobId), { state: /queued|starting/ }, 'what was accepted waits');
  t.equal((await started((await queue(cloud.mode1)).jobId)).state, 'running', 'a unit elsewhere');
  await control.clearFaults();
  t.equal((await broker.watch.recheck(away)).status, 'ready');
  t.equal((await queue(unit)).state, 'queued', 'taken again');
  for (const { jobId } of [waiting, second]) t.equal((await started(jobId)).state, 'running');
});
