/** Answers of the health routes. */
import { z } from 'zod';

export const liveAnswer = z.object({ status: z.literal('live') });

/** What the broker needs to work, and whether it is there. */
export const readiness = z.object({
  store: z.boolean().meta({ description: 'The table answers' }),
  tick: z.boolean().meta({ description: 'Due jobs are being moved' }),
});
export type Readiness = z.infer<typeof readiness>;

export const readyAnswer = z.object({ status: z.enum(['ready', 'not_ready']), checks: readiness });
