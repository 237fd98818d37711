/** The SNR methods that exist, by the names of the task document. A new one is a line here. */
import { analytic } from './analytic.ts';
import { generalisedReplica } from './generalised-replica.ts';
import type { Method } from './method.ts';
import { multipleReplica } from './multiple-replica.ts';
import { pseudoReplica } from './pseudo-replica.ts';

export const METHODS = {
  ac: analytic,
  mr: multipleReplica,
  pmr: pseudoReplica,
  cr: generalisedReplica,
} satisfies Record<string, Method>;
