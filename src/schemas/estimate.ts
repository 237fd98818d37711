/** What a run is expected to take, and what it has cost: stored forms. */
import { z } from 'zod';
import { platformName } from './execution.ts';

const interval = z.object({ low: z.number(), likely: z.number(), high: z.number() });
export type Interval = z.infer<typeof interval>;

/** The part of an estimate that is kept with the job. */
export const keptEstimate = z.object({
  platform: platformName,
  vcpu: z.number(),
  memoryMb: z.number(),
  /** Wall time from the start of the execution to its end. */
  seconds: interval,
  /** What AWS bills to the account of the computing unit. */
  usd: interval,
});
export type KeptEstimate = z.infer<typeof keptEstimate>;

export const costLine = z.object({ what: z.string(), usd: z.number() });
export type CostLine = z.infer<typeof costLine>;
