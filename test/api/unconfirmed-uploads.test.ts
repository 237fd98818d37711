/** Jobs on files whose upload nobody has confirmed: they count with the size they have, not with the announced one. */
import t from 'tap';
import { broker, taskWith } from '../helpers/http.ts';

async function announced(t: Parameters<typeof broker>[0], sizeBytes: number) {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const { computingUnitId } = (await b.proven(ada)).json();
  const file = { operation: 'put', filename: 'a.dat', sizeBytes, computingUnitId };
  const signal = (await ada.post('/api/data/presign', file)).json();
  const wish = { alias: 'x', computing_unit_id: computingUnitId, task: taskWith(signal) };
  b.cloud.prompt = false;
  return {
    b,
    ada,
    wish,
    /** What the person PUTs. */
    put: (size: number) =>
      b.cloud.objects.set(`${signal.bucket}/${signal.key}`, { sizeBytes: size, etag: 'e', metadata: {} }),
  };
}

t.test('a large file that was announced as one byte is priced as it is', async (t) => {
  const { b, ada, wish, put } = await announced(t, 1);
  put(5 * 1024 ** 3);
  const dear = await ada.post('/api/task/queue', { ...wish, max_usd: 0.02 });
  t.equal(dear.statusCode, 409, dear.body);
  t.match(dear.json(), { code: 'price_too_high' });
  t.same((await ada.get('/api/job')).json().jobs, []);

  put(1_000);
  const { jobId } = (await ada.post('/api/task/queue', { ...wish, max_usd: 0.02 })).json();
  const job = await b.jobStore.get(jobId);
  t.equal(job?.inputs['signal']?.sizeBytes, 1_000, 'and the worker compares');
});

t.test('a job on a file that has not arrived is refused; its price can be asked before', async (t) => {
  const { b, ada, wish, put } = await announced(t, 1_000_000);
  t.equal((await ada.post('/api/task/estimate', wish)).statusCode, 200);
  const early = await ada.post('/api/task/queue', wish);
  t.equal(early.statusCode, 409, early.body);
  t.match(early.json(), { code: 'conflict', message: /signal file has not arrived/, remedy: /PUT the file/ });
  b.cloud.refuse = 'unavailable';
  t.equal((await ada.post('/api/task/queue', wish)).statusCode, 503);
  b.cloud.refuse = undefined;
  put(1_000_000);
  t.equal((await ada.post('/api/task/queue', wish)).statusCode, 202);
});
