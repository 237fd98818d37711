/** Costs by month on the wire. */
import { z } from 'zod';
import { nextCursor } from './common.ts';

export const monthQuery = z.object({
  month: z
    .string()
    .regex(/^20\d\d-(0[1-9]|1[0-2])$/, 'must be a month such as 2026-11')
    .meta({ examples: ['2026-11'] }),
  limit: z.coerce.number().int().min(1).max(200).default(200),
  cursor: z.string().min(1).max(2_048).optional().meta({ description: 'From the page before' }),
});

export const monthCosts = z
  .object({
    month: z.string(),
    jobs: z.number().int(),
    usd: z.number(),
    isEstimate: z.literal(true),
    units: z.array(
      z.object({
        computingUnitId: z.string(),
        mode: z.enum(['mode_1', 'mode_2']),
        paidBy: z.enum(['platform', 'unit_owner']),
        jobs: z.number().int(),
        seconds: z.number(),
        usd: z.number(),
      }),
    ),
    cursor: nextCursor,
  })
  .meta({
    id: 'MonthCosts',
    examples: [
      {
        month: '2026-11',
        jobs: 12,
        usd: 0.0312,
        isEstimate: true,
        units: [
          {
            computingUnitId: '01K9ZB2E4G6J8L0N2P4R6T8V0X',
            mode: 'mode_2',
            paidBy: 'unit_owner',
            jobs: 12,
            seconds: 48.2,
            usd: 0.0312,
          },
        ],
        cursor: null,
      },
    ],
  });
