/** Computing units: what their owners do with them. */
import { z } from 'zod';
import type { Units } from '../services/units/units.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { pathId } from '../src/schemas/http/common.ts';
import { preflightReport, shareBody, toPreflightReport } from '../src/schemas/http/unit-checks.ts';
import { toUnitView, unitView } from '../src/schemas/http/units.ts';

export interface UnitActsDeps {
  units: Pick<Units, 'setDefault' | 'share' | 'unshare' | 'preflight' | 'report'>;
}

const tags = ['Computing units'];
const params = z.object({ computingUnitId: pathId });
const config = { access: 'user', errors: ['not_found', 'conflict'] } as const;

/** Routes under /api/computing-unit/{computingUnitId}. */
export function unitActRoutes({ units }: UnitActsDeps) {
  return async (app: Api): Promise<void> => {
    app.post(
      '/computing-unit/:computingUnitId/default',
      {
        config,
        schema: {
          tags,
          operationId: 'setDefaultUnit',
          summary: 'Use this unit where no other is named',
          description: 'Your other units of its mode are not the default any more.',
          params,
          response: { 200: answer('The unit', unitView) },
        },
      },
      async (request) => {
        const who = principalOf(request);
        return toUnitView(await units.setDefault(who, request.params.computingUnitId), who.userId);
      },
    );

    for (const [act, summary] of [
      ['share', 'Let another person run jobs on this unit'],
      ['unshare', 'No longer let a person run jobs on this unit'],
    ] as const) {
      app.post(
        `/computing-unit/:computingUnitId/${act}`,
        {
          config,
          schema: {
            tags,
            operationId: `${act}Unit`,
            summary,
            description: "Jobs run in your account and at your cost; nobody sees another person's files.",
            params,
            body: shareBody,
            response: { 200: answer('The unit', unitView) },
          },
        },
        async (request) => {
          const who = principalOf(request);
          const unit = await units[act](who, request.params.computingUnitId, request.body.person);
          return toUnitView(unit, who.userId);
        },
      );
    }

    app.post(
      '/computing-unit/:computingUnitId/preflight',
      {
        config,
        schema: {
          tags,
          operationId: 'runPreflight',
          summary: 'Check everything of a unit now',
          description:
            'All checks run and all findings are reported together. A test job is started as well: a phantom ' +
            'of known SNR runs in the account; ask again for what it has shown.',
          params,
          response: { 200: answer('What was found', preflightReport) },
        },
      },
      async (request) =>
        toPreflightReport(await units.preflight(principalOf(request), request.params.computingUnitId)),
    );

    app.get(
      '/computing-unit/:computingUnitId/preflight',
      {
        config: { access: 'user', errors: ['not_found'] },
        schema: {
          tags,
          operationId: 'getPreflight',
          summary: 'What the last checks of a unit have found',
          description: 'Without running anything: what the last round of checks has seen.',
          params,
          response: { 200: answer('The findings', preflightReport) },
        },
      },
      async (request) =>
        toPreflightReport(await units.report(principalOf(request), request.params.computingUnitId)),
    );
  };
}
