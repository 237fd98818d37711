/** What a person may still have done in a unit that is shared with them no longer: nothing that costs its owner. */
import t from 'tap';
import { type Broker, broker, type Person, taskWith } from '../helpers/http.ts';

/** Ada's unit, shared with Bob, who has a file there. */
async function sharedUnit(b: Broker) {
  const ada = await b.person('ada@example.org');
  const bob = await b.person('bob@example.org');
  const { computingUnitId } = (await b.proven(ada)).json();
  const url = `/api/computing-unit/${computingUnitId}`;
  await ada.post(`${url}/share`, { person: bob.userId });
  const file = { operation: 'put', filename: 'a.dat', computingUnitId };
  const signal = (await bob.post('/api/data/presign', file)).json();
  return { ada, bob, computingUnitId, url, signal };
}

async function submit(who: Person, computingUnitId: string, signal: { bucket: string; key: string }) {
  const task = { alias: 'x', computing_unit_id: computingUnitId, task: taskWith(signal) };
  const answer = await who.post('/api/task/queue', task);
  return answer.json().jobId as string;
}

t.test('no new attempt, and no part of an upload, after a unit is shared no longer', async (t) => {
  const b = await broker(t);
  const { ada, bob, computingUnitId, url, signal } = await sharedUnit(b);
  const jobId = await submit(bob, computingUnitId, signal);
  await bob.post(`/api/job/${jobId}/cancel`);
  const wish = { filename: 'b.dat', sizeBytes: 20_000_000, computing_unit_id: computingUnitId };
  const { dataId } = (await bob.post('/api/data/uploads', wish)).json();
  const parts = `/api/data/${dataId}/parts`;
  t.equal((await bob.post(parts, { partNumbers: [1] })).statusCode, 200, 'control');

  await ada.post(`${url}/unshare`, { person: bob.userId });
  const again = await bob.post(`/api/job/${jobId}/retry`, {});
  t.equal(again.statusCode, 409, again.body);
  t.match(again.json(), { code: 'conflict', message: /not shared with you any more/ });
  t.equal((await bob.post(parts, { partNumbers: [1] })).statusCode, 404);
  const complete = { parts: [{ partNumber: 1, etag: 'e' }] };
  t.equal((await bob.post(`${parts}/complete`, complete)).statusCode, 404);
  t.equal(b.cloud.uploads.size, 1, 'nothing was put together');

  await ada.post(`${url}/share`, { person: bob.userId });
  t.equal((await bob.post(parts, { partNumbers: [1] })).statusCode, 200, 'and again when it is');
  t.equal((await bob.post(`/api/job/${jobId}/retry`, {})).statusCode, 202);
});

t.test('a queued job is not started when its unit is shared no longer', async (t) => {
  const b = await broker(t);
  const { ada, bob, computingUnitId, url, signal } = await sharedUnit(b);
  const jobId = await submit(bob, computingUnitId, signal);
  await ada.post(`${url}/unshare`, { person: bob.userId });
  await b.ticker.tick();
  t.equal(b.cloud.executions.size, 0);
  t.equal(b.cloud.documents.length, 0);
  t.match(await b.jobStore.get(jobId), {
    state: 'failed',
    failure: { code: 'unit_not_shared', actor: 'user', remedy: /share it again/ },
  });
});

t.test('a queued job is not started when the owner of its unit has no active account', async (t) => {
  const b = await broker(t);
  const admin = await b.administrator();
  const { ada, bob, computingUnitId, signal } = await sharedUnit(b);
  const jobId = await submit(bob, computingUnitId, signal);
  t.equal((await admin.post(`/api/admin/users/${ada.userId}/disable`)).statusCode, 200);
  await b.ticker.tick();
  t.equal(b.cloud.executions.size, 0);
  t.match(await b.jobStore.get(jobId), { state: 'failed', failure: { code: 'unit_not_shared' } });
});
