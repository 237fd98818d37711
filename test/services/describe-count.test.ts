/** How often Step Functions is asked about one job: AWS allows few DescribeExecution, and every job needs some. */
import t, { type Test } from 'tap';
import { jobToken } from '../../services/jobs/token.ts';
import { broker, MODE_1, SECRET, taskWith } from '../helpers/http.ts';

/** A job whose report comes `leadMs` before its execution ends: how often it is asked for, and when it is known. */
async function ended(t: Test, leadMs: number): Promise<{ describes: number; knownAfterMs: number }> {
  const b = await broker(t);
  const admin = await b.administrator();
  await admin.post('/computing-unit/register', MODE_1);
  const ada = await b.person('ada@example.org');
  const upload = { operation: 'put', filename: 's.dat', filesize: 50e6 };
  const { bucket, key } = (await ada.post('/data/presign', upload)).json();
  let describes = 0;
  const { describeExecution } = b.cloud;
  b.cloud.describeExecution = (...given) => {
    describes++;
    return describeExecution(...given);
  };
  const task = taskWith({ bucket, key });
  const { jobId } = (await ada.post('/task/queue', { alias: 'brain', task })).json();
  await b.ticker.tick();
  b.pass(8_000);
  await b.app.inject({
    method: 'POST',
    url: `/api/job/${jobId}/callback`,
    payload: { status: 'succeeded' },
    headers: { authorization: `Bearer ${jobToken(SECRET, jobId, 0)}` },
  });
  await b.ticker.tick();
  for (let ms = 50; ms <= 10_000; ms += 50) {
    b.pass(50);
    const arn = (await b.jobStore.get(jobId))?.executionArn ?? '';
    const execution = b.cloud.executions.get(arn);
    if (ms === leadMs && execution)
      b.cloud.executions.set(arn, {
        ...execution,
        status: 'FAILED',
        error: 'noise_missing',
        stoppedAt: b.clock(),
      });
    await b.ticker.tick();
    if ((await b.jobStore.get(jobId))?.state === 'failed') return { describes, knownAfterMs: ms - leadMs };
  }
  throw new Error('the end was not seen');
}

t.test('a job whose report comes just before its end is asked for twice, and known at once', async (t) => {
  t.same(await ended(t, 100), { describes: 2, knownAfterMs: 100 });
});

t.test('one that ends later is asked for ever more seldom', async (t) => {
  t.same(await ended(t, 1_000), { describes: 4, knownAfterMs: 400 });
  t.same(await ended(t, 3_000), { describes: 5, knownAfterMs: 1_100 });
});
