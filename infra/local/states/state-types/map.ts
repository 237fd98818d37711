import type { Machine, MapState } from '../definition.ts';
import { runtimeError } from '../errors.ts';
import type { Json, JsonObject } from '../json.ts';
import { fill, requirePath } from '../payload.ts';
import type { Scope, StateRunner } from '../scope.ts';
import { runAll } from './branches.ts';

/** An INLINE Map runs at most 40 iterations at once. */
const MAX_CONCURRENCY = 40;

/** Map (INLINE): one iteration per item; the outputs come as a list in the order of the items. */
export const runMap: StateRunner<MapState> = async (scope) => {
  const { state, effective, context, name } = scope;
  const items = requirePath(state.ItemsPath ?? '$', 'ItemsPath', effective, context);
  if (!Array.isArray(items)) {
    throw runtimeError(`Reference path "${state.ItemsPath ?? '$'}" must point to array.`);
  }
  const processor = (state.ItemProcessor ?? state.Iterator) as Machine;
  const selector = state.ItemSelector ?? state.Parameters;
  if (!scope.resumed)
    scope.record('MapStateStarted', { mapStateStartedEventDetails: { length: items.length } });
  const iterate = async (index: number, signal: AbortSignal): Promise<Json> => {
    const item: JsonObject = { Map: { Item: { Index: index, Value: items[index] } } };
    const input = selector === undefined ? items[index] : fill(selector, effective, { ...context, ...item });
    const details = { index, name };
    const known = scope.branch(index);
    if (known?.done) return known.done.output;
    if (!known) scope.record('MapIterationStarted', { mapIterationStartedEventDetails: details });
    try {
      return await scope.runBranch(index, processor, input, {
        context: item,
        signal,
        onDone: () => scope.record('MapIterationSucceeded', { mapIterationSucceededEventDetails: details }),
      });
    } catch (error) {
      scope.signal.throwIfAborted();
      const end = signal.aborted ? 'Aborted' : 'Failed';
      scope.note(`MapIteration${end}`, { [`mapIteration${end}EventDetails`]: details });
      throw error;
    }
  };
  try {
    const result = await runAll(scope as Scope, items.length, concurrency(scope), iterate);
    scope.note('MapStateSucceeded');
    return { result };
  } catch (error) {
    scope.signal.throwIfAborted();
    scope.note('MapStateFailed');
    throw error;
  }
};

/** Iterations at a time; 0 or nothing means as many as an INLINE Map may have. */
function concurrency({ state, effective, context }: Scope<MapState>): number {
  const asked =
    state.MaxConcurrencyPath === undefined
      ? (state.MaxConcurrency ?? 0)
      : requirePath(state.MaxConcurrencyPath, 'MaxConcurrencyPath', effective, context);
  if (typeof asked !== 'number' || !Number.isInteger(asked) || asked < 0) {
    throw runtimeError(`MaxConcurrencyPath does not yield a non-negative integer: ${JSON.stringify(asked)}`);
  }
  return Math.min(asked || MAX_CONCURRENCY, MAX_CONCURRENCY);
}
