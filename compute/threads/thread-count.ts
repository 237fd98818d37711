/** How many threads a run is worth. */
import { availableParallelism } from 'node:os';
import type { RunPlan } from '../plan.ts';

export interface WorkSize {
  readonly slices: number;
  /** Pieces of every slice. */
  readonly pieces: number;
  /** Complex numbers of the k-space of a slice. */
  readonly samples: number;
}

/** Complex numbers that one thread goes through in about the time that another takes to start. */
const WORTH_A_THREAD = 2e7;

/**
 * As many threads as asked for; if nothing is asked for, those of the machine, but one for work that is done before
 * others would have started. Never more than there are pieces of work.
 */
export function threadsFor(
  asked: number | undefined,
  { reconstruction, options }: RunPlan,
  size: WorkSize,
): number {
  const { slices, pieces, samples } = size;
  const most = slices * Math.max(1, pieces);
  if (asked !== undefined) return Math.max(1, Math.min(asked, most));
  const { sensitivities, calibration } = reconstruction.needs;
  const passes = (sensitivities || calibration ? 20 : 2) + (pieces > 0 ? (options.replicas?.count ?? 0) : 0);
  const work = slices * samples * passes;
  return work < WORTH_A_THREAD ? 1 : Math.min(availableParallelism(), most);
}
