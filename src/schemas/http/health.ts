/** Answers of the health routes. */
import { z } from 'zod';
import { type Dependency, dependencyName, dependencyState } from '../dependencies.ts';
import { iso } from './common.ts';

export const liveAnswer = z.object({ status: z.literal('live') });
export const stuckAnswer = z.object({ status: z.literal('stuck') });

/** Without these the broker cannot work. */
const checks = z.object({
  store: z.boolean().meta({ description: 'The table answers' }),
  tick: z.boolean().meta({ description: 'Due jobs are being moved' }),
});

/** As the process knows it. */
export interface Readiness {
  readonly checks: z.infer<typeof checks>;
  readonly dependencies: readonly Dependency[];
}

const since = z.iso.datetime().nullable().meta({ description: 'The first call that went wrong' });

const dependency = z
  .object({
    name: dependencyName,
    state: dependencyState.meta({
      description:
        '`ok` while it answers in any region; `unknown` if nothing was asked of it for ten minutes',
    }),
    since,
    regions: z
      .array(z.object({ region: z.string(), state: dependencyState, since }))
      .meta({ description: 'Where it does not answer well' }),
  })
  .meta({
    examples: [
      {
        name: 's3',
        state: 'ok',
        since: null,
        regions: [{ region: 'eu-west-1', state: 'down', since: '2026-11-22T09:30:00.000Z' }],
      },
    ],
  });

export const readyAnswer = z.object({
  status: z.enum(['ready', 'degraded', 'not_ready']),
  checks,
  dependencies: z.array(dependency).meta({
    description: 'The services of AWS, as the calls of this process have found them; no probe asks them',
  }),
});

/** `degraded`: requests are answered, what needs the dependency waits. */
export function toReadyAnswer({ checks: found, dependencies }: Readiness): z.infer<typeof readyAnswer> {
  const whole = Object.values(found).every(Boolean);
  const troubled = dependencies.some(({ state, regions }) => regions.length > 0 && state !== 'unknown');
  return {
    status: whole ? (troubled ? 'degraded' : 'ready') : 'not_ready',
    checks: found,
    dependencies: dependencies.map((each) => ({
      name: each.name,
      state: each.state,
      since: each.since === undefined ? null : iso(each.since),
      regions: each.regions.map((one) => ({ ...one, since: iso(one.since) })),
    })),
  };
}
