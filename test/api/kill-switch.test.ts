/** T18: the use of an account is stopped at once, by its owner or by an administrator, and opened again. */
import t from 'tap';
import { broker, MODE_1, taskWith } from '../helpers/http.ts';

t.test('T18: what an owner has stopped runs nothing, and waiting jobs start when it is open', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const { computingUnitId } = (await b.proven(ada)).json();
  const url = `/api/computing-unit/${computingUnitId}`;
  const file = { operation: 'put', filename: 'a.dat', computingUnitId };
  const signal = (await ada.post('/api/data/presign', file)).json();
  const body = { alias: 'x', computing_unit_id: computingUnitId, task: taskWith(signal) };
  const { jobId } = (await ada.post('/api/task/queue', body)).json();

  t.match((await ada.post(`${url}/pause`)).json(), { paused: { by: 'owner', since: String } });
  t.equal((await ada.post(`${url}/pause`)).statusCode, 200, 'twice is fine');
  for (const answer of [await ada.post('/api/task/queue', body), await ada.post('/api/data/presign', file)]) {
    t.equal(answer.statusCode, 409, answer.body);
    t.match(answer.json(), { code: 'unit_paused', remedy: /^Wait until/ });
  }
  const probes = b.account.probes;
  for (let i = 0; i < 5; i++) {
    b.pass(20 * 60_000);
    await b.ticker.tick();
    await b.watch.tick();
  }
  t.equal(b.cloud.executions.size, 0, 'nothing was started');
  t.equal(b.account.probes, probes, 'and the account was not even looked at');
  const again = await b.login('ada@example.org');
  const waiting = (await again.get(`/api/job/${jobId}`)).json();
  t.equal(waiting.state ?? waiting.job?.state, 'queued');

  t.notOk((await again.post(`${url}/resume`)).json().paused);
  b.pass(1_000);
  await b.ticker.tick();
  t.equal(b.cloud.executions.size, 1, 'then it starts, at once');
  const acts = (await again.get('/api/audit')).json().entries.map(({ action }: { action: string }) => action);
  t.ok(acts.includes('unit.pause') && acts.includes('unit.resume'));
});

t.test('a job that waits for a stopped unit can be canceled', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const { computingUnitId } = (await b.proven(ada)).json();
  const signal = (
    await ada.post('/api/data/presign', { operation: 'put', filename: 'a.dat', computingUnitId })
  ).json();
  const body = { alias: 'x', computing_unit_id: computingUnitId, task: taskWith(signal) };
  const { jobId } = (await ada.post('/api/task/queue', body)).json();
  await ada.post(`/api/computing-unit/${computingUnitId}/pause`);
  await b.ticker.tick();
  await ada.post(`/api/job/${jobId}/cancel`);
  t.equal((await b.jobStore.get(jobId))?.state, 'canceled');
});

t.test('T18: an administrator stops any unit, and only one opens it again; nobody else', async (t) => {
  const b = await broker(t);
  const admin = await b.administrator();
  const ada = await b.person('ada@example.org');
  const eve = await b.person('eve@example.org');
  const { computingUnitId } = (await b.proven(ada)).json();
  const url = `/api/computing-unit/${computingUnitId}`;
  t.equal((await eve.post(`${url}/pause`)).statusCode, 404);
  t.match((await admin.post(`${url}/pause`)).json(), { paused: { by: 'administrator' } });
  await ada.post(`${url}/pause`);
  const refused = await ada.post(`${url}/resume`);
  t.equal(refused.statusCode, 409);
  t.match(refused.json(), { code: 'unit_paused', remedy: /administrator/ });
  t.notOk((await admin.post(`${url}/resume`)).json().paused);
  const { entries } = (await ada.get('/api/audit')).json();
  t.match(entries[0], { action: 'unit.resume', actor: `user:${admin.userId}`, outcome: 'open' });
});

t.test("the switch for all is an administrator's, and says who has set it", async (t) => {
  const b = await broker(t);
  const admin = await b.administrator();
  await admin.post('/computing-unit/register', MODE_1);
  t.match((await admin.get('/api/admin/computing-units/switch')).json(), { stopped: false, since: null });
  const ada = await b.person('ada@example.org');
  t.equal((await ada.post('/api/admin/computing-units/pause')).statusCode, 403);
  const by = `user:${admin.userId}`;
  t.match((await admin.post('/api/admin/computing-units/pause')).json(), { stopped: true, by });
  t.match((await admin.get('/api/admin/computing-units/switch')).json(), { stopped: true, by });
  t.match((await admin.post('/api/admin/computing-units/resume')).json(), { stopped: false, by });
  t.match((await admin.get('/api/audit')).json().entries, [
    { action: 'units.switch', outcome: 'open' },
    { action: 'units.switch', outcome: 'stopped' },
  ]);
});
