/** Stops the broker's use of AWS accounts at once, and opens it again. */
import { z } from 'zod';
import type { KillSwitch } from '../services/units/kill-switch.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { pathId } from '../src/schemas/http/common.ts';
import { switchView, toSwitchView } from '../src/schemas/http/switch.ts';
import { toUnitView, unitView } from '../src/schemas/http/units.ts';

const params = z.object({ computingUnitId: pathId });
const EFFECT =
  'From now on nothing is asked of its AWS account: no session is opened and those that are open are dropped. ' +
  'Waiting jobs wait, or can be canceled; running ones are followed again when it is open. Links that were ' +
  'signed before end within the hour; revoke the sessions of the role in AWS if they must end now.';

/** Routes of owners (/api/computing-unit/{id}/pause, /resume) and of administrators (/api/admin). */
export function killSwitchRoutes({ killSwitch }: { killSwitch: KillSwitch }) {
  return async (app: Api): Promise<void> => {
    for (const [act, what, description] of [
      ['pause', 'Stop the use of a unit at once', EFFECT],
      [
        'resume',
        'Use a unit again',
        'It is looked at first. What an administrator has stopped only one opens.',
      ],
    ] as const) {
      app.post(
        `/computing-unit/:computingUnitId/${act}`,
        {
          config: { access: 'user', errors: ['not_found', 'conflict', 'unit_paused'] },
          schema: {
            tags: ['Computing units'],
            operationId: `${act}Unit`,
            summary: what,
            description: `For its owner, and for administrators. ${description}`,
            params,
            response: { 200: answer('The unit', unitView) },
          },
        },
        async (request) => {
          const who = principalOf(request);
          return toUnitView(await killSwitch[act](who, request.params.computingUnitId), who.userId);
        },
      );
    }

    for (const [act, summary] of [
      ['pause', 'Stop the use of all computing units at once'],
      ['resume', 'Use the computing units again'],
    ] as const) {
      app.post(
        `/admin/computing-units/${act}`,
        {
          config: { access: 'admin' },
          schema: {
            tags: ['Administration'],
            operationId: `${act}AllUnits`,
            summary,
            description:
              'In this broker process at once, in others within two seconds. Units that were stopped one by one ' +
              'stay so.',
            response: { 200: answer('The switch', switchView) },
          },
        },
        async (request) => toSwitchView(await killSwitch.setAll(principalOf(request), act === 'pause')),
      );
    }

    app.get(
      '/admin/computing-units/switch',
      {
        config: { access: 'admin' },
        schema: {
          tags: ['Administration'],
          operationId: 'getKillSwitch',
          summary: 'Whether all computing units are stopped',
          description: 'And who has set the switch last.',
          response: { 200: answer('The switch', switchView) },
        },
      },
      async () => toSwitchView(await killSwitch.state()),
    );
  };
}
