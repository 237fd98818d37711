/** The findings of a preflight on the wire. */
import { z } from 'zod';
import { checkActor, type Unit, type UnitCheck, unitStatus } from '../unit.ts';
import { iso, isoTime, shortText } from './common.ts';

export const checkView = z
  .object({
    code: z.string(),
    status: z.enum(['passed', 'warning', 'failed', 'skipped']),
    evidence: z.string().meta({ description: 'What was seen' }),
    remedy: z.string().optional(),
    actor: checkActor.optional().meta({ description: 'Who has to act' }),
    policy: z
      .string()
      .optional()
      .meta({ description: 'A policy statement that can be pasted into the role' }),
    command: z
      .string()
      .optional()
      .meta({ description: 'Commands that can be pasted into a shell with credentials of the account' }),
    checkedAt: isoTime,
  })
  .meta({ id: 'UnitCheck' });

export const preflightReport = z
  .object({
    computingUnitId: z.string(),
    status: unitStatus.meta({ examples: ['ready'] }),
    statusSince: isoTime,
    lastValidatedAt: isoTime.nullable(),
    nextCheckAt: isoTime.nullable(),
    testJob: z.enum(['under way', 'planned', 'none']).meta({
      examples: ['none'],
      description: 'A phantom of known SNR runs in the account; its findings follow in `checks`',
    }),
    whoMustAct: z.array(checkActor),
    checks: z.array(checkView),
  })
  .meta({ id: 'PreflightReport' });

export const shareBody = z
  .object({ person: shortText(254).meta({ description: 'E-mail address or user id' }) })
  .meta({ examples: [{ person: 'ada@example.org' }] });

export function toCheckView({ at, ...check }: UnitCheck): z.infer<typeof checkView> {
  return { ...check, checkedAt: iso(at) };
}

/** Who has to act before the unit is in order again; each once. */
export function whoMustAct({ checks }: Unit): z.infer<typeof checkActor>[] {
  const actors = (checks ?? []).flatMap(({ status, actor }) => (status === 'failed' && actor ? actor : []));
  return [...new Set(actors)];
}

/** What the last checks of a unit have found. */
export function toPreflightReport(unit: Unit): z.infer<typeof preflightReport> {
  return {
    computingUnitId: unit.unitId,
    status: unit.status,
    statusSince: iso(unit.statusSince ?? unit.createdAt),
    lastValidatedAt: unit.lastValidatedAt === undefined ? null : iso(unit.lastValidatedAt),
    nextCheckAt: unit.nextCheckAt === undefined ? null : iso(unit.nextCheckAt),
    testJob: unit.canary ? 'under way' : unit.canaryDueAt === undefined ? 'none' : 'planned',
    whoMustAct: whoMustAct(unit),
    checks: (unit.checks ?? []).map(toCheckView),
  };
}
