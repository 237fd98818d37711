/** What the test job of a preflight says of an account in which something is wrong. */
import { PutObjectCommand } from '@aws-sdk/client-s3';
import t from 'tap';
import { VERSION } from '../../compute/version.ts';
import type { Unit, UnitCheck } from '../../src/schemas/unit.ts';
import { REGION, RESEARCHER, startTestCloud } from '../helpers/cloud.ts';
import { type Lab, newLab } from '../helpers/trust.ts';

const cloud = await startTestCloud(t);
const SHA = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const CONTENT = 'zip!';

/** Waits a moment, so that it can be stopped, and ends with this state. */
const after = (end: object): object => ({
  StartAt: 'Pause',
  States: { Pause: { Type: 'Wait', Seconds: 1, Next: 'End' }, End: end },
});
/** What the worker of this release says of itself in the function of this release. */
const WORKER = { version: VERSION, platform: 'lambda', cpus: 2, memoryMb: 3008, limitSeconds: 900 };
const succeeded = (lab: Lab, medianSnr: number, worker?: object): object =>
  after({
    Type: 'Pass',
    Parameters: {
      bucket: lab.registration.resultsBucket,
      'key.$': "States.Format('mroptimum/preflight/{}/0/result.zip', $.jobId)",
      sizeBytes: CONTENT.length,
      sha256: SHA,
      seconds: 1.5,
      summary: { medianSnr, maxSnr: 90, slices: 1, matrix: [96, 96, 1], coils: 8, warnings: 0 },
      ...(worker ? { worker } : {}),
    },
    End: true,
  });

/** Starts the test job, and looks on until its findings are stored. */
async function preflight(lab: Lab, unit: Unit, { result = true } = {}): Promise<Unit> {
  const { broker } = lab;
  const begun = await broker.watch.recheck(unit, { canary: true });
  const jobId = begun.canary?.jobId;
  if (!jobId) throw new Error(`no test job: ${JSON.stringify(begun.checks)}`);
  const job = await broker.jobs.get(jobId);
  if (!job) throw new Error(`no job ${jobId}`);
  if (result) {
    const { clients, credentials } = cloud.rootClients(RESEARCHER);
    await clients.s3(await credentials(), REGION).send(
      new PutObjectCommand({
        Bucket: job.result.bucket,
        Key: job.result.key,
        Body: CONTENT,
        Metadata: { sha256: SHA, 'job-id': jobId },
      }),
    );
  }
  for (let round = 0; round < 60; round++) {
    await broker.ticker.tick();
    await broker.watch.tick();
    const now = await cloud.stores.units.get(unit.unitId);
    if (now && !now.canary) return now;
    cloud.clock.advance(5_000);
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  throw new Error('the test job did not end');
}
const finding = ({ checks = [] }: Unit, wanted: string) => checks.find(({ code }) => code === wanted);

t.test('A16: the SNR of the phantom is compared with what it is', async (t) => {
  const lab = await newLab(cloud);
  await lab.changeMachine(succeeded(lab, 61.2));
  const { unit } = await lab.register();
  t.equal(finding(unit, 'state_machine')?.status, 'warning', 'not the released definition');
  const good = await preflight(lab, unit);
  t.equal(good.status, 'ready', good.missing.join());
  t.match(finding(good, 'canary_snr'), {
    status: 'passed',
    evidence: /^median SNR 61\.20, 61\.16 is right$/,
  });
  t.match(finding(good, 'canary_download'), { status: 'passed' });
  t.match(finding(good, 'canary_cancel'), { status: 'passed', evidence: 'a running execution was stopped' });
  const unreported = { status: 'warning', actor: 'unit_owner', evidence: /Step Functions is asked/ };
  t.match(finding(good, 'canary_callback'), unreported, 'nobody reported, and nothing is lost by it');
  t.equal(await lab.broker.jobs.get(unit.canary?.jobId ?? ''), undefined);

  await lab.changeMachine(succeeded(lab, 86.5));
  const wrong = await preflight(lab, good);
  t.match(wrong, { status: 'degraded', missing: [/^canary_snr: median SNR 86\.50, 61\.16 is right$/] });
  t.ok((wrong.canaryDueAt ?? 0) > cloud.clock(), 'and it will be tried again');
});

t.test('R139, R144: a worker that does not start', async (t) => {
  const lab = await newLab(cloud);
  await lab.changeMachine(
    after({
      Type: 'Fail',
      Error: 'image_pull',
      Cause: JSON.stringify({
        code: 'image_pull',
        message: 'CannotPullContainerError: i/o timeout',
        remedy: 'Give the subnets a route to the internet.',
      }),
    }),
  );
  const { unit } = await lab.register();
  const found = await preflight(lab, unit, { result: false });
  t.match(found, {
    status: 'degraded',
    missing: [/^canary_run: the test job failed: image_pull: CannotPullContainerError/],
  });
  const unseen = { status: 'skipped', evidence: /has not ended well/ };
  for (const code of ['quotas', 'image', 'image_digest']) t.match(finding(found, code), unseen, code);
  await t.rejects(lab.broker.units.choose(lab.who, 'mroptimum', { unitId: unit.unitId }), {
    code: 'unit_not_ready',
  });
});

t.test('a role that may not stop executions degrades the unit until it may', async (t) => {
  const lab = await newLab(cloud);
  await lab.changeMachine(succeeded(lab, 61.2));
  const { unit } = await lab.register();
  await cloud
    .control(RESEARCHER)
    .addFault({ service: 'states', operation: 'StopExecution', kind: 'deny', times: 1 });
  const found = await preflight(lab, unit);
  t.match(found, { status: 'degraded', missing: [/^canary_cancel: no execution can be stopped/] });
  t.match(finding(found, 'canary_cancel'), {
    status: 'failed',
    actor: 'unit_owner',
    evidence: 'no execution can be stopped, whatever its run costs (StopExecution: AccessDeniedException)',
    policy: /states:StopExecution/,
  });
  t.match(finding(found, 'canary_run'), { status: 'passed' }, 'the test job was run all the same');
  t.ok((found.canaryDueAt ?? 0) > cloud.clock(), 'and stopping will be tried again');
  await t.rejects(lab.broker.units.choose(lab.who, 'mroptimum', { unitId: unit.unitId }), {
    code: 'unit_not_ready',
  });
  t.equal((await preflight(lab, found)).status, 'ready', 'the role was corrected');
});

t.test('a test job that never ends is given up', async (t) => {
  const lab = await newLab(cloud);
  await lab.changeMachine({
    StartAt: 'Wait',
    States: { Wait: { Type: 'Wait', Seconds: 100_000, End: true } },
  });
  const { unit } = await lab.register();
  const begun = await lab.broker.watch.recheck(unit, { canary: true });
  t.ok(begun.canary);
  cloud.clock.advance(16 * 60_000);
  await lab.broker.watch.tick();
  const ended = await cloud.stores.units.get(unit.unitId);
  t.match(ended, { status: 'degraded', canary: undefined, missing: [/^canary_run: the test job is still/] });
});

t.test('the test job follows a registration by itself, a minute later', async (t) => {
  const lab = await newLab(cloud);
  await lab.changeMachine(succeeded(lab, 61.2));
  const { unit } = await lab.register();
  const stored = () => cloud.stores.units.get(unit.unitId);
  cloud.clock.advance(30_000);
  await lab.broker.watch.tick();
  t.equal((await stored())?.canary, undefined, 'a first job does not wait for it');
  cloud.clock.advance(31_000);
  await lab.broker.watch.tick();
  const begun = await stored();
  t.match(begun, { status: 'ready', canary: { jobId: String }, canaryDueAt: undefined });
  t.match(finding(begun as Unit, 'canary_cancel'), { status: 'passed' });
});

t.test('the worker of the test job says its version and what its platform gave it', async (t) => {
  const lab = await newLab(cloud);
  const { unit } = await lab.register();
  const waiting = { status: 'skipped', evidence: 'the test job, whose worker says it, has not run yet' };
  for (const code of ['quotas', 'image', 'image_digest']) t.match(finding(unit, code), waiting, code);

  let last = unit;
  const saying = async (worker?: object): Promise<UnitCheck[]> => {
    await lab.changeMachine(succeeded(lab, 61.2, worker));
    last = await preflight(lab, last);
    t.equal(last.status, 'ready', 'jobs run nevertheless');
    return ['quotas', 'image'].flatMap((code) => finding(last, code) ?? []);
  };
  t.match(await saying(WORKER), [
    { status: 'passed', evidence: 'the function has 3008 MiB and 900 s, as jobs count on' },
    { status: 'passed', evidence: `the worker is ${VERSION}, as released` },
  ]);
  const [quotas, image] = await saying({ ...WORKER, version: '0.0.9', memoryMb: 1024, limitSeconds: 299 });
  t.match(quotas, {
    status: 'warning',
    actor: 'unit_owner',
    evidence:
      'the function has 1024 MiB, jobs count on 3008 (Lambda quota "Function memory allocation"); the function ends after 299 s, jobs count on 900 (Lambda quota "Function timeout")',
    remedy: /raise the Lambda quota that is named/,
  });
  t.match(image, {
    status: 'warning',
    evidence: `the worker is 0.0.9, but ${VERSION} is released`,
    remedy: /^Redeploy the stack/,
  });
  const rechecked = await lab.broker.watch.recheck(last);
  t.same(finding(rechecked, 'quotas'), quotas, 'and it stays said until another test job runs');
  last = rechecked;

  t.match(await saying({ ...WORKER, platform: 'fargate' }), [
    { status: 'warning', evidence: /ended on Fargate \(2 CPUs, 3008 MiB\)/ },
    { status: 'passed' },
  ]);
  for (const worker of [undefined, { ...WORKER, version: 'x'.repeat(41) }, { ...WORKER, memoryMb: -1 }]) {
    t.match(await saying(worker), [
      { status: 'skipped', evidence: /does not say what it was given/ },
      { status: 'warning', evidence: /does not say its version/ },
    ]);
  }
});
