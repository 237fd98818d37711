/** What a person does with a job that has ended: try it again, rename it, delete it. */
import t from 'tap';
import { broker, MODE_1, type Person, taskWith } from '../helpers/http.ts';

/** A broker with the platform's unit and a person with a file. */
async function ready(t: Parameters<typeof broker>[0]) {
  const b = await broker(t);
  const admin = await b.administrator();
  await admin.post('/computing-unit/register', MODE_1);
  const ada = await b.person('ada@example.org');
  const { bucket, key } = (await ada.post('/data/presign', { operation: 'put', filename: 's.dat' })).json();
  return { ...b, ada, task: taskWith({ bucket, key }) };
}

async function canceled(ada: Person, task: object): Promise<string> {
  const { jobId } = (await ada.post('/api/task/queue', { alias: 'brain', task })).json();
  await ada.post(`/api/job/${jobId}/cancel`);
  return jobId;
}

t.test('a job is tried again; the answer shows the attempts before', async (t) => {
  const { ada, task, ticker } = await ready(t);
  const jobId = await canceled(ada, task);
  const { version } = (await ada.get(`/api/job/${jobId}`)).json();
  const again = await ada.post(`/api/job/${jobId}/retry`, { version });
  t.equal(again.statusCode, 202, again.body);
  t.match(again.json(), {
    state: 'queued',
    attempt: 1,
    version: version + 1,
    earlierAttempts: [{ attempt: 0, state: 'canceled', failure: { code: 'canceled' } }],
  });
  t.notOk('failure' in again.json());
  t.same((await ada.post(`/job/${jobId}/retry`, { version })).json(), again.json(), 'a second click');
  t.equal((await ada.post(`/job/${jobId}/retry`)).json().attempt, 1, 'without a version, too');
  await ticker.tick();
  t.match((await ada.get(`/api/job/${jobId}`)).json().executionArn, new RegExp(`job-${jobId}-1$`));
  t.equal((await ada.post(`/job/${jobId}/retry`, { version: 0 })).statusCode, 400);
  t.equal((await ada.post(`/job/${jobId}/retry`, { version: version + 1 })).statusCode, 409);
  const fresh = (await ada.post('/api/task/queue', { alias: 'brain', task })).json().jobId;
  const there = await canceled(ada, task);
  const onFargate = await ada.post(`/api/job/${there}/retry`, { platform: 'fargate' });
  t.equal(onFargate.json().history.at(-1).note, 'attempt 1 on fargate');
  t.equal((await ada.post(`/api/job/${there}/retry`, { platform: 'ec2' })).statusCode, 400);
  const running = await ada.post(`/api/job/${fresh}/retry`);
  t.equal(running.statusCode, 409);
  t.match(running.json(), { code: 'conflict', remedy: /Cancel/ });
});

t.test('a job that has ended gets another name; its result is downloaded under it', async (t) => {
  const b = await ready(t);
  const jobId = await canceled(b.ada, b.task);
  const before = (await b.ada.get(`/api/job/${jobId}`)).json();
  const renamed = await b.ada.patch(`/api/job/${jobId}`, { alias: '  knee, left ' });
  t.equal(renamed.statusCode, 200, renamed.body);
  t.match(renamed.json(), { alias: 'knee, left', state: 'canceled', version: before.version + 1 });
  t.same(renamed.json().history, before.history, 'no state has changed');
  t.equal((await b.ada.patch(`/job/${jobId}`, { alias: 'knee, left' })).json().version, before.version + 1);
  for (const alias of ['', ' ', 'a\nb', 'x'.repeat(201), 7, null]) {
    t.equal((await b.ada.patch(`/api/job/${jobId}`, { alias })).statusCode, 400, String(alias));
  }
  const open = (await b.ada.post('/api/task/queue', { alias: 'a', task: b.task })).json().jobId;
  const refused = await b.ada.patch(`/api/job/${open}`, { alias: 'b' });
  t.equal(refused.statusCode, 409);
  t.match(refused.json(), { code: 'conflict', remedy: /Cancel the job first/ });
});

t.test('a job is deleted by each door, twice if need be, but not while it is open', async (t) => {
  const b = await ready(t);
  const doors: ((jobId: string) => ReturnType<Person['del']>)[] = [
    (jobId) => b.ada.del(`/api/job/${jobId}`),
    (jobId) => b.ada.del(`/pipeline/delete?id=${jobId}`),
    (jobId) => b.ada.post(`/Prod/api/pipeline/delete/${jobId}`),
  ];
  for (const door of doors) {
    const { jobId } = (await b.ada.post('/api/task/queue', { alias: 'brain', task: b.task })).json();
    const refused = await door(jobId);
    t.equal(refused.statusCode, 409);
    t.match(refused.json(), { code: 'conflict', remedy: /Cancel the job first/ });
    await b.ada.post(`/api/job/${jobId}/cancel`);
    t.same((await door(jobId)).json(), { success: true, removed: true });
    t.equal((await b.ada.get(`/api/job/${jobId}`)).statusCode, 404);
    t.same((await door(jobId)).json(), { success: true, removed: false });
  }
  t.same((await b.ada.get('/api/job')).json().jobs, []);
  for (const url of ['/api/pipeline/delete', '/api/pipeline/delete?id=', '/api/pipeline/delete?id=a%2Fb']) {
    t.equal((await b.ada.del(url)).statusCode, 400, url);
  }
});

t.test('the objects of all attempts go before the job; if they cannot, the job stays', async (t) => {
  const b = await ready(t);
  const { ada, cloud } = b;
  const jobId = await canceled(ada, b.task);
  await ada.post(`/api/job/${jobId}/retry`);
  await ada.post(`/api/job/${jobId}/cancel`);
  for (const attempt of [0, 1]) {
    const folder = `mroptimum/${ada.userId}/${jobId}/${attempt}`;
    for (const name of [
      `hub-data/${folder}/job.json`,
      `hub-results/${folder}/result.zip`,
      `hub-results/${folder}/run.json`,
      `hub-failed/${folder}/failure.zip`,
      `hub-failed/${folder}/failure.json`,
    ]) {
      cloud.objects.set(name, { sizeBytes: 1, etag: '', metadata: {} });
    }
  }
  cloud.objects.set('hub-data/upload', { sizeBytes: 1, etag: '', metadata: {} });
  for (const [problem, status] of [
    ['denied', 502],
    ['unavailable', 503],
  ] as const) {
    cloud.refuse = problem;
    t.equal((await ada.del(`/api/job/${jobId}`)).statusCode, status);
    t.equal((await ada.get(`/api/job/${jobId}`)).statusCode, 200);
  }
  cloud.refuse = undefined;
  t.equal((await ada.del(`/api/job/${jobId}`)).json().removed, true);
  t.same([...cloud.objects.keys()], ['hub-data/upload'], 'uploads stay');
});

t.test('a job whose unit is gone can be deleted all the same', async (t) => {
  const b = await ready(t);
  const jobId = await canceled(b.ada, b.task);
  const unit = (await b.unitStore.get((await b.jobStore.get(jobId))!.unitId))!;
  await b.unitStore.remove(unit);
  b.cloud.refuse = 'denied';
  t.equal((await b.ada.del(`/api/job/${jobId}`)).json().removed, true);
});
