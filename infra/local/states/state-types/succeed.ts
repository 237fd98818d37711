import type { SucceedState } from '../definition.ts';
import type { StateRunner } from '../scope.ts';

/** Succeed: ends the machine with its input. */
export const runSucceed: StateRunner<SucceedState> = async () => ({});
