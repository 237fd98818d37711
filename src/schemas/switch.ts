/** The switch that stops the broker's use of all accounts. */
import { z } from 'zod';

export const killSwitch = z.object({
  stopped: z.boolean(),
  /** Epoch ms. */
  at: z.number(),
  /** `user:<id>`. */
  by: z.string(),
});
export type Switch = z.infer<typeof killSwitch>;
