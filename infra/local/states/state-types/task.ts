import { InvocationError } from '../../contract.ts';
import type { TaskState } from '../definition.ts';
import { runtimeError, StateError } from '../errors.ts';
import { type EventNames, integrationOf } from '../integrations.ts';
import { type Json, toPayload } from '../json.ts';
import { buildParameters, requirePath } from '../payload.ts';
import type { Scope, StateRunner } from '../scope.ts';

/** Task: calls a service and waits for its result, at most TimeoutSeconds. */
export const runTask: StateRunner<TaskState> = async (scope) => {
  const { state, effective, context, run } = scope;
  const integration = integrationOf(state.Resource);
  if (!integration) throw runtimeError(`The resource ${state.Resource} is not emulated`);
  const parameters = buildParameters(state, effective, context);
  const timeoutInSeconds = seconds(scope, 'TimeoutSeconds');
  const heartbeatInSeconds = seconds(scope, 'HeartbeatSeconds');
  const events = integration.events(state.Resource, run.services);
  const text = toPayload(parameters, scope.name);
  scope.record(
    ...event(events, 'Scheduled', {
      ...events.scheduled(text),
      ...(timeoutInSeconds !== undefined && { timeoutInSeconds }),
      ...(heartbeatInSeconds !== undefined && { heartbeatInSeconds }),
    }),
  );
  scope.record(...event(events, 'Started', {}));
  await scope.commit();
  try {
    const result = await withTimeouts(scope, timeoutInSeconds, heartbeatInSeconds, (signal) =>
      integration.run(state.Resource, parameters, { ...run.services, signal }),
    );
    const output = toPayload(result, events.what);
    scope.note(...event(events, 'Succeeded', { output, outputDetails: { truncated: false } }));
    return { result };
  } catch (error) {
    scope.signal.throwIfAborted();
    const failure =
      error instanceof InvocationError ? new StateError(error.errorName, error.causeJson) : error;
    if (failure instanceof StateError) {
      const timedOut = failure.errorName === 'States.Timeout';
      const cause = failure.errorCause === undefined ? {} : { cause: failure.errorCause };
      scope.note(...event(events, timedOut ? 'TimedOut' : 'Failed', { error: failure.errorName, ...cause }));
    }
    throw failure;
  }
};

/** `TaskScheduled` with `taskScheduledEventDetails`, or the same for `LambdaFunction`. */
function event(
  { prefix, common }: EventNames,
  step: string,
  details: object,
): [type: string, details: Record<string, unknown>] {
  const type = `${prefix}${step}`;
  const all = { ...common, ...details };
  const field = `${type[0].toLowerCase()}${type.slice(1)}EventDetails`;
  return [type, Object.keys(all).length === 0 ? {} : { [field]: all }];
}

/** TimeoutSeconds or HeartbeatSeconds, given or by path. */
function seconds(scope: Scope<TaskState>, field: 'TimeoutSeconds' | 'HeartbeatSeconds'): number | undefined {
  const { state, effective, context } = scope;
  const path = state[`${field}Path`];
  if (path === undefined) return state[field];
  const value: Json = requirePath(path, `${field}Path`, effective, context);
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
  throw runtimeError(
    `The ${field}Path parameter does not reference a positive integer: ${JSON.stringify(value)}`,
  );
}

/**
 * Runs `call` with a signal that fires when the execution stops or a limit passes. Neither integration sends
 * heartbeats, so HeartbeatSeconds is a second time limit; like AWS, it is reported as States.Timeout.
 */
async function withTimeouts(
  scope: Scope<TaskState>,
  timeoutSeconds: number | undefined,
  heartbeatSeconds: number | undefined,
  call: (signal: AbortSignal) => Promise<Json>,
): Promise<Json> {
  const { clock, scheduler } = scope.run;
  const own = new AbortController();
  const signal = AbortSignal.any([scope.signal, own.signal]);
  const limit = async (after: number, alias?: string): Promise<never> => {
    await scheduler.sleepUntil(clock() + after * 1000, signal);
    throw new StateError('States.Timeout', undefined, alias);
  };
  // A task that is told to stop may take its time; nobody waits for it.
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  try {
    const ends: Promise<Json>[] = [call(signal), stopped];
    if (timeoutSeconds !== undefined) ends.push(limit(timeoutSeconds));
    if (heartbeatSeconds !== undefined) ends.push(limit(heartbeatSeconds, 'States.HeartbeatTimeout'));
    return await Promise.race(ends);
  } finally {
    own.abort();
  }
}
