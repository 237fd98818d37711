/** A move is told and counted once, whatever is written to the job after it. */
import t from 'tap';
import { createMoves } from '../../services/jobs/moves.ts';
import { createWebhookServices } from '../../services/webhooks/services.ts';
import { storesOn } from '../../src/aws/stores/stores.ts';
import { createMetrics } from '../../src/metrics.ts';
import { createMemoryLog } from '../helpers/memory-log.ts';
import { createMemoryTable } from '../helpers/memory-table.ts';
import { SAMPLE_TIME, sampleJob, sampleUser } from '../helpers/samples.ts';

/** A running job whose person listens to all that happens to it; every stored version is counted. */
async function setting() {
  let now = SAMPLE_TIME;
  let made = 0;
  const clock = (): number => now;
  const ids = { next: () => `ID${String(++made).padStart(24, '0')}`, secret: () => 's', random: () => 0.5 };
  const log = createMemoryLog();
  const stores = storesOn(createMemoryTable(log), clock);
  await stores.users.create(sampleUser({ userId: 'owner-1', status: 'active' }));
  const told: string[] = [];
  const { announcer, deliverer, webhooks } = createWebhookServices({
    ...stores,
    caller: {
      refusal: async () => undefined,
      async post(_url, _headers, body) {
        told.push(JSON.parse(body).type);
        return { status: 200 };
      },
    },
    audit: { record: async () => {} },
    clock,
    ids,
    log,
    tokenSecret: 'a token secret for tests, long enough',
  });
  await webhooks.create(
    { userId: 'owner-1', role: 'user' },
    { url: 'https://hooks.example.org/', events: ['job.running', 'job.failed', 'job.lost'] },
  );
  const metrics = createMetrics({
    awsCalls: () => [],
    ticker: () => ({ lagMs: 0, steps: 0, failedSteps: 0 }),
    streams: () => 0,
    errors: { count() {} },
    overview: () => Promise.reject(new Error('nobody asks')),
  });
  const announced = announcer.announced(stores.jobs);
  const jobs: typeof announced = {
    ...announced,
    async replace(next, usages) {
      const written = await announced.replace(next, usages);
      if (written) metrics.stored(next);
      return written;
    },
  };
  const moves = createMoves({ jobs, clock });
  const job = sampleJob({ state: 'starting', ownerId: 'owner-1' });
  await stores.jobs.create(job);
  const pass = (ms: number): void => {
    now += ms;
  };
  return { jobId: job.jobId, jobs, moves, deliverer, told, metrics, clock, pass };
}

t.test('a lost job that is looked for again and again was lost once', async (t) => {
  const { jobId, jobs, moves, deliverer, told, metrics, clock, pass } = await setting();
  await moves.move(jobId, { by: 'broker', note: 'lost' }, () => ({ state: 'lost' }));
  for (let i = 0; i < 5; i++) {
    // The first look comes in the very millisecond.
    const version = (await jobs.get(jobId))?.version ?? 0;
    await moves.lookAgain(jobId, version, clock() + 60_000);
    t.equal((await jobs.get(jobId))?.version, version + 1);
    await deliverer.tick();
    pass(60_000);
  }
  t.same(told, ['job.lost']);
  t.match(await metrics.text(), 'cloudmr_job_moves_total{state="lost"} 1');
  t.equal(metrics.totals().jobsEnded, 1);
});

t.test('progress and notes in the millisecond of a move are no move', async (t) => {
  const { jobId, moves, deliverer, told, metrics } = await setting();
  const cause = { by: 'worker' };
  await moves.move(jobId, cause, () => ({ state: 'running' }));
  await moves.move(jobId, cause, () => ({ tries: 1 }));
  await moves.move(jobId, { ...cause, note: 'still here' }, () => ({}));
  await deliverer.tick();
  t.same(told, ['job.running']);
  t.match(await metrics.text(), 'cloudmr_job_moves_total{state="running"} 1');
});

t.test('a new name in the millisecond of the end is no end', async (t) => {
  const { jobId, moves, deliverer, told, metrics } = await setting();
  await moves.move(jobId, { by: 'step-functions' }, () => ({ state: 'failed' }));
  await moves.rename(jobId, () => 'another name');
  await deliverer.tick();
  t.same(told, ['job.failed']);
  t.equal(metrics.totals().jobsEnded, 1);
});
