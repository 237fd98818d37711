/** Exit codes of the command line, and what is printed with them. */
import { BrokerError } from '../../client/index.js';
import { CommandFailed, Interrupted, type Io, NotSignedIn, UsageError } from './command.ts';

export const EXIT = {
  ok: 0,
  /** It was tried and did not work: the job failed, the network is down, a file cannot be read. */
  failed: 1,
  usage: 2,
  notSignedIn: 3,
  /** The broker said no: not found, not allowed, a cap, a conflict. */
  refused: 4,
  interrupted: 130,
} as const;

export const EXIT_HELP = `Exit codes: 0 done, 1 failed, 2 wrong arguments, 3 not signed in, 4 refused by the broker, 130 interrupted.`;

interface Ending {
  readonly exitCode: number;
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
  readonly requestId?: string;
}

/** What became of a command that threw. */
export function endingOf(error: unknown): Ending {
  if (error instanceof Interrupted) {
    return { exitCode: EXIT.interrupted, code: 'interrupted', message: error.message };
  }
  if (error instanceof UsageError) return { exitCode: EXIT.usage, code: 'usage', message: error.message };
  if (error instanceof NotSignedIn) {
    return { exitCode: EXIT.notSignedIn, code: 'not_signed_in', message: error.message };
  }
  if (error instanceof CommandFailed) {
    return { exitCode: EXIT.failed, code: error.code, message: error.message, remedy: error.remedy };
  }
  if (error instanceof BrokerError) return ofBroker(error);
  const cause = (error as { cause?: { code?: string } }).cause?.code;
  const message = error instanceof Error ? error.message : String(error);
  return {
    exitCode: EXIT.failed,
    code: cause ?? 'failed',
    message: cause ? `${message} (${cause})` : message,
    remedy: cause === 'ECONNREFUSED' ? 'Is the broker running, and is CLOUDMR_URL right?' : undefined,
  };
}

function ofBroker({ status, code, message, remedy, requestId }: BrokerError): Ending {
  const known = { code, message, remedy, requestId };
  if (status === 401) return { exitCode: EXIT.notSignedIn, ...known };
  return { exitCode: status >= 500 ? EXIT.failed : EXIT.refused, ...known };
}

/** Says it on standard error, and with --json on standard output too. */
export function report(io: Io, json: boolean, { exitCode, ...ending }: Ending): number {
  io.err(ending.code === 'interrupted' ? ending.message : `cloudmr: ${ending.message}`);
  if (ending.remedy) io.err(ending.remedy);
  if (ending.requestId && exitCode === EXIT.failed) io.err(`Request ${ending.requestId}`);
  if (json) io.out(JSON.stringify({ error: ending }));
  return exitCode;
}
