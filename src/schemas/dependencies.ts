/** The services of AWS that the broker needs, and how they answer. */
import { z } from 'zod';

export const dependencyName = z.enum(['store', 'sts', 'step_functions', 's3']);
export type DependencyName = z.infer<typeof dependencyName>;

/** `unknown`: nothing has been asked of it lately. */
export const dependencyState = z.enum(['ok', 'slow', 'throttled', 'down', 'unknown']);
export type DependencyState = z.infer<typeof dependencyState>;

export interface Dependency {
  readonly name: DependencyName;
  /** `ok` while it answers in any region that was asked. */
  readonly state: DependencyState;
  /** Epoch ms of the first call that went wrong; undefined while nothing is. */
  readonly since: number | undefined;
  /** Where it does not answer well. */
  readonly regions: readonly {
    readonly region: string;
    readonly state: DependencyState;
    readonly since: number;
  }[];
}
