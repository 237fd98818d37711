/** Jobs that have ended, shown, listed and fetched in the words of every caller. */
import t from 'tap';
import { finish, ready, submitted, succeed } from '../helpers/ready-person.ts';

t.test('a job that succeeded is shown, listed and downloaded in every form', async (t) => {
  const b = await ready(t);
  const { ada } = b;
  const jobId = await submitted(ada, b.task, 'brain one');
  t.match((await ada.get(`/pipeline/status/${jobId}`)).json(), { status: 'QUEUED', state: 'queued' });
  t.match((await ada.get('/pipeline/list')).json().jobs, [{ status: 'pending', files: [] }]);
  const early = await ada.get(`/api/job/${jobId}/result`);
  t.equal(early.statusCode, 409);
  t.equal(early.json().code, 'conflict');

  await succeed(b, jobId);
  t.match((await ada.get(`/api/job/${jobId}`)).json(), {
    jobId,
    alias: 'brain one',
    state: 'succeeded',
    mode: 'mode_1',
    attempt: 0,
    seconds: 2.5,
    resultBytes: 1234,
    summary: { medianSnr: 17.5 },
    createdAt: '2099-11-22T09:30:00.000Z',
    startedAt: '2099-11-22T09:30:00.000Z',
    finishedAt: '2099-11-22T09:30:31.000Z',
    history: [{ state: 'queued' }, { state: 'starting' }, { state: 'succeeded', by: 'step-functions' }],
  });
  t.match((await ada.get(`/pipeline/status/${jobId}`)).json(), {
    pipeline: jobId,
    pipelineId: jobId,
    jobId,
    status: 'SUCCEEDED',
    executionArn: /^arn:aws:states:/,
  });
  const signed = (await ada.get(`/api/job/${jobId}/result`)).json();
  t.match(signed, { method: 'GET', filename: 'brain one.zip', expiresAt: '2099-11-22T10:30:31.000Z' });
  t.match(signed.url, `/mroptimum/${ada.userId}/${jobId}/0/result.zip?`);

  const [listed] = (await ada.get('/api/pipeline/list?cloudapp_name=MR+Optimum')).json().jobs;
  t.match(listed, {
    id: jobId,
    pipeline_id: jobId,
    alias: 'brain one',
    status: 'completed',
    setup: { version: 'v0', alias: 'brain one', task: { name: 'ac' } },
    files: [
      { fileName: 'brain one', filename: 'brain one.zip', status: 'available', database: 's3', size: '1234' },
    ],
  });
  t.match(listed.files[0].link, /^https:\/\/s3\.test\/hub-results\/.*X-Amz-Signature/);
  t.same(JSON.parse(listed.files[0].location), {
    Bucket: 'hub-results',
    Key: `mroptimum/${ada.userId}/${jobId}/0/result.zip`,
  });
  b.cloud.refuse = 'denied';
  t.equal((await ada.get('/pipeline/list')).json().jobs[0].files[0].link, 'unknown', 'the list survives');
  const refused = await ada.get(`/api/job/${jobId}/result`);
  t.equal(refused.statusCode, 502);
  t.equal(refused.json().code, 'cloud_refused');
  t.notMatch(JSON.stringify([listed, signed]), /tokenHash|token_hash/);
});

t.test('a job that failed says why, who must act, and gives its bundle if there is one', async (t) => {
  const b = await ready(t);
  const { ada } = b;
  const jobId = await submitted(ada, b.task);
  await b.ticker.tick();
  const job = (await b.jobStore.get(jobId))!;
  const cause = { code: 'noise_missing', message: 'There is no noise.', remedy: 'Add a noise scan.' };
  finish(b, job.executionArn!, { status: 'FAILED', error: 'noise_missing', cause: JSON.stringify(cause) });
  b.pass(31_000);
  await b.ticker.tick();
  t.match((await ada.get(`/api/job/${jobId}`)).json(), {
    state: 'failed',
    failure: { ...cause, actor: 'user' },
  });
  t.match((await ada.get(`/pipeline/status/${jobId}`)).json(), {
    status: 'FAILED',
    error: 'noise_missing',
    message: 'There is no noise.',
  });
  t.equal((await ada.get('/pipeline/list')).json().jobs[0].status, 'failed');
  t.equal((await ada.get(`/api/job/${jobId}/result`)).statusCode, 404, 'no bundle');
  b.cloud.objects.set(`${job.failureBundle.bucket}/${job.failureBundle.key}`, {
    sizeBytes: 1,
    etag: '',
    metadata: {},
  });
  t.match((await ada.get(`/api/job/${jobId}/result`)).json().filename, 'brain _failure_.zip');
  const over = await ada.post(`/api/job/${jobId}/cancel`);
  t.equal(over.statusCode, 409);
  t.equal(over.json().code, 'job_terminal');
});
