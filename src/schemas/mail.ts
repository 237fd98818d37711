/** Mail that is to be sent: the intention, never the text. A code is made when it is sent. Stored form. */
import { z } from 'zod';

export const mail = z.object({
  /** Follows from what it is about, so that the same is sent once. */
  mailId: z.string(),
  kind: z.enum(['reset', 'approved']),
  /** Whoever has this address, if anybody has; absent when there is nothing more to do. */
  email: z.string().optional(),
  userId: z.string().optional(),
  state: z.enum(['waiting', 'sent', 'dropped', 'refused', 'failed']),
  tries: z.number().int(),
  /** When it is looked at; absent when there is nothing more to do. */
  dueAt: z.number().optional(),
  createdAt: z.number(),
  version: z.number().int(),
});
export type Mail = z.infer<typeof mail>;
