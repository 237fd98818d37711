/** What goes between the main thread and those that work on slices. */
import type { FailureCode } from '../../src/schemas/failures.ts';
import type { AcquiredSlice } from '../mr/acquire.ts';
import type { NoiseModel } from '../mr/noise.ts';
import type { RunPlan } from '../plan.ts';
import type { SliceInput } from '../slice-work.ts';
import type { MethodName, ReconstructionName } from '../task.ts';

/** The plan with names in place of functions. */
export interface ThreadStart {
  readonly method: MethodName;
  readonly reconstruction: ReconstructionName;
  readonly plan: Omit<RunPlan, 'method' | 'reconstruction'>;
  readonly noise: NoiseModel;
}

/** k-space in shared memory, which threads copy. */
export type ThreadRequest =
  | { readonly do: 'begin'; readonly input: SliceInput }
  | { readonly do: 'piece'; readonly index: number; readonly repetition?: AcquiredSlice };

export interface ThreadFailure {
  readonly code: FailureCode;
  readonly message: string;
  readonly remedy: string;
}

export type ThreadAnswer = { readonly value: unknown } | { readonly failed: ThreadFailure };
