/** A job that was set aside, on the wire. */
import { z } from 'zod';
import { iso } from './common.ts';

export const asideView = z
  .object({
    jobId: z.string(),
    at: z.iso.datetime().meta({ description: 'When it was set aside' }),
    error: z.string().meta({ description: 'Of the last failure' }),
    failures: z.number().int().meta({ description: 'Failures in a row' }),
  })
  .meta({
    examples: [
      {
        jobId: '01K9ZB4T8N5W3V6Q2R7S0M1XYA',
        at: '2026-11-22T09:30:00.000Z',
        error: 'TypeError: the task has no options',
        failures: 5,
      },
    ],
  });

/** As administrators see it. */
export function toAsideView(entry: {
  readonly jobId: string;
  readonly at: number;
  readonly error: string;
  readonly failures: number;
}): z.infer<typeof asideView> {
  const { jobId, at, error, failures } = entry;
  return { jobId, at: iso(at), error, failures };
}
