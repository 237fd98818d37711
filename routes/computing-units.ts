/** Computing units: where jobs run. */
import { z } from 'zod';
import type { Units } from '../services/units/units.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { pathId } from '../src/schemas/http/common.ts';
import {
  removedAnswer,
  removeUnitBody,
  toUnitView,
  unitList,
  unitQuery,
  unitView,
} from '../src/schemas/http/units.ts';

export interface UnitRoutesDeps {
  units: Pick<Units, 'list' | 'page' | 'get' | 'remove'>;
}

const tags = ['Computing units'];
const unitParams = z.object({ computingUnitId: pathId });

/** Routes under /api/computing-unit. */
export function unitRoutes({ units }: UnitRoutesDeps) {
  return async (app: Api): Promise<void> => {
    app.get(
      '/computing-unit/list',
      {
        config: { access: 'user' },
        schema: {
          tags,
          operationId: 'listUnits',
          summary: 'Your units and the shared ones; the one used by default comes first',
          description:
            'Your own, those shared with you, and those of the platform, for one app. `app_name`, `appName` and `appId` mean ' +
            'the same. With `limit`, `cursor`, `own` or `search` it is a page: those of the platform, those shared with you, ' +
            'your own, each newest first.',
          querystring: unitQuery,
          response: { 200: answer('The units', unitList) },
        },
      },
      async (request) => {
        const who = principalOf(request);
        const { appId, mode, page } = request.query;
        const paged = page && (await units.page(who, appId, { mode, ...page }));
        const found = paged?.items ?? (await units.list(who, appId, mode));
        const views = found.map((unit) => toUnitView(unit, who.userId));
        const cursor = paged && { cursor: paged.cursor ?? null };
        return { computingUnits: views, units: views, count: views.length, ...cursor };
      },
    );

    app.get(
      '/computing-unit/:computingUnitId',
      {
        config: { access: 'user', errors: ['not_found'] },
        schema: {
          tags,
          operationId: 'getUnit',
          summary: 'One unit',
          description:
            'Checks, external ID and members are shown to its owner alone. Units that you may not use are not found.',
          params: unitParams,
          response: { 200: answer('The unit', unitView) },
        },
      },
      async (request) => {
        const who = principalOf(request);
        return toUnitView(await units.get(who, request.params.computingUnitId), who.userId);
      },
    );

    app.delete(
      '/computing-unit/:computingUnitId',
      {
        config: { access: 'user' },
        schema: {
          tags,
          operationId: 'removeUnit',
          summary: 'Remove a unit; nothing in its account is touched',
          description:
            'Its sessions are dropped at once; jobs under way come to their end. Repeating it answers `removed: false`.',
          params: unitParams,
          response: { 200: answer('Removed, now or before', removedAnswer) },
        },
      },
      async (request) => {
        const which = { unitId: request.params.computingUnitId };
        return { success: true, removed: await units.remove(principalOf(request), which) } as const;
      },
    );

    for (const [method, url, operationId] of [
      ['POST', '/computing-unit/delete', 'deleteUnit'],
      ['DELETE', '/computing-unit/delete', 'deleteUnitByBody'],
      ['POST', '/computing-unit/deregister', 'deregisterUnit'],
    ] as const) {
      app.route({
        method,
        url,
        config: { access: 'user' },
        schema: {
          tags,
          operationId,
          summary: 'Remove a unit by id, or by app and state machine',
          description:
            'For old callers, each with its own path and method. Repeating it answers `removed: false`.',
          body: removeUnitBody,
          response: { 200: answer('Removed, now or before', removedAnswer) },
        },
        handler: async (request) => {
          const removed = await units.remove(principalOf(request), request.body);
          return { success: true, removed } as const;
        },
      });
    }
  };
}
