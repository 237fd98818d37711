/** Log and cost of a run, and the proof that a canceled run has ended. */
import t from 'tap';
import { jobToken } from '../../services/jobs/token.ts';
import { broker, MODE_1, SECRET, taskWith } from '../helpers/http.ts';

async function running(t: Parameters<typeof broker>[0], platform: 'lambda' | 'fargate' = 'fargate') {
  const b = await broker(t);
  const admin = await b.administrator();
  await admin.post('/computing-unit/register', MODE_1);
  const ada = await b.person('ada@example.org');
  const file = { operation: 'put', filename: 's.dat', filesize: 50e6 };
  const { bucket, key } = (await ada.post('/data/presign', file)).json();
  const { jobId } = (
    await ada.post('/task/queue', { alias: 'brain', task: taskWith({ bucket, key }) })
  ).json();
  await b.ticker.tick();
  const report = (fraction: number, message = 'slice 1 of 4') =>
    b.app.inject({
      method: 'POST',
      url: `/api/job/${jobId}/progress`,
      payload: { attempt: 0, step: 'reconstruct', fraction, message, platform },
      headers: { authorization: `Bearer ${jobToken(SECRET, jobId, 0)}` },
    });
  const state = async (): Promise<string> => (await ada.get(`/api/job/${jobId}`)).json().state;
  return { ...b, ada, jobId, report, state };
}

t.test('F24: a canceled job ends when its worker has stopped, not when Step Functions says so', async (t) => {
  const b = await running(t);
  await b.report(0.2);
  await b.ada.post(`/api/job/${b.jobId}/cancel`);
  await b.ticker.tick();
  b.pass(3_000);
  await b.ticker.tick();
  t.equal(await b.state(), 'canceling', 'the execution is aborted, but the worker was heard of just now');
  t.match((await b.report(0.3)).json(), { cancel: true }, 'and is told');
  const job = (await b.jobStore.get(b.jobId))!;
  b.cloud.objects.set(`${job.failureBundle.bucket}/${job.failureBundle.key}`, {
    sizeBytes: 1,
    etag: '',
    metadata: {},
  });
  b.pass(3_000);
  await b.ticker.tick();
  t.match((await b.ada.get(`/api/job/${b.jobId}`)).json(), {
    state: 'canceled',
    failure: {
      code: 'canceled',
      message: 'Canceled as requested. Its worker has stopped and left a bundle.',
    },
  });
});

t.test('F16: what a failed run left where its result would be is listed as partial', async (t) => {
  const b = await running(t);
  const job = (await b.jobStore.get(b.jobId))!;
  const story = async () => (await b.ada.get(`/api/job/${b.jobId}/logs`)).json();
  b.cloud.objects.set(`${job.result.bucket}/${job.result.key}`, { sizeBytes: 77, etag: '', metadata: {} });
  t.equal((await story()).partial, null, 'while it runs nothing is said of it');
  const [[arn, execution]] = [...b.cloud.executions];
  b.cloud.executions.set(arn, { ...execution, status: 'FAILED', error: 'noise_missing', cause: 'no JSON' });
  b.pass(60_000);
  await b.ticker.tick();
  t.match(await story(), {
    state: 'failed',
    partial: { sizeBytes: 77, filename: /partial.*\.zip$/, url: new RegExp(job.result.key) },
  });
  const asResult = await b.ada.post('/data/presign', { operation: 'get', jobId: b.jobId });
  t.not(asResult.statusCode, 200, 'it is no result');
});

t.test('a canceled job ends when its worker has fallen silent, and at last in any case', async (t) => {
  const silent = await running(t);
  await silent.report(0.2);
  await silent.ada.post(`/api/job/${silent.jobId}/cancel`);
  for (let i = 0; i < 12 && (await silent.state()) !== 'canceled'; i++) {
    await silent.ticker.tick();
    silent.pass(3_000);
  }
  t.match((await silent.ada.get(`/api/job/${silent.jobId}`)).json().failure.message, /not been heard of/);

  const stubborn = await running(t);
  await stubborn.report(0.2);
  await stubborn.ada.post(`/api/job/${stubborn.jobId}/cancel`);
  let rounds = 0;
  for (; rounds < 40 && (await stubborn.state()) !== 'canceled'; rounds++) {
    await stubborn.ticker.tick();
    await stubborn.report(0.3);
    stubborn.pass(10_000);
  }
  t.ok(rounds >= 30, `kept canceling for ${rounds * 10} s`);
  t.match((await stubborn.ada.get(`/api/job/${stubborn.jobId}`)).json().failure.message, /stop the task/);
});

t.test('the log tells the story, and links what the worker wrote', async (t) => {
  const b = await running(t);
  await b.report(0.25, 'slice 1 of 4');
  const early = (await b.ada.get(`/job/${b.jobId}/logs`)).json();
  t.match(early, { state: 'running', attempt: 0, log: null });
  t.match(
    early.events.map(({ by, text }: { by: string; text: string }) => `${by} ${text}`),
    [/^user:.* queued$/, /^broker starting$/, /^worker running$/, 'worker reconstruct: slice 1 of 4 (25 %)'],
  );
  const job = (await b.jobStore.get(b.jobId))!;
  const failed = { status: 'FAILED', error: 'noise_missing', stoppedAt: b.clock() } as const;
  b.cloud.executions.set(job.executionArn!, { ...b.cloud.executions.get(job.executionArn!)!, ...failed });
  b.pass(31_000);
  await b.ticker.tick();
  const without = (await b.ada.get(`/job/${b.jobId}/logs`)).json();
  t.match(without, { state: 'failed', log: null }, 'a worker that was killed leaves none');
  t.match(without.events.at(-1).text, /^noise_missing: .*Add a noise scan/);
  const [listed] = (await b.ada.get('/pipeline/list')).json().jobs;
  t.match(listed, {
    status: 'failed',
    files: [
      { fileName: 'brain (failure)', filename: 'brain (failure).zip', link: /hub-failed.*failure\.zip/ },
    ],
  });
  const key = job.failureBundle.key.replace('failure.zip', 'log.json');
  b.cloud.objects.set(`${job.failureBundle.bucket}/${key}`, { sizeBytes: 1, etag: '', metadata: {} });
  t.match((await b.ada.get(`/job/${b.jobId}/logs`)).json().log, {
    filename: 'brain _log_.json',
    url: new RegExp(`/hub-failed/${key}`),
  });
});

t.test('the cost of a run follows from its duration and platform', async (t) => {
  const b = await running(t, 'fargate');
  const before = (await b.ada.get(`/api/job/${b.jobId}/cost`)).json();
  t.match(before, { final: false, seconds: 0 });
  await b.report(0.5);
  b.pass(600_000);
  const job = (await b.jobStore.get(b.jobId))!;
  await b.jobStore.replace({
    ...job,
    version: job.version + 1,
    estimate: { ...job.estimate!, vcpu: 4, memoryMb: 16_384 },
  });
  const execution = b.cloud.executions.get(job.executionArn!)!;
  b.cloud.executions.set(job.executionArn!, { ...execution, status: 'FAILED', error: 'worker_oom' });
  await b.ticker.tick();
  const cost = (await b.ada.get(`/job/${b.jobId}/cost`)).json();
  t.match(cost, { final: true, isEstimate: true, platform: 'fargate', seconds: 600, paidBy: 'platform' });
  // 10 minutes of 4 vCPU and 16 GB: 0.0388 dollars, and a sixth of an hour of an address.
  t.ok(Math.abs(cost.lines[0].usd - (0.03884 + 0.005 / 6)) < 1e-5, `${cost.lines[0].usd}`);
  t.ok(cost.usd > cost.lines[0].usd && cost.usd < cost.lines[0].usd + 0.01);
  t.equal(cost.estimated.vcpu, 4);
  const eve = await b.person('eve@example.org');
  for (const what of ['logs', 'cost']) t.equal((await eve.get(`/job/${b.jobId}/${what}`)).statusCode, 404);
});
