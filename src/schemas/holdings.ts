/** What a person holds, and has asked for today, of things that cost the broker something: stored form. */
import { z } from 'zod';

const count = z.number().int().min(0);

export const holdings = z.object({
  ownerId: z.string(),
  /** Records of files, whether their bytes have arrived or not. */
  files: count,
  /** Uploads in parts that have neither been completed nor given up. */
  uploads: count,
  /** Computing units, pending ones included. */
  units: count,
  webhooks: count.default(0),
  /** When the personal access tokens that have not been revoked end, epoch ms: they go by themselves. */
  tokenEnds: z.array(z.number()).default([]),
  /** The day (UTC) that `today` counts, as 2026-11-22. */
  day: z.string(),
  /** What ends by itself, so that only asking for it has to be counted. */
  today: z.object({ drafts: count, externalIds: count, challenges: count }),
  /** Grows by one with every write. */
  version: z.number().int(),
});
export type Holdings = z.infer<typeof holdings>;

export type Held = 'files' | 'uploads' | 'units' | 'webhooks' | 'tokens';
export type AskedToday = keyof Holdings['today'];

/** The most that one person may hold. */
export const MOST_HELD: Readonly<Record<Held, number>> = {
  files: 10_000,
  uploads: 100,
  units: 50,
  webhooks: 10,
  tokens: 50,
};

/** The most that one person may ask for in a day. */
export const MOST_A_DAY: Readonly<Record<AskedToday, number>> = {
  drafts: 1_000,
  externalIds: 200,
  challenges: 500,
};
