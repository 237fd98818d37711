/** Figures for Prometheus: who may read them, what they count, and what they never name. */
import t from 'tap';
import { broker, MODE_1, taskWith } from '../helpers/http.ts';

const TOKEN = 'a-token-for-prometheus-0123';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

t.test('strangers and users may not read them; developers, administrators and the token may', async (t) => {
  const closed = await broker(t);
  const admin = await closed.administrator();
  const ada = await closed.person('ada@example.org');
  const read = (b: typeof closed, headers = {}) => b.app.inject({ url: '/metrics', headers });
  t.equal((await read(closed)).statusCode, 401);
  t.equal((await ada.get('/metrics')).statusCode, 403);
  t.equal((await read(closed, bearer(TOKEN))).statusCode, 401, 'no token is configured');
  const seen = await admin.get('/metrics');
  t.equal(seen.statusCode, 200);
  t.match(seen.headers['content-type'], /^text\/plain; version=0\.0\.4/);

  const open = await broker(t, { metricsToken: TOKEN });
  t.equal((await read(open, bearer(TOKEN))).statusCode, 200);
  t.equal((await read(open, bearer(`${TOKEN}x`))).statusCode, 401);
  t.equal((await read(open)).statusCode, 401);
});

t.test('requests are counted by the pattern of their route, and nobody and nothing is named', async (t) => {
  const b = await broker(t, { metricsToken: TOKEN });
  const admin = await b.administrator();
  const { computingUnitId } = (await admin.post('/api/computing-unit/register', MODE_1)).json();
  const ada = await b.person('ada@example.org');
  const { bucket, key } = (await ada.post('/data/presign', { operation: 'put', filename: 'a.dat' })).json();
  const queued = await ada.post('/task/queue', { alias: 'a', task: taskWith({ bucket, key }) });
  const { jobId } = queued.json();
  await ada.get(`/api/job/${jobId}`);
  await ada.get(`/api/job/${jobId}`);
  await ada.get('/Prod/api/job/none');
  await ada.get('/guess/canary-path?canary=query');
  const { body } = await b.app.inject({ url: '/metrics', headers: bearer(TOKEN) });
  const count = (labels: string) =>
    Number(body.split(`cloudmr_http_request_duration_seconds_count{${labels}} `)[1]?.split('\n')[0]);
  t.equal(count('method="GET",route="/api/job/:jobId",status="200"'), 2);
  t.equal(count('method="GET",route="/api/job/:jobId",status="404"'), 1);
  t.equal(count('method="GET",route="none",status="404"'), 1);
  t.match(body, 'cloudmr_aws_calls_total{service="S3",operation="HeadObject"} 2');
  t.match(body, 'cloudmr_aws_errors_total{service="S3",operation="HeadObject",code="NotFound"} 1');
  t.match(body, 'cloudmr_ticker_steps_total{outcome="ok"} 0');
  t.match(body, 'cloudmr_event_streams 0');
  for (const secret of [jobId, computingUnitId, ada.userId, admin.userId, 'ada@', 'canary', '.dat']) {
    t.notMatch(body, secret, 'not a label');
  }
});

t.test('moves and failures of jobs are counted once each, by names from fixed lists', async (t) => {
  const { createMetrics } = await import('../../src/metrics.ts');
  const { sampleJob, SAMPLE_TIME } = await import('../helpers/samples.ts');
  const counted: string[] = [];
  const metrics = createMetrics({
    awsCalls: () => [],
    ticker: () => ({ lagMs: 1_500, steps: 5, failedSteps: 2 }),
    streams: () => 3,
    errors: { count: (kind, code) => void counted.push(`${kind} ${code}`) },
    overview: () => Promise.reject(new Error('the store is away')),
  });
  const failure = { code: 'unsupported_sequence', message: 'm', remedy: 'r', actor: 'user' } as const;
  const history = [{ state: 'failed' as const, at: SAMPLE_TIME, by: 'step-functions' }];
  metrics.stored(sampleJob());
  metrics.stored(sampleJob({ state: 'failed', failure, history }));
  metrics.stored(sampleJob({ state: 'failed', failure, history, alias: 'new', updatedAt: SAMPLE_TIME + 1 }));
  const text = await metrics.text();
  t.match(text, 'cloudmr_job_moves_total{state="queued"} 1');
  t.match(text, 'cloudmr_job_moves_total{state="failed"} 1', 'a new name is no move');
  t.match(text, 'cloudmr_job_failures_total{code="unsupported_sequence"} 1');
  t.match(text, 'cloudmr_ticker_lag_seconds 1.5');
  t.match(text, 'cloudmr_ticker_steps_total{outcome="failed"} 2');
  t.match(text, 'cloudmr_event_streams 3');
  t.same(counted, ['job unsupported_sequence']);
  t.match(metrics.totals(), { jobsEnded: 1, jobsFailedByUs: 0 });
  const lost = { code: 'lost', message: 'm', remedy: 'r', actor: 'operator' } as const;
  metrics.stored(
    sampleJob({ state: 'lost', failure: lost, history: [{ state: 'lost', at: SAMPLE_TIME, by: 'broker' }] }),
  );
  t.match(await metrics.text(), 'cloudmr_job_failures_total{code="lost"} 1');
  t.same(counted, ['job unsupported_sequence', 'job lost'], 'the operators see its code');
  t.match(metrics.totals(), { jobsEnded: 2, jobsLost: 1, jobsFailedByUs: 1 });
  t.notMatch(text, /cloudmr_sweep_lag_seconds \d/, 'what is not known is no zero');
});
