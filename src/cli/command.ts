/** What every command of the `cloudmr` program is given, and how one ends that cannot go on. */
import type { CliEnvironment } from './environment.ts';
import type { Session } from './session.ts';

/** Where a command writes; `terminal`: a person watches, so progress may move. */
export interface Io {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly terminal: boolean;
}

/** The command line at large. */
export interface Cli {
  readonly io: Io;
  readonly environment: CliEnvironment;
  /** One JSON document on standard output instead of text. */
  readonly json: () => boolean;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  /** The broker, signed in. Throws NotSignedIn. */
  readonly session: () => Promise<Session>;
  /** The text, or the value as JSON with --json. */
  readonly show: (value: unknown, text: () => string) => void;
}

/** The arguments are wrong: the message says how, the caller shows the usage. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** Nobody is signed in, or not any more. */
export class NotSignedIn extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NotSignedIn';
  }
}

/** Ctrl-C: what was done is kept, and `message` says how to go on. */
export class Interrupted extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Interrupted';
  }
}

/** What was asked for did not work out, and why is known; exit code 1. */
export class CommandFailed extends Error {
  readonly remedy: string | undefined;
  /** Stays the same over releases, for scripts. */
  readonly code: string;
  constructor(message: string, remedy?: string, code = 'failed') {
    super(message);
    this.name = 'CommandFailed';
    this.remedy = remedy;
    this.code = code;
  }
}
