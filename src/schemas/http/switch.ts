/** The switch for all units on the wire. */
import { z } from 'zod';
import type { Switch } from '../switch.ts';
import { iso, isoTime } from './common.ts';

export const switchView = z
  .object({
    stopped: z.boolean().meta({ description: 'Nothing is asked of any AWS account' }),
    since: isoTime.nullable(),
    by: z.string().nullable().meta({ description: '`user:<id>` of who has set it last' }),
  })
  .meta({
    id: 'KillSwitch',
    examples: [{ stopped: true, since: '2026-11-22T09:30:00.000Z', by: 'user:01K9ZB2E4G6J8L0N2P4R6T8V0X' }],
  });

export function toSwitchView({ stopped, at, by }: Switch): z.infer<typeof switchView> {
  return at === 0 ? { stopped, since: null, by: null } : { stopped, since: iso(at), by };
}
