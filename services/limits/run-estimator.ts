/** The port to the worker's own estimate of a run: src/run-estimator.ts. */
import type { OutputFlags, PlatformName } from '../../src/schemas/execution.ts';

/** What is known of a run before it starts. */
export interface RunFacts {
  readonly signalBytes: number;
  /** All input files together. */
  readonly inputBytes: number;
  readonly output: OutputFlags;
}

/** The worker's estimate of a run: where it goes, wall seconds there, and why the worker would refuse the task. */
export type RunEstimator = (
  facts: RunFacts,
  task: unknown,
) => {
  readonly platform: PlatformName;
  readonly size: { readonly vcpu: number; readonly memoryMb: number };
  readonly seconds: number;
  readonly reason: string;
  readonly refusal: string | undefined;
};
