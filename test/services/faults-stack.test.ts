/** F22: what the broker promises when a researcher deletes the stack of a unit while a job runs there. */
import t, { type Test } from 'tap';
import { D_JOB_MS } from '../../services/clockwork/deadlines.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { BEHAVIOUR } from '../helpers/brain.ts';
import { startTestCloud } from '../helpers/cloud.ts';
import { type Lab, newLab } from '../helpers/trust.ts';

const cloud = await startTestCloud(t);
const HOUR = 3_600_000;

/** A unit that its stack has enrolled, on which one job may run at once, and does. */
async function running() {
  const lab = await newLab(cloud);
  await lab.changeMachine(BEHAVIOUR.forever);
  const { broker, who, registration } = lab;
  const challenge = await broker.units.challenge(who);
  const { enrolmentCode } = challenge;
  const { unit } = await broker.units.enrol(enrolmentCode, registration, lab.sign(challenge));
  if (unit.status !== 'ready') throw new Error(unit.missing.join());
  await broker.caps.setForUnit(who, unit, { all: { jobsAtOnce: 1 }, perMember: {} });
  const job = await endsAs(lab, (await submit(lab, unit)).jobId, ['running']);
  return { lab, broker, who, registration, enrolmentCode, unit, job };
}

async function submit({ broker, who }: Lab, { unitId, dataBucket }: Unit): Promise<Job> {
  const file = { type: 's3', bucket: dataBucket, key: `mroptimum/${who.userId}/x.h5` };
  const reconstructor = { name: 'rss', options: { signal: { type: 'file', options: file } } };
  const task = { version: 'v0', name: 'ac', options: { reconstructor } };
  const output = { coilsensitivity: false, gfactor: false, matlab: false };
  return (await broker.submit.submit(who, { appId: 'mroptimum', alias: 'x', unitId, output, task })).job;
}

/** The job as soon as it is in one of these states. */
async function endsAs({ broker }: Lab, jobId: string, states: readonly string[]): Promise<Job> {
  for (let round = 0; round < 80; round++) {
    await broker.ticker.tick();
    const job = await broker.jobs.get(jobId);
    if (job && states.includes(job.state)) return job;
    cloud.clock.advance(10_000);
  }
  throw new Error(`${jobId} is none of ${states.join()}`);
}

/** Nothing is known of the job any more: it is `lost`, at its deadline and not before. */
async function lostInTime(t: Test, lab: Lab, job: Job): Promise<void> {
  const { broker } = lab;
  t.equal(
    job.deadlineAt - (job.startedAt ?? 0) <= D_JOB_MS,
    true,
    'the time limit of the unit and 10 minutes',
  );
  while (cloud.clock() < job.deadlineAt - HOUR) {
    cloud.clock.advance(HOUR);
    await broker.ticker.tick();
    t.equal((await broker.jobs.get(job.jobId))?.state, 'running', 'unknown is neither failed nor lost');
  }
  cloud.clock.advance(job.deadlineAt - cloud.clock());
  const ended = await endsAs(lab, job.jobId, ['lost', 'failed', 'canceled', 'succeeded']);
  t.match(ended, { state: 'lost', failure: { code: 'lost', remedy: /Retry/ } });
  const at = ended.history.at(-1)?.at ?? 0;
  t.ok(at >= job.deadlineAt && at <= job.deadlineAt + 10 * 60_000, `${at - job.deadlineAt} ms after`);
}

t.test(
  'F22: the stack says that it is deleted: its unit is gone, its job lost at the deadline',
  async (t) => {
    const { lab, broker, who, registration, enrolmentCode, unit, job } = await running();
    t.equal((await broker.units.withdraw(enrolmentCode, registration.stateMachineArn))?.unitId, unit.unitId);
    await lab.deleteStack();
    cloud.sessions.forget(unit.unitId);
    await t.rejects(broker.units.get(who, unit.unitId), { code: 'not_found' });
    t.notOk(
      (await broker.units.list(who, 'mroptimum')).some(({ unitId }) => unitId === unit.unitId),
      'gone',
    );
    await t.rejects(submit(lab, unit), { code: 'not_found' }, 'nothing more is accepted for it');
    await lostInTime(t, lab, job);
    await lab.changeMachine(BEHAVIOUR.forever);
    const { unit: anew } = await lab.register();
    t.match(
      anew,
      { status: 'ready', stateMachineArn: unit.stateMachineArn },
      'its name and role are free again',
    );
    t.equal((await submit(lab, anew)).state, 'queued');
  },
);

t.test('F22: a stack that is deleted without a word: the unit is closed, the quota released', async (t) => {
  const { lab, broker, unit, job } = await running();
  await t.rejects(submit(lab, unit), { code: 'limit_reached' }, 'one job at once');
  await lab.deleteStack();
  cloud.sessions.forget(unit.unitId);
  const seen = await broker.watch.recheck((await cloud.stores.units.get(unit.unitId)) ?? unit);
  t.match(seen, { status: 'degraded', missing: [/^assume_role/] });
  await t.rejects(submit(lab, unit), { code: 'unit_not_ready', details: { status: 'degraded' } });
  await lostInTime(t, lab, job);
  await lab.changeMachine(BEHAVIOUR.forever);
  const back = await broker.watch.recheck((await cloud.stores.units.get(unit.unitId)) ?? unit);
  t.equal(back.status, 'ready', back.missing.join());
  t.equal((await submit(lab, back)).state, 'queued', 'the lost one counts no more');
});
