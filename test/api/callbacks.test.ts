/** The doors of the worker: the token of one attempt of one job opens that job and nothing else. */
import t from 'tap';
import { jobToken } from '../../services/jobs/token.ts';
import { broker, MODE_1, SECRET, taskWith } from '../helpers/http.ts';

async function running(t: Parameters<typeof broker>[0]) {
  const b = await broker(t);
  const admin = await b.administrator();
  await admin.post('/computing-unit/register', MODE_1);
  const ada = await b.person('ada@example.org');
  const { bucket, key } = (await ada.post('/data/presign', { operation: 'put', filename: 's.dat' })).json();
  const submit = async (): Promise<{ jobId: string; token: string }> => {
    const { jobId } = (await ada.post('/task/queue', { alias: 'a', task: taskWith({ bucket, key }) })).json();
    await b.ticker.tick();
    return { jobId, token: jobToken(SECRET, jobId, 0) };
  };
  const tell = (url: string, token: string, payload?: object) =>
    b.app.inject({ method: 'POST', url, payload, headers: { authorization: `Bearer ${token}` } });
  return { ...b, ada, submit, tell };
}

const REPORT = {
  attempt: 0,
  step: 'reconstruct',
  fraction: 0.5,
  message: 'slice 4 of 8',
  platform: 'lambda',
};

t.test('progress moves a job to running and is shown to its owner', async (t) => {
  const { submit, tell, ada } = await running(t);
  const { jobId, token } = await submit();
  const answer = await tell(`/api/job/${jobId}/progress`, token, REPORT);
  t.equal(answer.statusCode, 200, answer.body);
  t.same(answer.json(), { success: true, jobId, state: 'running', cancel: false });
  t.match((await ada.get(`/api/job/${jobId}`)).json(), {
    state: 'running',
    platform: 'lambda',
    progress: { step: 'reconstruct', fraction: 0.5, message: 'slice 4 of 8', at: '2099-11-22T09:30:00.000Z' },
  });
  await ada.post(`/api/job/${jobId}/cancel`);
  t.match((await tell(`/api/job/${jobId}/progress`, token, REPORT)).json(), {
    cancel: true,
    state: 'canceling',
  });
});

t.test('progress that makes no sense is refused', async (t) => {
  const { submit, tell } = await running(t);
  const { jobId, token } = await submit();
  for (const change of [
    { fraction: 2 },
    { fraction: '1' },
    { step: 'sing' },
    { attempt: -1 },
    { message: 'x'.repeat(201) },
  ]) {
    const answer = await tell(`/api/job/${jobId}/progress`, token, { ...REPORT, ...change });
    t.equal(answer.statusCode, 400, JSON.stringify(change));
  }
  t.equal((await tell(`/api/job/${jobId}/progress`, token)).statusCode, 400, 'no body');
  const over = await tell(`/api/job/${jobId}/progress`, token, { ...REPORT, attempt: 7 });
  t.equal(over.statusCode, 409);
  t.equal(over.json().code, 'job_terminal');
});

t.test('T13, R45, R46: the end is told by each door; Step Functions decides what it was', async (t) => {
  const { submit, tell, cloud, jobStore, ada } = await running(t);
  // The last: whether the door, or what is sent to it, says that the run has succeeded.
  const doors: ((jobId: string, key: string) => [string, object?, boolean?])[] = [
    (jobId) => [
      `/api/job/${jobId}/callback`,
      { status: 'succeeded', bucket: 'x', key: 'y', error: null },
      true,
    ],
    (jobId) => [`/job/${jobId}/callback`],
    (jobId) => ['/pipeline/completed', { pipeline: jobId, results: {} }, true],
    (jobId) => ['/api/pipeline/failed', { job_id: jobId, error: 'x' }],
    (_jobId, key) => ['/pipeline/completed', { bucket: 'b', key, status: 'completed', mode: 'mode2' }, true],
    (jobId) => [
      `/pipeline/completed/${jobId}`,
      { results: 's3://b/k', output: 's3://b/k', log: 'None' },
      true,
    ],
    (jobId) => [`/pipeline/failed/${jobId}`, { results: 's3://b/k' }],
  ];
  for (const door of doors) {
    const { jobId, token } = await submit();
    const job = (await jobStore.get(jobId))!;
    const [url, body, says] = door(jobId, job.result.key);
    const early = await tell(url, token, body);
    t.equal(early.statusCode, 200, `${url}: ${early.body}`);
    t.equal(early.json().state, 'running', 'a success that Step Functions does not confirm changes nothing');
    const execution = cloud.executions.get(job.executionArn!)!;
    cloud.executions.set(job.executionArn!, { ...execution, status: 'FAILED', error: 'bad_options' });
    t.same((await tell(url, token, body)).json(), { success: true, jobId, state: 'failed', cancel: false });
    t.equal((await tell(url, token, body)).statusCode, 200, 'repeated');
    const ended = (await ada.get(`/api/job/${jobId}`)).json();
    t.equal(ended.failure.code, 'bad_options');
    t.equal(ended.history.at(-1).note, says ? 'bad_options, report_contradicted' : 'bad_options', url);
    const { entries } = (await ada.get('/api/audit')).json();
    const told = entries.filter((entry: { subject: string }) => entry.subject === jobId);
    t.equal(told.length, says ? 1 : 0, 'once, however often it is repeated');
  }
  const { token } = await submit();
  t.equal((await tell('/pipeline/completed', token, { key: 'a/b/c.zip' })).statusCode, 400, 'names no job');
});

t.test('T10: only the token of this attempt of this job opens its doors', async (t) => {
  const { submit, tell, ada } = await running(t);
  const [mine, other] = [await submit(), await submit()];
  const doors: [string, object][] = [
    [`/api/job/${mine.jobId}/progress`, REPORT],
    [`/api/job/${mine.jobId}/callback`, {}],
    ['/pipeline/completed', { pipeline: mine.jobId }],
    [`/pipeline/failed/${mine.jobId}`, {}],
  ];
  const tokens: Record<string, string> = {
    'of another job': other.token,
    'of another attempt': jobToken(SECRET, mine.jobId, 1),
    'of the owner': ada.tokens.id_token,
    guessed: 'x'.repeat(43),
  };
  for (const [url, body] of doors) {
    for (const [name, token] of Object.entries(tokens)) {
      const answer = await tell(url, token, body);
      t.equal(answer.statusCode, 401, `${url} with a token ${name}`);
      t.equal(answer.json().code, 'not_signed_in');
    }
    t.equal((await tell(url, '', body)).statusCode, 401, `${url} without a token`);
  }
  t.equal((await tell('/api/job/01M80D0N0000000000000000ZZ/callback', mine.token, {})).statusCode, 401);
  const asUser = await ada.get(`/api/job/${mine.jobId}`, { authorization: `Bearer ${mine.token}` });
  t.equal(asUser.statusCode, 401, 'a job token is no user token');
});
