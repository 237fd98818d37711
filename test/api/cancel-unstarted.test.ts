/** A job that is canceled while nobody knows whether its start has reached AWS. */
import t from 'tap';
import { broker, taskWith } from '../helpers/http.ts';

t.test('a canceled job whose start never reached AWS is canceled within two minutes', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const { computingUnitId } = (await b.proven(ada)).json();
  const file = { operation: 'put', filename: 'a.dat', computingUnitId };
  const signal = (await ada.post('/api/data/presign', file)).json();
  const wish = { alias: 'x', computing_unit_id: computingUnitId, task: taskWith(signal) };
  const { jobId } = (await ada.post('/api/task/queue', wish)).json();
  b.cloud.refuse = 'unavailable';
  await b.ticker.tick();
  t.match(await b.jobStore.get(jobId), { state: 'starting', executionArn: undefined }, 'control');

  t.equal((await ada.post(`/api/job/${jobId}/cancel`)).json().state, 'canceling');
  b.cloud.refuse = undefined;
  for (let i = 0; i < 5; i++) {
    b.pass(10_000);
    await b.ticker.tick();
  }
  t.equal((await b.jobStore.get(jobId))?.state, 'canceling', 'AWS may know it only later');
  for (let i = 0; i < 7; i++) {
    b.pass(10_000);
    await b.ticker.tick();
  }
  t.match(await b.jobStore.get(jobId), {
    state: 'canceled',
    failure: { code: 'canceled', message: 'Canceled before it started.' },
  });
});
