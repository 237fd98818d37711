/** Submitting, looking, listing, canceling and fetching, in the words of every caller. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { type Broker, broker, MODE_1, type Person, taskWith } from '../helpers/http.ts';

/** A broker with the platform's unit, a person, and a file of theirs. */
async function ready(t: Parameters<typeof broker>[0]) {
  const b = await broker(t);
  const admin = await b.administrator();
  const unit = (await admin.post('/computing-unit/register', MODE_1)).json();
  const ada = await b.person('ada@example.org');
  const { bucket, key } = (await ada.post('/data/presign', { operation: 'put', filename: 's.dat' })).json();
  const task = taskWith({ bucket, key });
  return { ...b, admin, ada, unit, task, unitId: unit.computingUnitId as string };
}

async function submitted(ada: Person, task: object, alias = 'brain'): Promise<string> {
  const answer = await ada.post('/api/task/queue', { cloudapp_name: 'MR Optimum', alias, task });
  if (answer.statusCode !== 202) throw new Error(answer.body);
  return answer.json().jobId;
}

/** Lets the execution of a job succeed, with its result object in place. */
async function succeed(b: Broker, jobId: string): Promise<void> {
  await b.ticker.tick();
  const job = (await b.jobStore.get(jobId))!;
  const result = {
    ...job.result,
    sizeBytes: 1234,
    sha256: 'abc',
    seconds: 2.5,
    summary: { medianSnr: 17.5, maxSnr: 40, slices: 1, matrix: [96, 96], coils: 8, warnings: 0 },
  };
  b.cloud.objects.set(`${job.result.bucket}/${job.result.key}`, {
    sizeBytes: 1234,
    etag: 'e',
    metadata: { sha256: 'abc' },
  });
  finish(b, job.executionArn!, { status: 'SUCCEEDED', output: JSON.stringify(result) });
  b.pass(31_000);
  await b.ticker.tick();
}

function finish(b: Broker, arn: string, change: object): void {
  b.cloud.executions.set(arn, { ...b.cloud.executions.get(arn)!, ...change });
}

t.test(
  'a job is accepted by each door and in each dialect, and goes to the unit that was meant',
  async (t) => {
    const { ada, admin, task, unitId } = await ready(t);
    const other = (
      await admin.post('/computing-unit/register', {
        ...MODE_1,
        alias: 'Second',
        isDefault: false,
        stateMachineArn: `${MODE_1.stateMachineArn}2`,
      })
    ).json().computingUnitId;
    const bodies: [name: string, url: string, body: object, unit: string][] = [
      ['documents', '/task/queue', { appId: 'mroptimum', mode: 'mode1' }, unitId],
      [
        'scripts',
        '/api/pipeline/queue_job',
        { cloudapp_name: 'MR Optimum', computing_unit_mode: 'mode_1' },
        unitId,
      ],
      ['by id', '/api/pipeline/queue_job', { cloudapp_name: 'MR Optimum', computing_unit_id: other }, other],
      ['by id, camel case', '/pipeline/queue_job', { appName: 'MR Optimum', computingUnitId: other }, other],
      ['id before mode', '/Prod/api/pipeline/queue_job', { mode: 'mode_2', computing_unit_id: other }, other],
      [
        'nulls',
        '/api/task/queue',
        { cloudapp_name: 'MR Optimum', output: null, computing_unit_id: null },
        unitId,
      ],
      [
        'inside the task',
        '/api/task/queue',
        { task: { ...task, mode: 'mode_1', computing_unit_id: other } },
        other,
      ],
      ['nothing said', '/api/task/queue', {}, unitId],
    ];
    for (const [name, url, body, unit] of bodies) {
      const answer = await ada.post(url, { alias: name, task, ...body });
      t.equal(answer.statusCode, 202, `${name}: ${answer.body}`);
      const said = answer.json();
      t.match(said, {
        success: true,
        state: 'queued',
        alias: name,
        computingUnit: { computingUnitId: unit, id: unit },
      });
      for (const alias of ['pipeline', 'pipelineId', 'pipeline_id', 'taskId', 'task_id']) {
        t.equal(said[alias], said.jobId, alias);
      }
      t.equal((await ada.get(`/api/job/${said.jobId}`)).json().computingUnitId, unit, name);
    }
  },
);

t.test(
  "every body the web client was seen to post is accepted once its files are the caller's",
  async (t) => {
    const { ada, unitId } = await ready(t);
    const captured = JSON.parse(
      readFileSync(new URL('../fixtures/webgui-jobs.json', import.meta.url), 'utf8'),
    ) as Record<string, object>;
    const upload = async (): Promise<{ bucket: string; key: string }> =>
      (await ada.post('/data/presign', { operation: 'put', filename: 's.dat' })).json();
    t.equal(Object.keys(captured).length, 22);
    for (const [name, body] of Object.entries(captured)) {
      const { bucket, key } = await upload();
      const own = JSON.parse(JSON.stringify(body), (field, value) =>
        field === 'computing_unit_id'
          ? unitId
          : field === 'mode'
            ? 'mode_1'
            : field === 'bucket'
              ? bucket
              : field === 'key'
                ? key
                : value,
      );
      const answer = await ada.post('/api/pipeline/queue_job', own);
      t.equal(answer.statusCode, 202, `${name}: ${answer.body}`);
    }
  },
);

t.test('an Idempotency-Key gives the same job for the same request and refuses another', async (t) => {
  const { ada, admin, task } = await ready(t);
  const submit = (alias: string, key: string, who = ada) =>
    who.post('/api/task/queue', { alias, task }, { 'idempotency-key': key });
  const first = await submit('a', 'key-1');
  const again = await submit('a', 'key-1');
  t.equal(again.json().jobId, first.json().jobId);
  const other = await submit('b', 'key-1');
  t.equal(other.statusCode, 422);
  t.equal(other.json().code, 'idempotency_key_reuse');
  t.not((await submit('a', 'key-2')).json().jobId, first.json().jobId);
  t.equal((await submit('a', 'has space')).statusCode, 400);
  t.equal((await submit('a', 'k'.repeat(256))).statusCode, 400);
  t.equal((await submit('a', 'key-1', admin)).statusCode, 400, "another person's key is another key");
});

t.test('what cannot run is refused with the reason', async (t) => {
  const { ada, task, unitId } = await ready(t);
  const submit = (body: object) => ada.post('/api/task/queue', { alias: 'x', task, ...body });
  for (const [name, body, status, code] of [
    ['no alias', { alias: undefined }, 400, 'invalid_request'],
    ['alias of blanks', { alias: '  ' }, 400, 'invalid_request'],
    ['alias with a line break', { alias: 'a\nb' }, 400, 'invalid_request'],
    ['no task', { task: undefined }, 400, 'invalid_request'],
    ['task is a list', { task: [] }, 400, 'invalid_request'],
    ['task without files', { task: { type: 'snr' } }, 400, 'invalid_request'],
    ['unknown mode', { mode: 'mode_3' }, 400, 'invalid_request'],
    [
      "somebody else's file",
      { task: taskWith({ bucket: 'hub-data', key: 'mroptimum/x/uploads/y.dat' }) },
      400,
      'invalid_request',
    ],
    ['unknown unit', { computing_unit_id: '01M80D0N0000000000000000ZZ' }, 404, 'not_found'],
    ['no unit of that mode', { mode: 'mode_2' }, 409, 'no_unit'],
    ['no unit of that app', { appId: 'another', computing_unit_id: '' }, 409, 'no_unit'],
  ] as [string, object, number, string][]) {
    const answer = await submit(body);
    t.equal(answer.statusCode, status, `${name}: ${answer.body}`);
    t.equal(answer.json().code, code, name);
  }
  const pending = (await ada.post('/computing-unit/register', { ...MODE_2_PENDING })).json();
  const notReady = await submit({ computing_unit_id: pending.computingUnitId });
  t.equal(notReady.statusCode, 409);
  t.match(notReady.json(), { code: 'unit_not_ready', details: { status: 'pending' } });
  t.ok(notReady.json().details.missing.length > 0, 'and what is missing');
  t.equal((await submit({ computing_unit_id: unitId })).statusCode, 202);
});

const MODE_2_PENDING = {
  ...MODE_1,
  mode: 'mode_2',
  provider: 'user-owned',
  awsAccountId: '222222222222',
  stateMachineArn: 'arn:aws:states:us-east-1:222222222222:stateMachine:jobs',
  crossAccountRoleArn: 'arn:aws:iam::222222222222:role/x',
};

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

t.test(
  'a job is canceled before it starts at once, afterwards when Step Functions has stopped it',
  async (t) => {
    const b = await ready(t);
    const { ada } = b;
    const waiting = await ada.post(`/api/job/${await submitted(ada, b.task)}/cancel`);
    t.equal(waiting.statusCode, 202);
    t.match(waiting.json(), { state: 'canceled', failure: { code: 'canceled' } });
    const jobId = await submitted(ada, b.task);
    await b.ticker.tick();
    t.equal((await ada.post(`/job/${jobId}/cancel`)).json().state, 'canceling');
    t.equal((await ada.post(`/job/${jobId}/cancel`)).statusCode, 202, 'twice is fine');
    t.equal((await ada.get(`/pipeline/status/${jobId}`)).json().status, 'RUNNING');
    await b.ticker.tick();
    t.equal((await ada.get(`/api/job/${jobId}`)).json().state, 'canceled');
  },
);

t.test('lists come in pages', async (t) => {
  const b = await ready(t);
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) {
    b.pass(1_000);
    ids.unshift(await submitted(b.ada, b.task, `job ${i}`));
  }
  const seen: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: { jobs: { jobId: string }[]; count: number; cursor: string | null } = (
      await b.ada.get(`/api/job?limit=2${cursor && `&cursor=${cursor}`}`)
    ).json();
    t.ok(page.count <= 2);
    seen.push(...page.jobs.map((job) => job.jobId));
    cursor = page.cursor;
  }
  t.same(seen, ids, 'newest first, each once');
  for (const query of ['limit=0', 'limit=101', 'limit=x', 'cursor=']) {
    t.equal((await b.ada.get(`/api/job?${query}`)).statusCode, 400, query);
  }
});
