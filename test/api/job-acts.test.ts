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
  const running = await ada.post(`/api/job/${fresh}/retry`);
  t.equal(running.statusCode, 409);
  t.match(running.json(), { code: 'conflict', remedy: /Cancel/ });
});
