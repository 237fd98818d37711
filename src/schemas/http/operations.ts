/** Figures for whoever runs the broker, on the wire. */
import { z } from 'zod';
import { jobState } from '../job.ts';

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
