/** A pipeline that was asked for before its job: stored form. */
import { z } from 'zod';

export const draft = z.object({
  draftId: z.string(),
  ownerId: z.string(),
  appId: z.string(),
  alias: z.string().optional(),
  createdAt: z.number(),
  /** Epoch ms; also the TTL of the item. */
  expiresAt: z.number(),
});
export type Draft = z.infer<typeof draft>;
