/** Jobs that wait while the account of the person who submitted them is closed. */
import t from 'tap';
import { broker, taskWith } from '../helpers/http.ts';

t.test('queued jobs of a deleted and of a disabled person are canceled, not started', async (t) => {
  const b = await broker(t);
  const admin = await b.administrator();
  const ada = await b.person('ada@example.org');
  const { computingUnitId } = (await b.proven(ada)).json();
  const gone = [await b.person('kim@example.org'), await b.person('joe@example.org')];
  const jobIds: string[] = [];
  for (const person of [...gone, ada]) {
    if (person !== ada)
      await ada.post(`/api/computing-unit/${computingUnitId}/share`, { person: person.userId });
    const file = { operation: 'put', filename: 'a.dat', computingUnitId };
    const signal = (await person.post('/api/data/presign', file)).json();
    const task = { alias: 'x', computing_unit_id: computingUnitId, task: taskWith(signal) };
    jobIds.push((await person.post('/api/task/queue', task)).json().jobId);
  }
  t.equal((await admin.del(`/api/admin/users/${gone[0].userId}`)).statusCode, 200);
  const disabled = await admin.post(`/api/admin/users/${gone[1].userId}/disable`, {});
  t.equal(disabled.statusCode, 200, disabled.body);
  await b.ticker.tick();
  for (const jobId of jobIds.slice(0, 2)) {
    t.match(await b.jobStore.get(jobId), {
      state: 'canceled',
      failure: { code: 'canceled', message: /account .* was closed/ },
    });
  }
  t.match(await b.jobStore.get(jobIds[2]), { state: 'starting', executionArn: String }, 'control');
  t.equal(b.cloud.executions.size, 1);
});
