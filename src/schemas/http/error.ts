/** The body of every error answer. */
import { z } from 'zod';

export const errorBody = z
  .object({
    code: z.string().meta({ description: 'Stable name of the problem' }),
    message: z.string().meta({ description: 'What happened, for people' }),
    remedy: z.string().meta({ description: 'What to do about it' }),
    requestId: z.string().meta({ description: 'Names this request in the log of the broker' }),
    error: z.string().meta({ description: 'The message once more, for older callers' }),
    details: z.record(z.string(), z.unknown()).optional(),
    current_count: z.number().int().optional().meta({ description: 'limit_reached: jobs of this month' }),
    limit: z.number().int().optional().meta({ description: 'limit_reached: jobs that a month may have' }),
  })
  .meta({
    id: 'Error',
    examples: [
      {
        code: 'not_found',
        message: 'no job 01K9ZB4T8N5W3V6Q2R7S0M1XYA',
        remedy: 'Check the id; only your own things can be seen.',
        requestId: '01K9ZB6E4H8J2D5F7G9K0P3RST',
        error: 'no job 01K9ZB4T8N5W3V6Q2R7S0M1XYA',
      },
    ],
  });
export type ErrorBody = z.infer<typeof errorBody>;
