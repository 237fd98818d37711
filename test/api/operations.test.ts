/** The operator's view over the API: who may see it, what it counts, and that its cost does not grow with the table. */
import t from 'tap';
import { D_JOB_MS } from '../../services/clockwork/deadlines.ts';
import { broker } from '../helpers/http.ts';
import { sampleJob } from '../helpers/samples.ts';

const path = '/api/admin/operations';

t.test('only administrators see it, with an answer that names what they would look for', async (t) => {
  const b = await broker(t);
  const admin = await b.administrator();
  t.equal((await b.app.inject({ url: path })).statusCode, 401);
  t.equal((await (await b.person('ada@example.org')).get(path)).statusCode, 403);
  const { body } = await admin.get(path);
  t.match(JSON.parse(body), {
    killSwitch: { stopped: false, since: null, by: null },
    openJobs: { open: 0, counted: 0, more: false, byState: [] },
    sweepLagSeconds: 0,
    setAside: { jobs: [], more: false },
    budgets: [],
    queues: [{ queue: 'webhooks', waiting: 0 }, { queue: 'mails' }, { queue: 'lost-jobs' }, {}],
  });
});

t.test(
  'that all units are stopped is the first thing to know; what is not set aside needs nothing',
  async (t) => {
    const b = await broker(t);
    const admin = await b.administrator();
    await admin.post('/api/admin/computing-units/pause');
    t.match((await admin.get(path)).json().killSwitch, { stopped: true, since: String, by: /^user:/ });
    const release = await admin.post('/api/admin/jobs/J1/release');
    t.match([release.statusCode, release.json()], [404, { remedy: /^Check the id: the status lists/ }]);
  },
);

t.test('open jobs by state and age, how late they are, what is set aside, what waits', async (t) => {
  const b = await broker(t);
  const admin = await b.administrator();
  const add = (jobId: string, state: 'queued' | 'running' | 'failed', ageMs: number, dueMs: number) =>
    b.jobStore.create(
      sampleJob({
        ...{ jobId, state, createdAt: b.clock() - ageMs },
        ...{ dueAt: b.clock() + dueMs, deadlineAt: b.clock() - ageMs + D_JOB_MS },
      }),
    );
  await add('A1', 'running', 3_600_000, 1e6);
  await add('A2', 'running', 61_000, 1e6);
  await add('A3', 'queued', 5_000, -42_000);
  await add('A4', 'failed', 5_000, 1e6);
  await add('A5', 'running', 7 * 3_600_000, 1e6);
  await b.aside.put({ jobId: 'A5', at: b.clock(), error: 'TypeError: boom', failures: 5 });
  const ada = await b.person('ada@example.org');
  const { webhookId } = (await ada.post('/api/webhooks', { url: 'https://hooks.ada.example.org' })).json();
  await ada.post(`/api/webhooks/${webhookId}/test`);
  const seen = (await admin.get(path)).json();
  const { longest, ...openJobs } = seen.openJobs;
  t.match(longest[0], { jobId: 'A1', state: 'running', computingUnitId: String, note: null });
  t.same(
    longest.map(({ jobId }: { jobId: string }) => jobId),
    ['A1', 'A2', 'A3'],
    'what has used the most of its time first',
  );
  t.same(openJobs, {
    open: 3,
    openMore: false,
    counted: 3,
    more: false,
    byState: [
      { state: 'queued', jobs: 1, oldestSeconds: 5, byAge: [1, 0, 0, 0, 0, 0] },
      { state: 'running', jobs: 2, oldestSeconds: 3_600, byAge: [0, 1, 0, 1, 0, 0] },
    ],
  });
  t.equal(seen.sweepLagSeconds, 42);
  t.match(seen.setAside, { jobs: [{ jobId: 'A5', error: 'TypeError: boom', failures: 5 }], more: false });
  t.match(seen.queues[0], { queue: 'webhooks', waiting: 1, more: false });
});

t.test(
  'processes, who holds what, budgets in calls, codes over time, of all processes together',
  async (t) => {
    const b = await broker(t);
    const admin = await b.administrator();
    await b.shares.tick();
    b.pass(2_000);
    await b.shares.tick();
    for (let i = 0; i < 30; i++) await b.budgets.take('222222222222', 'us-east-1', 'ListExecutions');
    await admin.get('/api/job/nothing');
    const seen = (await admin.get(path)).json();
    t.equal(seen.brokers.length, 1);
    t.match(seen.brokers[0], { self: true, alive: true, steps: 0, release: 'test' });
    t.ok(seen.brokers[0].holds.includes('figures'), 'it holds pieces');
    t.same(seen.unheld, []);
    t.same(seen.budgets, [
      { account: '222222222222', region: 'us-east-1', operation: 'ListExecutions', used: 30, limit: 100 },
    ]);
    t.same(
      seen.errors.find(({ code }: { code: string }) => code === 'not_found'),
      { kind: 'request', code: 'not_found', last5Minutes: 1, lastHour: 1, lastDay: 1 },
    );
    const { body } = await admin.get('/metrics');
    t.match(body, 'cloudmr_brokers 1');
    t.match(body, 'cloudmr_pieces_unheld 0');
    t.match(body, 'cloudmr_aws_budget_used_ratio{operation="ListExecutions"} 0.3');
    t.match(body, 'cloudmr_errors_last_hour{kind="request",code="not_found"} 1');
    t.match(body, 'cloudmr_request_errors_total{code="not_found"} 1');
    t.match(body, 'cloudmr_queue_waiting{queue="webhooks"} 0');
    t.notMatch(body, '222222222222', 'accounts are no labels');
  },
);
