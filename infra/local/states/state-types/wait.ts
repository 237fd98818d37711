import { parseTimestamp } from '../choice-rules.ts';
import type { WaitState } from '../definition.ts';
import { runtimeError } from '../errors.ts';
import { requirePath } from '../payload.ts';
import type { Scope, StateRunner } from '../scope.ts';

/** Longest wait, seconds: one year, as Step Functions allows. */
const MAX_SECONDS = 31_536_000;

/** Wait: passes its input on once its time has come; the time survives restarts. */
export const runWait: StateRunner<WaitState> = async (scope) => {
  await scope.waitUntil(() => dueAt(scope));
  return {};
};

/** Epoch ms at which the wait ends. */
function dueAt({ state, effective, context, run }: Scope<WaitState>): number {
  const at = (path: string, field: string) => requirePath(path, field, effective, context);
  if (state.Timestamp !== undefined || state.TimestampPath !== undefined) {
    const value = state.Timestamp ?? at(state.TimestampPath as string, 'TimestampPath');
    const time = parseTimestamp(value);
    if (time !== undefined) return time;
    throw runtimeError(
      `The Timestamp parameter does not reference a valid timestamp: ${JSON.stringify(value)}`,
    );
  }
  const seconds = state.Seconds ?? at(state.SecondsPath as string, 'SecondsPath');
  if (typeof seconds === 'number' && Number.isInteger(seconds) && seconds >= 0 && seconds <= MAX_SECONDS) {
    return run.clock() + seconds * 1000;
  }
  throw runtimeError(
    `The SecondsPath parameter does not reference an integer from 0 to ${MAX_SECONDS}: ${JSON.stringify(seconds)}`,
  );
}
