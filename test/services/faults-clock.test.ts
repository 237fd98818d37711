/** F30: what the broker promises when the clocks of broker, user and AWS differ. */
import t from 'tap';
import { startBrain } from '../helpers/brain.ts';
import { RESEARCHER, startTestCloud } from '../helpers/cloud.ts';
import { newLab } from '../helpers/trust.ts';

const cloud = await startTestCloud(t);
const END = ['succeeded', 'failed', 'canceled', 'lost'];
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

t.test('F30: a user whose clock is up to 5 minutes off is taken; beyond that it is clock_skew', async (t) => {
  const lab = await newLab(cloud);
  const { broker, who, registration } = lab;
  const registered = async (skewMs: number) => {
    const challenge = await broker.units.challenge(who);
    return broker.units.register(who, registration, lab.sign(challenge, RESEARCHER, skewMs));
  };
  for (const skewMs of [-6 * MINUTE, 6 * MINUTE, -24 * HOUR]) {
    await t.rejects(
      registered(skewMs),
      {
        code: 'clock_skew',
        status: 403,
        message: /more than 5 minutes .* check the clock/,
        remedy: /clock .* by NTP/,
      },
      `${skewMs / MINUTE} minutes`,
    );
  }
  for (const skewMs of [-4.9 * MINUTE, 4.9 * MINUTE]) {
    const { unit } = await registered(skewMs);
    t.equal(unit.status, 'ready', `${skewMs / MINUTE} minutes: ${unit.missing.join()}`);
  }
  const { unit } = await lab.register();
  const clock = unit.checks?.find(({ code }) => code === 'clock');
  t.match(clock, { status: 'passed', evidence: /the clock of the broker is \d+ s from that of S3/ });
});

t.test(
  'F30: STS that finds a signature too far from its time is clock_skew, not a forged proof',
  async (t) => {
    const lab = await newLab(cloud);
    const control = cloud.control(RESEARCHER);
    await control.addFault({ service: 'sts', operation: 'GetCallerIdentity', kind: 'skewed', times: 1 });
    await t.rejects(lab.register(), { code: 'clock_skew', message: /STS.* check the clock/ });
    const challenge = await lab.broker.units.challenge(lab.who);
    const signed = lab.sign(challenge);
    const forged = { ...signed, authorization: signed.authorization.replace(/.{8}$/, '00000000') };
    await t.rejects(lab.broker.units.register(lab.who, lab.registration, forged), {
      code: 'ownership_refused',
    });
    t.equal((await lab.register()).unit.status, 'ready');
  },
);

t.test('F30: AWS whose clock is minutes away is understood; one that is hours away too', async (t) => {
  const brain = await startBrain(t, cloud);
  // The SDK signs with the time of this machine, the account answers with a time of its own.
  cloud.clock.advance(4 * MINUTE);
  t.equal((await brain.until((await brain.queue()).jobId, ['running'])).state, 'running');
  cloud.clock.advance(3 * HOUR);
  t.equal((await brain.until((await brain.queue()).jobId, ['running'])).state, 'running');
});

t.test(
  'F30: where the clocks cannot be brought together the job says clock_skew, for the operator',
  async (t) => {
    const brain = await startBrain(t, cloud);
    const control = cloud.control(RESEARCHER);
    const running = await brain.until((await brain.queue()).jobId, ['running']);
    for (const [service, operation] of [
      ['sts', 'AssumeRole'],
      ['s3', 'PutObject'],
      ['states', 'StartExecution'],
    ] as const) {
      cloud.sessions.forget(brain.unit.unitId);
      await control.addFault({ service, operation, kind: 'skewed' });
      const ended = await brain.until((await brain.queue()).jobId, END, 5);
      t.match(
        ended,
        { state: 'failed', failure: { code: 'clock_skew', actor: 'operator', remedy: /NTP/ } },
        operation,
      );
      t.match(ended.failure?.message, new RegExp(operation));
      const unit = await cloud.stores.units.get(brain.unit.unitId);
      t.equal(unit?.status, 'ready', 'nobody blames the unit');
      await control.clearFaults();
    }
    await control.addFault({ service: 'states', operation: 'DescribeExecution', kind: 'skewed' });
    cloud.clock.advance(HOUR);
    await brain.ticker.tick();
    t.equal((await brain.jobs.get(running.jobId))?.state, 'running', 'what runs is not given up for a clock');
    await control.clearFaults();
    await control.addFault({ service: 'sts', operation: 'AssumeRole', kind: 'skewed' });
    cloud.sessions.forget(brain.unit.unitId);
    const unit = (await cloud.stores.units.get(brain.unit.unitId)) ?? brain.unit;
    const { checks } = await brain.watch.recheck(unit);
    t.same(
      checks?.filter(({ status }) => status === 'failed').map(({ code }) => code),
      ['clock'],
      'a look at the unit says the same',
    );
  },
);
