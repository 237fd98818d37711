/** The figures an administrator sees. */
import t from 'tap';
import { broker } from '../helpers/http.ts';
import { sampleJob } from '../helpers/samples.ts';

t.test('open jobs by state and age, the lag of the ticker, and calls to AWS', async (t) => {
  const b = await broker(t);
  const admin = await b.administrator();
  const ada = await b.person('ada@example.org');
  t.equal((await ada.get('/api/admin/health')).statusCode, 403);
  t.match((await admin.get('/api/admin/health')).json(), {
    openJobs: { counted: 0, more: false, byState: [] },
    ticker: { lagMs: 0, steps: 0, failedSteps: 0 },
    aws: [{ service: 'S3', operation: 'HeadObject', calls: 2, errors: { NotFound: 1 } }],
    streams: 0,
  });
  const add = (jobId: string, state: 'queued' | 'running' | 'failed', ageMs: number, dueMs: number) =>
    b.jobStore.create(
      sampleJob({ jobId, state, createdAt: b.clock() - ageMs, dueAt: b.clock() + dueMs, deadlineAt: 9e14 }),
    );
  await add('Q1', 'queued', 5_000, 1e6);
  await add('Q2', 'queued', 9_000, 1e6);
  await add('R1', 'running', 60_000, 1e6);
  await add('F1', 'failed', 90_000, 1e6);
  t.same((await admin.get('/api/admin/health')).json().openJobs, {
    counted: 3,
    more: false,
    byState: [
      { state: 'queued', jobs: 2, oldestSeconds: 9 },
      { state: 'running', jobs: 1, oldestSeconds: 60 },
    ],
  });
  await add('Q3', 'queued', 0, -700);
  await b.ticker.tick();
  t.match((await admin.get('/api/admin/health')).json().ticker, { lagMs: 700, steps: 1, failedSteps: 0 });
  for (let i = 0; i < 210; i++) await add(`MANY${i}`, 'queued', 0, 1e6);
  t.match((await admin.get('/api/admin/health')).json().openJobs, { counted: 200, more: true });
});
