/** What every command of the `cloudmr` program is. */

/** Where a command writes; `terminal`: a person watches, so progress may move. */
export interface Io {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly terminal: boolean;
}

export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  readonly usage: string;
  /** Runs with the arguments behind its name. Returns the exit code; throws UsageError. */
  readonly run: (args: string[], io: Io) => Promise<number>;
}

/** The arguments are wrong: the message says how, the caller shows the usage. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}
