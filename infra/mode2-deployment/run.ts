/** The deployment program: one request, its command, its answer. Also for the `cloudmr` command line. */
import { costs } from './costs.ts';
import { deploy } from './deploy.ts';
import { destroy } from './destroy.ts';
import { doctor } from './doctor.ts';
import { type DeployEnvironment, readDeployEnvironment } from './environment.ts';
import type { Io } from './io.ts';
import { logs } from './logs.ts';
import { COMMANDS, type CommandName } from './options.ts';
import { register } from './register.ts';
import { readRequest, usageOf } from './request.ts';
import { createSession, type Result, type Session } from './session.ts';
import { status } from './status.ts';
import { tellFailure } from './tell-failure.ts';

const RUN: Readonly<Record<CommandName, (session: Session) => Promise<Result>>> = {
  deploy,
  update: deploy,
  doctor,
  register,
  status,
  logs,
  costs,
  destroy,
};

/**
 * Runs `[COMMAND] [options]` and returns the exit code: 0 done, 1 failed, 2 wrong or missing arguments, 3 canceled.
 * With --json the one document on standard output is `{ ok, command, ... }`, of a failure `{ ok: false, code,
 * message, remedy }`.
 */
export async function runDeployMode2(
  args: string[],
  io: Io,
  environment: DeployEnvironment = readDeployEnvironment(),
  program = 'deploy-mode2.sh',
): Promise<number> {
  const json = args.includes('--json');
  try {
    if (args.includes('--help') || args.includes('-h')) {
      io.out(usageOf(commandOf(args), program));
      return 0;
    }
    const request = readRequest(args, environment.variables);
    const session = await createSession(request, environment, io, Date.now);
    const result = { ok: true, command: request.command, ...(await RUN[request.command](session)) };
    if (json) io.out(JSON.stringify(result));
    return result.ok ? 0 : 1;
  } catch (error) {
    return tellFailure(error, io, { json });
  }
}

function commandOf([first = '']: string[]): CommandName {
  return Object.hasOwn(COMMANDS, first) ? (first as CommandName) : 'deploy';
}
