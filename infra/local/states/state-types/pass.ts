import type { PassState } from '../definition.ts';
import { buildParameters } from '../payload.ts';
import type { StateRunner } from '../scope.ts';

/** Pass: its Result, or its parameters. */
export const runPass: StateRunner<PassState> = async ({ state, effective, context }) => ({
  result: state.Result === undefined ? buildParameters(state, effective, context) : state.Result,
});
