/** Figures for whoever runs the broker, on the wire. */
import { z } from 'zod';
import { QUEUES } from '../figures.ts';
import { jobState } from '../job.ts';
import { budgetedOperation } from '../quotas.ts';
import { isoTime } from './common.ts';
import { switchView } from './switch.ts';

const count = z.number().int().nonnegative();

export const operationsAnswer = z.object({
  openJobs: z.object({
    counted: count,
    more: z.boolean().meta({ description: 'There may be more open jobs than were counted' }),
    byState: z.array(z.object({ state: jobState, jobs: count, oldestSeconds: count })),
  }),
  ticker: z.object({
    lagMs: count.meta({ description: 'How late the latest job of the last tick was that was overdue' }),
    steps: count.meta({ description: 'Steps since the process started' }),
    failedSteps: count,
  }),
  aws: z.array(
    z.object({
      service: z.string(),
      operation: z.string(),
      calls: count,
      errors: z.record(z.string(), count),
    }),
  ),
  streams: count.meta({ description: 'Open event streams' }),
});

const seconds = count;

export const overviewAnswer = z
  .object({
    at: isoTime,
    killSwitch: switchView.meta({
      description: 'Whether all units are stopped, with /api/admin/computing-units/pause',
    }),
    ages: z.array(seconds).meta({
      description: 'Upper ends of the classes of `byAge`, in seconds; the last class has none',
    }),
    openJobs: z.object({
      open: count.meta({ description: 'All open jobs, counted up to 2,000: those that are due first' }),
      openMore: z.boolean().meta({ description: 'There may be more open jobs than `open`' }),
      counted: count.meta({
        description: 'Those whose state and age were read: the oldest 200 of `open`, and what is too old',
      }),
      more: z.boolean().meta({ description: 'There are open jobs whose state was not read' }),
      byState: z.array(
        z.object({ state: jobState, jobs: count, oldestSeconds: seconds, byAge: z.array(count) }),
      ),
      longest: z
        .array(
          z.object({
            jobId: z.string(),
            computingUnitId: z.string(),
            state: jobState,
            attemptSeconds: seconds.meta({
              description: 'Since its attempt may begin; what a pause of its unit has taken is not counted',
            }),
            nextLookAt: isoTime.nullable(),
            note: z.string().nullable().meta({ description: 'The last note of its history' }),
          }),
        )
        .meta({ description: 'The five that have used the most of the time of their attempts' }),
    }),
    sweepLagSeconds: seconds.meta({ description: 'How long the most overdue job waits for its next step' }),
    setAside: z.object({
      jobs: z.array(z.object({ jobId: z.string(), at: isoTime, error: z.string(), failures: count })),
      more: z.boolean(),
    }),
    brokers: z.array(
      z.object({
        brokerId: z.string(),
        self: z.boolean().meta({ description: 'The process that answers' }),
        alive: z.boolean(),
        startedAt: isoTime,
        seenAt: isoTime,
        release: z.string(),
        generation: count,
        holds: z.array(z.string()).meta({ description: 'Pieces of background work' }),
        lagSeconds: z.number().nonnegative(),
        steps: count,
        failedSteps: count,
        setAside: count,
        lists: count.meta({ description: 'Units whose executions were listed in a sweep' }),
        orphansStopped: count,
        budgetRefusals: count,
      }),
    ),
    unheld: z
      .array(z.string())
      .meta({ description: 'Pieces of background work that no living process holds' }),
    budgets: z.array(
      z.object({
        account: z.string(),
        region: z.string(),
        operation: budgetedOperation,
        used: count.meta({ description: 'Calls of the token bucket that are used now, by all processes' }),
        limit: count,
      }),
    ),
    errors: z.array(
      z.object({
        kind: z.enum(['job', 'request']),
        code: z.string(),
        last5Minutes: count,
        lastHour: count,
        lastDay: count,
      }),
    ),
    queues: z.array(
      z.object({ queue: z.enum(QUEUES), waiting: count, more: z.boolean(), lagSeconds: seconds }),
    ),
  })
  .meta({
    id: 'Operations',
    examples: [
      {
        at: '2026-11-22T09:30:00.000Z',
        killSwitch: { stopped: false, since: null, by: null },
        ages: [60, 300, 1800, 7200, 22200],
        openJobs: {
          open: 3,
          openMore: false,
          counted: 3,
          more: false,
          byState: [
            { state: 'queued', jobs: 1, oldestSeconds: 4, byAge: [1, 0, 0, 0, 0, 0] },
            { state: 'running', jobs: 2, oldestSeconds: 410, byAge: [0, 1, 1, 0, 0, 0] },
          ],
          longest: [
            {
              jobId: '01K9ZB4T8N5W3V6Q2R7S0M1XYB',
              computingUnitId: '01K9ZB3F5H7K9M1N3P5Q7R9STV',
              state: 'running',
              attemptSeconds: 410,
              nextLookAt: '2026-11-22T09:31:30.000Z',
              note: null,
            },
          ],
        },
        sweepLagSeconds: 1,
        setAside: {
          jobs: [
            {
              jobId: '01K9ZB4T8N5W3V6Q2R7S0M1XYA',
              at: '2026-11-22T08:12:00.000Z',
              error: 'TypeError: x is not a function',
              failures: 5,
            },
          ],
          more: false,
        },
        brokers: [
          {
            brokerId: '01K9ZB6E4H8J2D5F7G9K0P3RST',
            self: true,
            alive: true,
            startedAt: '2026-11-22T08:00:00.000Z',
            seenAt: '2026-11-22T09:29:59.000Z',
            release: '1.0.0',
            generation: 1,
            holds: ['open-jobs-0', 'open-jobs-1', 'figures'],
            lagSeconds: 0.2,
            steps: 5120,
            failedSteps: 5,
            setAside: 1,
            lists: 96,
            orphansStopped: 0,
            budgetRefusals: 0,
          },
        ],
        unheld: [],
        budgets: [
          {
            account: '222222222222',
            region: 'us-east-1',
            operation: 'DescribeExecution',
            used: 31,
            limit: 250,
          },
        ],
        errors: [{ kind: 'request', code: 'not_found', last5Minutes: 0, lastHour: 2, lastDay: 9 }],
        queues: [{ queue: 'webhooks', waiting: 0, more: false, lagSeconds: 0 }],
      },
    ],
  });
