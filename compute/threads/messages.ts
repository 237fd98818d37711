/** What goes between the main thread and those that work on slices. */
import type { FailureCode } from '../../src/schemas/failures.ts';
import type { AcquiredSlice } from '../mr/acquire.ts';
import type { NoiseModel } from '../mr/noise.ts';
import type { OutputFlags } from '../plan.ts';
import type { SliceInput } from '../slice-work.ts';

/** With this every thread makes the same plan for itself. */
export interface ThreadStart {
  readonly task: unknown;
  readonly output: OutputFlags;
  readonly seed: number;
  /** Measured repetitions, for the method that needs them. */
  readonly repetitions: number;
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
