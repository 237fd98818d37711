/** What a state may use while it runs, and what it hands back. */
import type { Clock } from '../contract.ts';
import type { Machine, State } from './definition.ts';
import type { Frame } from './frame.ts';
import type { Services } from './integrations.ts';
import type { Journal } from './journal.ts';
import type { Json, JsonObject } from './json.ts';
import type { Scheduler } from './scheduler.ts';

/** One execution, as its machine and all branches share it. */
export interface Run {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** 0..1, for jitter. */
  readonly random: () => number;
  /** The parts of the context object that stay the same: Execution and StateMachine. */
  readonly context: JsonObject;
  readonly services: Services;
}

export interface Scope<S extends State = State> {
  readonly run: Run;
  readonly name: string;
  readonly state: S;
  /** Raw input, and what InputPath leaves of it. */
  readonly input: Json;
  readonly effective: Json;
  /** The context object, `$$`. */
  readonly context: JsonObject;
  readonly signal: AbortSignal;
  /** True if branches of this state were already under way before a restart. */
  readonly resumed: boolean;
  /** Adds an event to the history, with the frame as it is now. */
  record(type: string, details?: Record<string, unknown>): void;
  /** Adds an event that tells a result: it is written when the state is left or tried again. */
  note(type: string, details?: Record<string, unknown>): void;
  /** What was recorded is on disk when this resolves: nothing outside may happen before. */
  commit(): Promise<void>;
  /** Keeps the point in time across restarts and waits for it; `dueAt` is only asked the first time. */
  waitUntil(dueAt: () => number): Promise<void>;
  /** How far a branch or iteration had come before a restart. */
  branch(index: number): Frame | undefined;
  /** Runs a branch or an iteration to its output. */
  runBranch(index: number, machine: Machine, input: Json, branch: Branch): Promise<Json>;
}

export interface Branch {
  /** What the branch sees in its context object besides (`Map`). */
  readonly context: JsonObject;
  readonly signal: AbortSignal;
  /** Called when the output of the branch is kept, in the same write. */
  readonly onDone?: () => void;
}

/** `result` goes through ResultSelector and ResultPath; without one the effective input is the output. */
export interface Outcome {
  result?: Json;
  /** The next state, where the state itself decides (Choice). */
  next?: string;
}

export type StateRunner<S extends State> = (scope: Scope<S>) => Promise<Outcome>;
