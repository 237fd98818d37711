/** A machine of one task, on a clock that tests move. */
import type { Test } from 'tap';
import type { Catcher, Retrier } from '../../infra/local/states/definition.ts';
import { functionArn, type Handler, inProcess, manualClock, startStates } from './states-harness.ts';

/** A machine of one task, the function `f`; with a Catch also of a state `Caught`. */
export const task = (fields: { Retry?: Retrier[]; Catch?: Catcher[]; [field: string]: unknown }) => ({
  StartAt: 'A',
  States: {
    A: { Type: 'Task', Resource: functionArn('f'), End: true, ...fields },
    ...(fields.Catch && { Caught: { Type: 'Pass', End: true } }),
  },
});

/** A service on a clock that only the test moves, with one function `f`. */
export async function onManualClock(t: Test, definition: unknown, f: Handler, dir = t.testdir()) {
  const clock = manualClock();
  const lambda = inProcess({ f });
  const states = await startStates({
    dir,
    definitions: { m: definition },
    lambda,
    clock: clock.now,
    scheduler: clock,
    random: () => 0.25,
  });
  t.teardown(() => states.close());
  return { ...states, clock, lambda };
}
