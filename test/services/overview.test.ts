/** The operator's view over a table in memory: its cost, old figures, and what the log says of it once a minute. */
import t from 'tap';
import { D_JOB_MS, D_ROOM_MS } from '../../services/clockwork/deadlines.ts';
import { createLateJobs } from '../../services/clockwork/late-jobs.ts';
import { createErrorWindow } from '../../services/operations/error-window.ts';
import { createFigures } from '../../services/operations/figures.ts';
import { createOverview } from '../../services/operations/overview.ts';
import { createAsideStore } from '../../src/aws/stores/aside-store.ts';
import { createJobStore } from '../../src/aws/stores/job-store.ts';
import { createQueueStore } from '../../src/aws/stores/queue-store.ts';
import { createSwitchStore } from '../../src/aws/stores/switch-store.ts';
import { ALL_LINE, PROCESS_LINE, processFigures } from '../../src/schemas/figures.ts';
import { QUOTAS } from '../../src/schemas/quotas.ts';
import { createMemoryLog } from '../helpers/memory-log.ts';
import { createMemoryTable } from '../helpers/memory-table.ts';
import { sampleJob } from '../helpers/samples.ts';

let now = 1_700_000_000_000;
const clock = (): number => now;

function parts(view: object = { self: 'me', members: [], leases: [] }) {
  const table = createMemoryTable(createMemoryLog());
  const jobs = createJobStore(table);
  const reads = { jobs: 0, queries: 0 };
  const counted = {
    ...table,
    openKeys: (...args: Parameters<typeof table.openKeys>) => {
      reads.queries++;
      return table.openKeys(...args);
    },
  };
  const overview = createOverview({
    queues: createQueueStore(counted),
    jobs: {
      get: (id) => {
        reads.jobs++;
        return jobs.get(id);
      },
    },
    aside: createAsideStore(table),
    killSwitch: createSwitchStore(table),
    shares: { view: () => view } as never,
    own: () => processFigures.parse({}),
    quotas: QUOTAS,
    clock,
  });
  return { table, jobs, reads, overview };
}

t.test('its cost is bounded: 12 queries and 200 reads, for 500 open jobs and for 5,000', async (t) => {
  for (const many of [500, 5_000]) {
    const { jobs, reads, overview } = parts();
    for (let i = 0; i < many; i++) {
      const jobId = `J${String(i).padStart(6, '0')}`;
      await jobs.create(
        sampleJob({ jobId, state: 'queued', createdAt: now - many * 1000 + i, dueAt: now + 1 }),
      );
    }
    const { openJobs } = await overview();
    t.equal(reads.jobs, 200, `${many} jobs`);
    t.equal(reads.queries, 12);
    t.equal(openJobs.open, Math.min(many, 2_000));
    t.match(openJobs, { counted: 200, more: true, openMore: many > 2_000 });
    t.equal(openJobs.byState[0].oldestSeconds, many, 'the oldest is among those that are read');
    await overview();
    t.equal(reads.queries, 12, 'a look is good for a moment');
    now += 5_000;
    await overview();
    t.equal(reads.queries, 24);
  }
});

t.test(
  'what is too old is seen behind any number of others, because whoever looks at it tells',
  async (t) => {
    // Looked at again and again, it never is among the first that are due.
    const members = [
      { brokerId: 'me', alive: true, startedAt: 0, seenAt: now, beat: 1, release: '1', generation: 1 },
      { brokerId: 'other', alive: true, startedAt: 0, seenAt: now, figures: { late: ['OLD', 'gone'] } },
    ];
    const { jobs, overview } = parts({ self: 'me', members, leases: [] });
    const deadlineAt = now - 7_200_000;
    const old = { jobId: 'OLD', state: 'running', createdAt: now - 30_000_000, deadlineAt } as const;
    await jobs.create(sampleJob({ ...old, dueAt: now + 600_000 }));
    for (let i = 0; i < 2_500; i++) {
      const deadlineAt = now + D_JOB_MS;
      await jobs.create(
        sampleJob({ jobId: `A${i}`, state: 'queued', createdAt: now, deadlineAt, dueAt: now }),
      );
    }
    const { openJobs } = await overview();
    t.match(openJobs, { open: 2_000, openMore: true, counted: 201 });
    t.equal(openJobs.longestAttemptSeconds, (now - deadlineAt + D_JOB_MS) / 1000);
    t.equal(openJobs.byState.find(({ state }) => state === 'running')?.oldestSeconds, 30_000);
  },
);

t.test('a process remembers what it found too old, until it looks again or nobody does', async (t) => {
  const late = createLateJobs(clock);
  const running = { state: 'running', executionArn: 'arn' } as const;
  for (let i = 0; i < 7; i++)
    late.seen(sampleJob({ ...running, jobId: `R${i}`, deadlineAt: now - 1_000 * (i + 1) }));
  late.seen(sampleJob({ state: 'queued', jobId: 'Q', deadlineAt: now + D_JOB_MS - D_ROOM_MS - 1 }));
  late.seen(sampleJob({ state: 'queued', jobId: 'young', deadlineAt: now + D_JOB_MS - D_ROOM_MS }));
  late.seen(sampleJob({ ...running, jobId: 'in time', deadlineAt: now }));
  t.same(late.oldest(), ['R6', 'R5', 'R4', 'R3', 'R2']);
  late.seen(sampleJob({ ...running, jobId: 'R6', state: 'lost', deadlineAt: now - 7_000 }));
  late.seen(sampleJob({ ...running, jobId: 'R5', deadlineAt: now + D_JOB_MS }));
  t.same(late.oldest(), ['R4', 'R3', 'R2', 'R1', 'R0']);
  now += D_ROOM_MS + 300_001;
  t.same(late.oldest(), [], 'somebody else looks at them, or they have ended');
});

t.test('a job that cannot be read does not hide the others', async (t) => {
  const { table, jobs, overview } = parts();
  for (const jobId of ['J1', 'J2']) await jobs.create(sampleJob({ jobId, state: 'queued', dueAt: now }));
  table.damage('JOB#J1', 'JOB', { body: '{}' });
  t.match((await overview()).openJobs, { open: 2, counted: 1 });
});

t.test(
  'what dead processes said counts as long as it is recent; other releases may say other things',
  async (t) => {
    const member = { startedAt: 0, beat: 1, release: '1', generation: 1 };
    const errors = { 'job worker_timeout': [1, 2, 3] };
    const members = [
      { ...member, brokerId: 'me', alive: true, seenAt: now, figures: {} },
      { ...member, brokerId: 'dead', alive: false, seenAt: now - 600_000, figures: { errors } },
      { ...member, brokerId: 'older', alive: true, seenAt: now, figures: { budgets: 'none' } },
    ];
    const leases = [
      { piece: 'a', brokerId: 'me', version: 1 },
      { piece: 'b', brokerId: 'dead', version: 1 },
    ];
    const { overview } = parts({ self: 'me', members, leases });
    const seen = await overview();
    t.same(seen.errors, [{ kind: 'job', code: 'worker_timeout', last5Minutes: 0, lastHour: 2, lastDay: 3 }]);
    t.same(seen.unheld, ['b']);
    t.equal(seen.brokers.length, 3);
  },
);

t.test('codes fall out of the window as time passes', async (t) => {
  const window = createErrorWindow(clock);
  window.count('job', 'worker_timeout');
  t.same(window.counts(), { 'job worker_timeout': [1, 1, 1] });
  now += 11 * 60_000;
  window.count('job', 'worker_timeout');
  t.same(window.counts(), { 'job worker_timeout': [1, 2, 2] });
  now += 2 * 3_600_000;
  t.same(window.counts(), { 'job worker_timeout': [0, 0, 2] });
  now += 24 * 3_600_000;
  t.same(window.counts(), {});
});

t.test('once a minute each process logs its own minute, and one of them the figures of all', async (t) => {
  const log = createMemoryLog();
  const { overview } = parts();
  const totals = {
    jobsEnded: 0,
    jobsLost: 0,
    jobsFailedByUs: 0,
    requests: 0,
    serverErrors: 0,
    failedSteps: 0,
    budgetRefusals: 0,
    assumeRoleCalls: 5,
  };
  let mine = false;
  const figures = createFigures({ overview, totals: () => ({ ...totals }), mine: () => mine, clock, log });
  t.equal(await figures.tick(), 0);
  t.equal(figures.idleMs(), 60_000);
  now += 60_000;
  totals.assumeRoleCalls += 3;
  t.equal(await figures.tick(), 1);
  t.match(log.entries[0], {
    message: PROCESS_LINE,
    fields: { figures: { assumeRoleCalls: 3, requests: 0 } },
  });
  mine = true;
  now += 60_000;
  t.equal(await figures.tick(), 2);
  t.match(log.entries[2], { message: ALL_LINE, fields: { figures: { openJobs: 0, sweepLagSeconds: 0 } } });
  totals.requests = 2;
  figures.flush();
  t.match(log.entries[3].fields, { figures: { requests: 2, assumeRoleCalls: 0, assumeRoleCallsBefore: 3 } });
});
