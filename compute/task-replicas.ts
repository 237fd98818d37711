/** What a task says about replicas: NR and boxSize as the GUI writes them, and options of ours beside them. */
import { z } from 'zod';

export interface TaskReplicas {
  /** Pseudo replicas; of no meaning for measured repetitions. */
  readonly count: number;
  /** Side of the window of local statistics. */
  readonly boxSize: number;
  readonly boxSizeCompatibility: boolean;
  readonly mode: 'fast' | 'exact';
  readonly pooledQuadratures: boolean;
  readonly rssMagnitude: boolean;
  readonly finiteCorrection: boolean;
  readonly neighbouringDifference: boolean;
  /** A g-factor map whose noise is that of the replicas. */
  readonly gFactor: boolean;
  /** Wanted mean deviation of the SNR in percent, for which a number of replicas is suggested. */
  readonly wantedPercent: number | undefined;
}

const flag = z
  .boolean()
  .nullish()
  .transform((value) => value === true);

/** 0 and null stand for "the default". */
function countOr(fallback: number, most: number) {
  return z
    .number()
    .int()
    .min(0)
    .max(most)
    .nullish()
    .transform((value) => value || fallback);
}

/** Left-over fields of other methods are not looked at. */
function unread(value: number) {
  return z
    .unknown()
    .optional()
    .transform(() => value);
}

/** The schema of `task.options` for a method with replicas. */
export function replicaOptions(method: 'ac' | 'mr' | 'pmr' | 'cr'): z.ZodType<TaskReplicas> {
  return z
    .object({
      NR: method === 'mr' ? unread(20) : countOr(20, 100_000),
      boxSize: method === 'cr' ? countOr(9, 255) : unread(9),
      boxSizeCompatibility: flag,
      replicaMode: z
        .enum(['fast', 'exact'])
        .nullish()
        .transform((mode) => mode ?? 'fast'),
      pooledQuadratures: flag,
      rssMagnitude: flag,
      finiteReplicaCorrection: flag,
      neighbouringDifference: flag,
      gfactorFromReplicas: flag,
      precisionPercent: z.number().min(0.1).max(100).nullish(),
    })
    .transform(
      ({ NR, replicaMode, finiteReplicaCorrection, gfactorFromReplicas, precisionPercent, ...rest }) => ({
        ...rest,
        count: NR,
        mode: replicaMode,
        finiteCorrection: finiteReplicaCorrection,
        gFactor: gfactorFromReplicas,
        wantedPercent: precisionPercent ?? undefined,
      }),
    ) as unknown as z.ZodType<TaskReplicas>;
}
