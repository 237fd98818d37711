/** Caps of a month, counted by processes whose clocks differ. */
import t from 'tap';
import { createLimits } from '../../services/limits/limits.ts';
import type { Usage } from '../../src/schemas/limits.ts';
import { sampleUnit } from '../helpers/samples.ts';

const WHO = { userId: 'ada', role: 'user' } as const;
const DECEMBER = Date.UTC(2026, 11, 1);

t.test('a process whose clock is behind counts on in the month that another has begun', async (t) => {
  let stored: Usage | undefined;
  const usage = {
    get: async () => stored,
    limitsOfUnit: async () => undefined,
    putLimitsOfUnit: async () => {},
  };
  const processAt = (now: number) =>
    createLimits({
      usage,
      jobs: { get: async () => undefined },
      clock: () => now,
      fairUse: { jobsPerMonth: 3 },
    });
  const [ahead, behind] = [processAt(DECEMBER + 2_000), processAt(DECEMBER - 2_000)];
  const unit = sampleUnit({ mode: 'mode_1', ownerId: 'the platform' });
  const submit = (process: typeof ahead, jobId: string) =>
    process.admit(WHO, unit, { jobId, usd: 0 }, async ([next]) => {
      stored = next;
      return 'stored';
    });
  for (const [i, process] of [ahead, ahead, behind].entries()) await submit(process, `job-${i}`);
  t.match(stored, { month: '2026-12', jobs: 3 });
  await t.rejects(submit(ahead, 'one more'), { code: 'limit_reached' });
});
