/** Log and cost of a run on the wire. */
import { z } from 'zod';
import { costLine } from '../estimate.ts';
import { platformName } from '../execution.ts';
import { jobState } from '../job.ts';
import { isoTime, signedUrl } from './common.ts';
import { estimateView } from './estimates.ts';

export const jobLogAnswer = z.object({
  jobId: z.string(),
  state: jobState.meta({ examples: ['succeeded'] }),
  attempt: z.number().int(),
  events: z.array(z.object({ at: isoTime, by: z.string(), text: z.string() })),
  log: signedUrl.extend({ filename: z.string() }).nullable().meta({
    description: "The worker's own log as JSON, straight from the bucket; null until the run has ended",
  }),
  partial: signedUrl
    .extend({ filename: z.string(), sizeBytes: z.number().int().nonnegative() })
    .nullable()
    .meta({
      description:
        'What a run that has not succeeded left where its result would be: nobody has checked it, it may be incomplete',
    }),
});

export const jobCostAnswer = z.object({
  jobId: z.string(),
  final: z.boolean().meta({ description: 'False while the job runs' }),
  isEstimate: z.literal(true),
  platform: platformName.optional(),
  seconds: z.number(),
  usd: z.number(),
  lines: z.array(costLine),
  paidBy: z.enum(['platform', 'unit_owner']),
  estimated: estimateView.optional().meta({ description: 'What was said before the job began' }),
  assumptions: z.array(z.string()),
});
