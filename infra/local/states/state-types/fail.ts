import type { FailState } from '../definition.ts';
import { runtimeError, StateError } from '../errors.ts';
import type { Json } from '../json.ts';
import { evaluate } from '../payload.ts';
import type { StateRunner } from '../scope.ts';

/** Fail: ends the machine with Error and Cause, given or read from the input. */
export const runFail: StateRunner<FailState> = async ({ state, input, context }) => {
  const read = (path: string | undefined, field: string): string | undefined =>
    path === undefined ? undefined : text(evaluate(path, field, input, context), field);
  throw new StateError(
    state.Error ?? read(state.ErrorPath, 'ErrorPath') ?? '',
    state.Cause ?? read(state.CausePath, 'CausePath'),
  );
};

function text(value: Json, field: string): string {
  if (typeof value === 'string') return value;
  throw runtimeError(`The ${field} field does not yield a string: ${JSON.stringify(value)}`);
}
