/** The SNR methods that exist, by the names of the task document. A new one is a line here. */
import { analytic } from './analytic.ts';
import type { Method } from './method.ts';

export const METHODS = { ac: analytic } satisfies Record<string, Method>;
