/** Submitting, canceling and listing, in the words of every caller. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { MODE_1, taskWith } from '../helpers/http.ts';
import { ready, submitted } from '../helpers/ready-person.ts';

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

t.test(
  'F1, F2: an Idempotency-Key gives the same job for the same request and refuses another',
  async (t) => {
    const { ada, admin, task } = await ready(t);
    const submit = (alias: string, key: string, who = ada) =>
      who.post('/api/task/queue', { alias, task }, { 'idempotency-key': key });
    const first = await submit('a', 'key-1');
    const again = await submit('a', 'key-1');
    t.equal(again.json().jobId, first.json().jobId);
    t.same([first.statusCode, again.statusCode], [202, 202]);
    const other = await submit('b', 'key-1');
    t.equal(other.statusCode, 422);
    t.equal(other.json().code, 'idempotency_key_reuse');
    t.not((await submit('a', 'key-2')).json().jobId, first.json().jobId);
    t.equal((await submit('a', 'has space')).statusCode, 400);
    t.equal((await submit('a', 'k'.repeat(256))).statusCode, 400);
    t.equal((await submit('a', 'key-1', admin)).statusCode, 400, "another person's key is another key");
  },
);

t.test('a pipeline that was made before is one job: for the same request, and for no other', async (t) => {
  const { ada, task } = await ready(t);
  const made = await ada.post('/api/pipeline/request', { cloudapp_name: 'MR Optimum', alias: 'brain' });
  const { pipeline } = made.json();
  const submit = (alias: string, key?: string) =>
    ada.post('/api/task/queue', { alias, task, pipeline }, key ? { 'idempotency-key': key } : {});
  const first = await submit('brain');
  t.equal(first.statusCode, 202);
  t.equal(first.json().jobId, pipeline);
  for (const key of [undefined, 'key-1', 'key-2']) {
    const again = await submit('brain', key);
    t.match([again.statusCode, again.json().jobId], [202, pipeline]);
    const other = await submit('another brain', key && `${key}-other`);
    t.match([other.statusCode, other.json().code], [422, 'idempotency_key_reuse']);
  }
  t.equal((await ada.get('/pipeline/list')).json().jobs.length, 1);
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

t.test(
  'a job is canceled before it starts at once, afterwards when it is stopped and no worker is heard of',
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
    t.match([...b.cloud.executions.values()].at(-1), { status: 'ABORTED' });
    t.equal((await ada.get(`/api/job/${jobId}`)).json().state, 'canceling', 'a worker may be about to begin');
    b.pass(31_000);
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
