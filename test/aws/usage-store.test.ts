/** What is used under caps is written with the job or not at all, however many brokers write. */
import t from 'tap';
import { createLimits } from '../../services/limits/limits.ts';
import type { Usage } from '../../src/schemas/limits.ts';
import { startTestCloud } from '../helpers/cloud.ts';
import { sampleJob, sampleUnit } from '../helpers/samples.ts';

const { stores, clock } = await startTestCloud(t);
const { jobs, usage } = stores;
const usageOf = (over: Partial<Usage>): Usage => ({
  scope: 'user:a',
  month: '2026-01',
  jobs: 1,
  usd: 0.01,
  open: [],
  version: 1,
  ...over,
});

t.test('a job and its usages are one transaction', async (t) => {
  const [first, second] = ['01JGK00000000000000USAGE1', '01JGK00000000000000USAGE2'].map((jobId) =>
    sampleJob({ jobId }),
  );
  const key = { key: 'k', requestHash: 'h' };
  t.same(await jobs.create(first, key, [usageOf({})]), first);
  t.match(await usage.get('user:a'), { jobs: 1, version: 1 });
  t.equal(await jobs.create(second, undefined, [usageOf({})]), 'usage_changed');
  t.equal(await jobs.get(second.jobId), undefined, 'nothing was written');
  t.same(await jobs.create(second, key, [usageOf({ jobs: 2, version: 2 })]), first, 'the key has its job');
  t.match(await usage.get('user:a'), { jobs: 1 }, 'which is not counted twice');
  const moved = { ...first, version: 2 };
  t.equal(await jobs.replace(moved, [usageOf({ version: 1 })]), false);
  t.equal((await jobs.get(first.jobId))?.version, 1);
  t.equal(await jobs.replace(moved, [usageOf({ jobs: 2, version: 2 })]), true);
});

t.test('T22: several brokers admit no more than the cap, and all of it', async (t) => {
  const unit = sampleUnit({ mode: 'mode_1' });
  const fairUse = { jobsPerMonth: 7 };
  const brokers = Array.from({ length: 3 }, () => createLimits({ usage, jobs, clock, fairUse }));
  const who = { userId: 'crowd', role: 'user' } as const;
  const outcomes = await Promise.allSettled(
    Array.from({ length: 12 }, (_, i) => {
      const jobId = `01JGK0000000000000CROWD${String(i).padStart(3, '0')}`;
      return brokers[i % 3].admit(who, unit, { jobId, usd: 0.001 }, async (usages) => {
        const stored = await jobs.create(sampleJob({ jobId, ownerId: 'crowd' }), undefined, usages);
        return stored === 'key_reused' ? Promise.reject(new Error('no key was given')) : stored;
      });
    }),
  );
  t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 7);
  t.match(
    outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : [])),
    Array.from({ length: 5 }, () => 'limit_reached'),
  );
  t.match(await usage.get('user:crowd'), { jobs: 7 });
});
