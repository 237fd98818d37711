/**
 * Runs a machine state by state. Moves are on disk before anything outside is done because of them (a task is
 * started, a wait begins, a sibling goes on), so an execution continues where it stood: a task that was under
 * way starts again, a wait ends when it was due. States that only compute share a write with what follows.
 */
import type { Catcher, Machine, State } from './definition.ts';
import { runtimeError, StateError } from './errors.ts';
import type { Frame } from './frame.ts';
import { type Json, type JsonObject, toPayload } from './json.ts';
import { parsePath, writePath } from './jsonpath.ts';
import { mergeResult, selectInput, selectOutput } from './payload.ts';
import { attemptsLeft, retryDelay, takesError } from './retry.ts';
import type { Run, Scope, StateRunner } from './scope.ts';
import { runChoice } from './state-types/choice.ts';
import { runFail } from './state-types/fail.ts';
import { runMap } from './state-types/map.ts';
import { runParallel } from './state-types/parallel.ts';
import { runPass } from './state-types/pass.ts';
import { runSucceed } from './state-types/succeed.ts';
import { runTask } from './state-types/task.ts';
import { runWait } from './state-types/wait.ts';

const RUNNERS: { [T in State['Type']]: StateRunner<Extract<State, { Type: T }>> } = {
  Task: runTask,
  Pass: runPass,
  Choice: runChoice,
  Wait: runWait,
  Succeed: runSucceed,
  Fail: runFail,
  Parallel: runParallel,
  Map: runMap,
};

/** Where a machine runs: its frame's path, what its branch adds to the context, and what stops it. */
export interface Place {
  readonly path: string;
  readonly extraContext: JsonObject;
  readonly signal: AbortSignal;
  /** Event that the first one of this machine follows. */
  readonly previousEventId: number;
  /** Called in the same write that keeps the machine's output. */
  readonly onDone?: () => void;
}

/**
 * Runs a machine from its saved frame, or from its start with `input`, to its output. Throws StateError when
 * the machine fails, and the signal's reason when it is stopped.
 */
export async function runMachine(run: Run, machine: Machine, input: Json, place: Place): Promise<Json> {
  let frame: Frame = run.journal.frame(place.path) ?? {
    state: machine.StartAt,
    input,
    lastEventId: place.previousEventId,
    retries: [],
  };
  while (!frame.done) {
    frame = await step(run, machine.States[frame.state], frame, place);
    // The end of the whole machine is written by its execution, that of a branch here.
    if (frame.done ? place.path !== '' : run.journal.isLong()) await run.journal.commit();
    place.signal.throwIfAborted();
  }
  return frame.done.output;
}

/** Runs the state of a frame once; the frame that follows is the next state, or the same one after a failure. */
async function step(run: Run, state: State, frame: Frame, place: Place): Promise<Frame> {
  const log = createFrameLog(run, frame, place);
  if (!frame.entered) {
    const details = {
      name: frame.state,
      input: JSON.stringify(frame.input),
      inputDetails: { truncated: false },
    };
    log.note(`${state.Type}StateEntered`, { stateEnteredEventDetails: details });
    log.write();
    frame.entered = { at: new Date(run.clock()).toISOString(), eventId: frame.lastEventId };
    run.journal.save(place.path, frame);
  }
  const context = contextOf(run, frame, place);
  const leave = (output: Json, next: string | undefined): Frame => {
    const text = toPayload(output, frame.state);
    log.note(`${state.Type}StateExited`, {
      stateExitedEventDetails: { name: frame.state, output: text, outputDetails: { truncated: false } },
    });
    if (hasBranches(state)) run.journal.dropChildren(place.path);
    const moved = { state: next ?? frame.state, input: output, retries: [] };
    return log.move(next === undefined ? { ...moved, done: { output } } : moved);
  };
  try {
    if (state.Type !== 'Wait' && frame.dueAt !== undefined) {
      await run.journal.commit();
      await run.scheduler.sleepUntil(frame.dueAt, place.signal);
    }
    const scope = scopeOf(run, state, frame, place, context, log);
    const { result, next } = await (RUNNERS[state.Type] as StateRunner<State>)(scope);
    const merged = result === undefined ? scope.effective : mergeResult(state, frame.input, result, context);
    return leave(selectOutput(state, merged, context), next ?? state.Next);
  } catch (error) {
    place.signal.throwIfAborted();
    const failure = explained(error, frame);
    const index = (state.Retry ?? []).findIndex((entry) => takesError(entry.ErrorEquals, failure));
    const retrier = state.Retry?.[index];
    const made = frame.retries[index] ?? 0;
    if (retrier && attemptsLeft(retrier, made)) {
      if (hasBranches(state)) run.journal.dropChildren(place.path);
      const retries = (state.Retry ?? []).map((_, i) => (frame.retries[i] ?? 0) + (i === index ? 1 : 0));
      return log.move({ ...frame, retries, dueAt: run.clock() + retryDelay(retrier, made, run.random) });
    }
    const catcher = state.Catch?.find((entry) => takesError(entry.ErrorEquals, failure));
    if (catcher) return leave(caughtOutput(catcher, frame.input, failure), catcher.Next);
    log.write();
    throw failure;
  }
}

/** Catch: the input joined with the error. */
function caughtOutput(catcher: Catcher, input: Json, failure: StateError): Json {
  if (catcher.ResultPath === null) return input;
  const error = { Error: failure.errorName, Cause: failure.errorCause ?? '' };
  return writePath(parsePath(catcher.ResultPath ?? '$'), input, error);
}

/**
 * Events of one frame. Those that tell a result are held back until the frame moves, so that both are in one
 * write: a crash never leaves a result in the history that the machine does not know.
 */
function createFrameLog(run: Run, frame: Frame, place: Place) {
  const held: [type: string, details: Record<string, unknown>][] = [];
  const write = (): void => {
    for (const [type, details] of held.splice(0)) {
      frame.lastEventId = run.journal.record(type, details, frame.lastEventId);
    }
  };
  const note = (type: string, details: Record<string, unknown> = {}): void => {
    held.push([type, details]);
  };
  return {
    note,
    write,
    record(type: string, details: Record<string, unknown> = {}): void {
      note(type, details);
      write();
      run.journal.save(place.path, frame);
    },
    move(next: Omit<Frame, 'lastEventId'>): Frame {
      write();
      const moved = { ...next, lastEventId: frame.lastEventId };
      run.journal.save(place.path, moved);
      if (moved.done) place.onDone?.();
      return moved;
    },
  };
}

function hasBranches(state: State): boolean {
  return state.Type === 'Parallel' || state.Type === 'Map';
}

function scopeOf(
  run: Run,
  state: State,
  frame: Frame,
  place: Place,
  context: JsonObject,
  log: ReturnType<typeof createFrameLog>,
): Scope {
  const childPath = (index: number): string => (place.path === '' ? `${index}` : `${place.path}/${index}`);
  const commit = async (): Promise<void> => {
    run.journal.save(place.path, frame);
    await run.journal.commit();
    place.signal.throwIfAborted();
  };
  return {
    run,
    name: frame.state,
    state,
    input: frame.input,
    effective: selectInput(state, frame.input, context),
    context,
    signal: place.signal,
    resumed: hasBranches(state) && run.journal.hasChildren(place.path),
    record: log.record,
    note: log.note,
    commit,
    async waitUntil(dueAt) {
      frame.dueAt ??= dueAt();
      await commit();
      await run.scheduler.sleepUntil(frame.dueAt, place.signal);
    },
    branch: (index) => run.journal.frame(childPath(index)),
    runBranch: (index, machine, input, branch) =>
      runMachine(run, machine, input, {
        path: childPath(index),
        extraContext: { ...place.extraContext, ...branch.context },
        signal: branch.signal,
        previousEventId: frame.lastEventId,
        onDone: branch.onDone,
      }),
  };
}

/** The context object, `$$`, as this state sees it. */
function contextOf(run: Run, frame: Frame, place: Place): JsonObject {
  return {
    ...run.context,
    ...place.extraContext,
    State: {
      EnteredTime: frame.entered?.at ?? '',
      Name: frame.state,
      RetryCount: frame.retries.reduce((sum, made) => sum + made, 0),
    },
  };
}

const OWN_ERRORS = new Set([
  'States.Runtime',
  'States.IntrinsicFailure',
  'States.NoChoiceMatched',
  'States.ResultPathMatchFailure',
]);
const EXPLANATION = 'An error occurred while executing the state';

/** Errors of the interpreter itself say where they happened, in AWS's words. */
function explained(error: unknown, frame: Frame): StateError {
  const failure =
    error instanceof StateError
      ? error
      : runtimeError(error instanceof Error ? error.message : String(error));
  const cause = failure.errorCause ?? '';
  if (!OWN_ERRORS.has(failure.errorName) || cause.startsWith(EXPLANATION)) return failure;
  const where = `${EXPLANATION} '${frame.state}' (entered at the event id #${frame.entered?.eventId}).`;
  return new StateError(failure.errorName, `${where} ${cause}`);
}
