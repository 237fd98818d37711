/** The end of a program that failed: in words for a person, as one line of JSON for a script. */
import { DeployFailure, exitCodeOf } from './failure.ts';
import type { Io } from './io.ts';

/** Tells it and returns the exit code. Whatever is no DeployFailure is a fault of the program, and thrown again. */
export function tellFailure(error: unknown, io: Io, { json }: { json: boolean }): number {
  if (!(error instanceof DeployFailure)) throw error;
  const { code, message, remedy } = error;
  if (json) io.out(JSON.stringify({ ok: false, code, message, remedy }));
  io.err(`Error: ${message} [${code}]`);
  io.err(`  ${remedy}`);
  return exitCodeOf(code);
}
