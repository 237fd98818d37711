/** Estimates, costs and caps on the wire. */
import { z } from 'zod';
import type { KeptEstimate } from '../estimate.ts';
import { costLine } from '../estimate.ts';
import { platformName } from '../execution.ts';
import { limits as limitsShape, type UnitLimits, type Usage } from '../limits.ts';
import { iso, isoTime } from './common.ts';

const USD = { low: 0.0014, likely: 0.0021, high: 0.0042 };
const interval = z.object({ low: z.number(), likely: z.number(), high: z.number() });

export const estimateView = z
  .object({
    platform: platformName,
    vcpu: z.number(),
    memoryMb: z.number(),
    seconds: interval.meta({ description: 'From the start of the execution to its end' }),
    usd: interval.meta({
      description: 'What AWS bills to the account of the computing unit',
      examples: [USD],
    }),
  })
  .meta({ id: 'Estimate' });

export function toKeptEstimateView(kept: KeptEstimate): z.infer<typeof estimateView> {
  const { platform, vcpu, memoryMb, seconds, usd } = kept;
  return { platform, vcpu, memoryMb, seconds, usd };
}

const capView = z.object({
  kind: z.enum(['fair_use', 'member', 'unit']).meta({
    description:
      'fair_use: of Mode 1; member: what the owner of the unit allows you; unit: all its users together',
  }),
  limits: limitsShape,
  month: z.string().meta({ examples: ['2026-11'] }),
  used: z.object({ jobs: z.number().int(), usd: z.number(), jobsAtOnce: z.number().int() }),
});

export function toCapView({
  cap,
  usage,
}: {
  cap: { kind: z.infer<typeof capView>['kind']; limits: z.infer<typeof limitsShape> };
  usage: Usage;
}): z.infer<typeof capView> {
  const used = { jobs: usage.jobs, usd: Math.round(usage.usd * 1e6) / 1e6, jobsAtOnce: usage.open.length };
  return { kind: cap.kind, limits: cap.limits, month: usage.month, used };
}

export const estimateAnswer = z.object({
  computingUnitId: z.string(),
  mode: z.enum(['mode_1', 'mode_2']),
  estimate: estimateView,
  reason: z.string().meta({ description: 'Why this platform and size' }),
  lines: z.array(costLine).meta({ description: 'The most likely bill in US dollars' }),
  paidBy: z.enum(['platform', 'unit_owner']),
  youPayUsd: interval.meta({ examples: [USD] }),
  assumptions: z.array(z.string()),
  refusal: z.string().optional().meta({ description: 'Why the worker would refuse this task' }),
  warnings: z.array(z.string()),
  caps: z.array(capView).meta({ description: 'Every cap that counts here, and what is used of it' }),
});

export const limitsAnswer = z.object({ computingUnitId: z.string(), caps: z.array(capView) });

export const unitLimitsBody = z
  .object({
    all: limitsShape.default({}).meta({ description: 'For all users of the unit together' }),
    perMember: limitsShape.default({}).meta({ description: 'For each user besides its owner' }),
  })
  .meta({ examples: [{ all: { usdPerMonth: 50 }, perMember: { jobsPerMonth: 20, jobsAtOnce: 2 } }] });

export const unitLimitsView = z.object({
  computingUnitId: z.string(),
  all: limitsShape,
  perMember: limitsShape,
  updatedAt: isoTime,
});

export function toUnitLimitsView({
  unitId,
  all,
  perMember,
  updatedAt,
}: UnitLimits): z.infer<typeof unitLimitsView> {
  return { computingUnitId: unitId, all, perMember, updatedAt: iso(updatedAt) };
}

export const countAnswer = z.object({
  count: z.number().int().meta({ description: 'Jobs of this month (UTC)' }),
  limit: z.number().int().nullable().meta({ description: 'How many a month may have; null: no limit' }),
  mode: z.enum(['mode_1', 'mode_2']),
  month: z.string(),
});
