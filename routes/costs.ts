/** What jobs have cost, by month. */
import type { z } from 'zod';
import type { Costs } from '../services/limits/costs.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { monthCosts, monthQuery } from '../src/schemas/http/costs.ts';

/** GET /api/costs. */
export function costRoutes({ costs }: { costs: Costs }) {
  return async (app: Api): Promise<void> => {
    app.get(
      '/costs',
      {
        config: { access: 'user' },
        schema: {
          tags: ['Jobs'],
          operationId: 'monthCosts',
          summary: 'What your jobs of a month have cost, by computing unit',
          description:
            'By list prices from the durations of the runs; jobs count in the month (UTC) in which they were ' +
            'submitted. Sums are those of one page of jobs: add the next ones until `cursor` is null.',
          querystring: monthQuery,
          response: { 200: answer('The sums of one page', monthCosts) },
        },
      },
      async (request): Promise<z.infer<typeof monthCosts>> => {
        const { month, ...page } = request.query;
        const { units, cursor, ...sums } = await costs.ofMonth(principalOf(request), month, page);
        return {
          ...sums,
          isEstimate: true,
          units: units.map(({ unitId, ...unit }) => ({ computingUnitId: unitId, ...unit })),
          cursor: cursor ?? null,
        };
      },
    );
  };
}
