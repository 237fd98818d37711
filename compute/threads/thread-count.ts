/** How many threads a run is worth. */
import { availableParallelism } from 'node:os';
import type { RunPlan } from '../plan.ts';

export interface WorkSize {
  readonly slices: number;
  /** Pieces of every slice. */
  readonly pieces: number;
  readonly coils: number;
  /** Pixels of a slice. */
  readonly pixels: number;
}

/** Seconds on one thread, per complex number; of the order of magnitude that a decision needs. */
const SECONDS = {
  /** Sensitivities, unfolding, kernels: per sample. */
  weights: 1e-7,
  /** A replica that is reconstructed: per sample. */
  reconstructed: 8e-9,
  /** A replica that is drawn in the image: per pixel. */
  drawn: 3e-9,
};

/** Below this many seconds a second thread is hardly started before all is done. */
const WORTH_A_THREAD = 0.8;

/**
 * As many threads as asked for; if nothing is asked for, those of the machine, but one for work that is done before
 * others would have started. Never more than there are pieces of work.
 */
export function threadsFor(asked: number | undefined, plan: RunPlan, size: WorkSize): number {
  const { slices, pieces, coils, pixels } = size;
  const most = slices * Math.max(1, pieces);
  if (asked !== undefined) return Math.max(1, Math.min(asked, most));
  const { sensitivities, calibration } = plan.reconstruction.needs;
  // Plain coil images take less time than their reading, which is one thread's work.
  const weights = sensitivities || calibration ? SECONDS.weights * coils : 0;
  const seconds = slices * pixels * (weights + (pieces > 0 ? secondsOfReplicas(plan, coils) : 0));
  return seconds < WORTH_A_THREAD ? 1 : Math.min(availableParallelism(), most);
}

/** Of all replicas of a pixel. */
function secondsOfReplicas({ method, options }: RunPlan, coils: number): number {
  const { count = 0, mode = 'exact' } = options.replicas ?? {};
  const drawn = mode === 'fast' && !method.needs.repetitions;
  return count * (drawn ? SECONDS.drawn : SECONDS.reconstructed * coils);
}
