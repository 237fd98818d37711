/** Caps on what a person or a computing unit may use, and what has been used: stored forms. */
import { z } from 'zod';

/** What is absent is not limited. */
export const limits = z.object({
  /** Jobs begun in a calendar month (UTC), retries included. */
  jobsPerMonth: z.number().int().min(0).max(1_000_000).optional(),
  /** Jobs that have not ended. */
  jobsAtOnce: z.number().int().min(1).max(200).optional(),
  /** US dollars a month, by the estimates of the jobs. */
  usdPerMonth: z.number().min(0).max(1_000_000).optional(),
});
export type Limits = z.infer<typeof limits>;

/** The caps that the owner of a unit sets: for all who use it together, and for each of them. */
export const unitLimits = z.object({
  unitId: z.string(),
  all: limits,
  perMember: limits,
  updatedAt: z.number(),
});
export type UnitLimits = z.infer<typeof unitLimits>;

/** What has been used under one cap. */
export const usage = z.object({
  /** `user:<id>`, `unit:<id>` or `unit:<id>:user:<id>`. */
  scope: z.string(),
  /** The month that `jobs` and `usd` count, as 2026-11. */
  month: z.string(),
  jobs: z.number().int(),
  usd: z.number(),
  /** Jobs that had not ended when somebody last looked. */
  open: z.array(z.string()),
  /** Grows by one with every write. */
  version: z.number().int(),
});
export type Usage = z.infer<typeof usage>;
