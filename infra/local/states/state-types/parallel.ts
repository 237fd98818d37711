import type { ParallelState } from '../definition.ts';
import { buildParameters } from '../payload.ts';
import type { Scope, StateRunner } from '../scope.ts';
import { runAll } from './branches.ts';

/** Parallel: all branches get the same input; the outputs come as a list. */
export const runParallel: StateRunner<ParallelState> = async (scope) => {
  const { state, effective, context } = scope;
  const input = buildParameters(state, effective, context);
  if (!scope.resumed) scope.record('ParallelStateStarted');
  try {
    const result = await runAll(
      scope as Scope,
      state.Branches.length,
      state.Branches.length,
      (index, signal) => scope.runBranch(index, state.Branches[index], input, { context: {}, signal }),
    );
    scope.note('ParallelStateSucceeded');
    return { result };
  } catch (error) {
    scope.signal.throwIfAborted();
    scope.note('ParallelStateFailed');
    throw error;
  }
};
