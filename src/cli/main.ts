/** The `cloudmr` program: finds the command and runs it. A new command is a line in COMMANDS. */
import { type Command, type Io, UsageError } from './command.ts';
import { readCliEnvironment } from './environment.ts';
import { snr } from './snr.ts';

const COMMANDS: Readonly<Record<string, Command>> = { snr };

/** The standard streams of this process. */
export function standardIo(): Io {
  return {
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
    terminal: process.stderr.isTTY === true && !readCliEnvironment().plain,
  };
}

/** Runs `cloudmr ARGS` and returns the exit code: 0, or 1 if it failed. */
export async function main(args: string[], io: Io = standardIo()): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || ['help', '--help', '-h'].includes(name)) {
    io.out(`Usage: cloudmr COMMAND [options]\n\n${listOfCommands()}\n\ncloudmr COMMAND --help says more.`);
    return name === undefined ? 1 : 0;
  }
  if (!Object.hasOwn(COMMANDS, name)) {
    io.err(`There is no command "${name}".\n\n${listOfCommands()}`);
    return 1;
  }
  const command = COMMANDS[name];
  if (rest.includes('--help') || rest.includes('-h')) {
    io.out(command.usage);
    return 0;
  }
  try {
    return await command.run(rest, io);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    io.err(`cloudmr ${name}: ${error.message}\n\n${command.usage}`);
    return 1;
  }
}

function listOfCommands(): string {
  return Object.entries(COMMANDS)
    .map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`)
    .join('\n');
}
