/** What administrators and developers see of the broker itself. */
import type { z } from 'zod';
import type { Operations } from '../services/operations/operations.ts';
import type { OverviewData } from '../services/operations/overview.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { AGE_LIMITS } from '../src/schemas/figures.ts';
import { iso } from '../src/schemas/http/common.ts';
import { operationsAnswer, overviewAnswer } from '../src/schemas/http/operations.ts';
import { toSwitchView } from '../src/schemas/http/switch.ts';

const tags = ['Administration'];

export interface AdminRoutesDeps {
  operations: Operations;
  /** Calls to AWS since the start. */
  awsCalls: () => z.infer<typeof operationsAnswer>['aws'];
  feed: { streams(): number };
}

/** GET /api/admin/health, GET /api/admin/operations. */
export function adminRoutes({ operations, awsCalls, feed }: AdminRoutesDeps) {
  return async (app: Api): Promise<void> => {
    app.get(
      '/admin/health',
      {
        config: { access: 'developer' },
        schema: {
          tags,
          operationId: 'brokerHealth',
          summary: 'Open jobs by state and age, how late the ticker is, calls to AWS and their errors',
          description: 'For developers and administrators; the same and more, for Prometheus, at /metrics.',
          response: {
            200: answer('Figures of this broker process; open jobs are those of all', operationsAnswer),
          },
        },
      },
      async () => ({ ...(await operations.figures()), aws: awsCalls(), streams: feed.streams() }),
    );

    app.get(
      '/admin/operations',
      {
        config: { access: 'admin' },
        schema: {
          tags,
          operationId: 'operations',
          summary: "The operator's view: open jobs, processes, budgets of AWS calls, errors, queues",
          description:
            'Of all broker processes together, at most five seconds old, and at a bounded cost whatever is stored. ' +
            'The runbook (docs/RUNBOOK.md) says what to do about each of them; the same is in /metrics.',
          response: { 200: answer('What is going on', overviewAnswer) },
        },
      },
      async () => toAnswer(await operations.overview()),
    );
  };
}

function toAnswer(data: OverviewData): z.infer<typeof overviewAnswer> {
  const { openJobs, setAside, brokers, killSwitch, at, ...rest } = data;
  const byState = openJobs.byState.map((row) => ({ ...row, byAge: [...row.byAge] }));
  return {
    ...rest,
    at: iso(at),
    killSwitch: toSwitchView(killSwitch ?? { stopped: false, at: 0, by: '' }),
    ages: [...AGE_LIMITS],
    openJobs: {
      ...openJobs,
      byState,
      longest: openJobs.longest.map(({ unitId, dueAt, note = null, ...job }) => ({
        ...job,
        computingUnitId: unitId,
        nextLookAt: dueAt === undefined ? null : iso(dueAt),
        note,
      })),
    },
    sweepLagSeconds: openJobs.lagSeconds,
    setAside: { ...setAside, jobs: setAside.jobs.map((job) => ({ ...job, at: iso(job.at) })) },
    brokers: brokers.map(({ lagMs, refused, late: _late, startedAt, seenAt, ...broker }) => ({
      ...broker,
      startedAt: iso(startedAt),
      seenAt: iso(seenAt),
      lagSeconds: lagMs / 1000,
      budgetRefusals: refused,
    })),
  };
}
