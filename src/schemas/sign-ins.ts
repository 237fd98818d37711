/** What is remembered of attempts to sign in to one account, whether it exists or not: stored form. */
import { z } from 'zod';

export const signIns = z.object({
  /** Hash of the e-mail address. */
  account: z.string(),
  /** When the window of `failures` began. */
  since: z.number(),
  /** Attempts in the window that have not succeeded, by the hash of the network they came from. */
  failures: z.record(z.string(), z.number().int()),
  /** Networks from which somebody has signed in, and when last. */
  known: z.record(z.string(), z.number()),
  /** The same count for the audit trail, over a longer window. */
  refused: z.object({ since: z.number(), count: z.number().int() }),
  version: z.number().int(),
});
export type SignIns = z.infer<typeof signIns>;
