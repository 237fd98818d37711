/** Caps: what is left of them, and what the owner of a unit allows. */
import { z } from 'zod';
import type { Counts } from '../services/limits/counts.ts';
import type { LimitsService } from '../services/limits/limits.ts';
import type { Units } from '../services/units/units.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { appFields, appOf, modeWord, pathId } from '../src/schemas/http/common.ts';
import {
  countAnswer,
  limitsAnswer,
  toCapView,
  toUnitLimitsView,
  unitLimitsBody,
  unitLimitsView,
} from '../src/schemas/http/estimates.ts';

export interface LimitRoutesDeps {
  caps: LimitsService;
  counts: Counts;
  units: Pick<Units, 'get'>;
}

const unitTags = ['Computing units'];
const unitParams = z.object({ computingUnitId: pathId });

/** Routes of caps and counts. */
export function limitRoutes({ caps, counts, units }: LimitRoutesDeps) {
  return async (app: Api): Promise<void> => {
    app.get(
      '/computing-unit/:computingUnitId/usage',
      {
        config: { access: 'user', errors: ['not_found'] },
        schema: {
          tags: unitTags,
          operationId: 'unitUsage',
          summary: 'Which caps count for you on a computing unit, and what you have used of them',
          description:
            'What you, and all its users together, have used of it this month, beside every cap that counts for you.',
          params: unitParams,
          response: { 200: answer('Every cap that counts; none: nothing is limited', limitsAnswer) },
        },
      },
      async (request) => {
        const who = principalOf(request);
        const unit = await units.get(who, request.params.computingUnitId);
        return { computingUnitId: unit.unitId, caps: (await caps.caps(who, unit)).map(toCapView) };
      },
    );

    app.get(
      '/computing-unit/:computingUnitId/limits',
      {
        config: { access: 'user', errors: ['not_found'] },
        schema: {
          tags: unitTags,
          operationId: 'getUnitLimits',
          summary: 'What the owner of a computing unit allows on it',
          description: 'Only for its owner.',
          params: unitParams,
          response: { 200: answer('The caps', unitLimitsView) },
        },
      },
      async (request) => {
        const who = principalOf(request);
        const unit = await units.get(who, request.params.computingUnitId);
        return toUnitLimitsView(await caps.ofUnit(who, unit));
      },
    );

    app.put(
      '/computing-unit/:computingUnitId/limits',
      {
        config: { access: 'user', errors: ['not_found'] },
        schema: {
          tags: unitTags,
          operationId: 'setUnitLimits',
          summary: 'Cap what may be used of your computing unit',
          description:
            'Jobs and US dollars a month (UTC, by the estimates of the jobs) and jobs at once, for all users of ' +
            'the unit together and for each of them besides you. What is left out is not limited. Counts at once ' +
            'for the next job; what runs already goes on.',
          params: unitParams,
          body: unitLimitsBody,
          response: { 200: answer('The caps', unitLimitsView) },
        },
      },
      async (request) => {
        const who = principalOf(request);
        const unit = await units.get(who, request.params.computingUnitId);
        return toUnitLimitsView(await caps.setForUnit(who, unit, request.body));
      },
    );

    app.get(
      '/pipeline/count_calculations',
      {
        config: { access: 'user' },
        schema: {
          tags: ['Jobs'],
          operationId: 'countCalculations',
          summary: 'How many jobs you have run in this month, as the web client asks',
          description:
            'For the panel of the web client: jobs of the calendar month (UTC), in Mode 1 with those that were deleted.',
          querystring: z.object({ ...appFields, mode: modeWord.default('mode_1') }),
          response: { 200: answer('The count, and the limit of Mode 1', countAnswer) },
        },
      },
      async (request) => counts.thisMonth(principalOf(request), appOf(request.query), request.query.mode),
    );
  };
}
