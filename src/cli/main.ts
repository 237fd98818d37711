/** The `cloudmr` program: a new command is a file in `commands/` and a line here. */
import { Command, CommanderError } from 'commander';
import { VERSION } from '../../compute/version.ts';
import type { Cli, Io } from './command.ts';
import { backupCommands } from './commands/backup.ts';
import { completionCommand } from './commands/completion.ts';
import { costsCommand } from './commands/costs.ts';
import { deployment, flagsOf } from './commands/deployment.ts';
import { jobCommands } from './commands/jobs.ts';
import { loginCommands } from './commands/login.ts';
import { runCommand } from './commands/run.ts';
import { SNR_FLAGS, snr } from './commands/snr.ts';
import { statusCommands } from './commands/status.ts';
import { tokenCommands } from './commands/tokens.ts';
import { unitCommands } from './commands/units.ts';
import { upCommand } from './commands/up.ts';
import { type CliEnvironment, readCliEnvironment } from './environment.ts';
import { EXIT, EXIT_HELP, endingOf, report } from './exit.ts';
import { openSession } from './session.ts';

/** The standard streams of this process. Where nobody reads them any more (`| head`), it ends as failed, without a word. */
export function standardIo(): Io {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit(EXIT.failed);
    });
  }
  return {
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
    terminal: process.stderr.isTTY === true && !readCliEnvironment().plain,
  };
}

export interface MainOptions {
  readonly io?: Io;
  readonly environment?: CliEnvironment;
  readonly clock?: () => number;
  readonly signal?: AbortSignal;
}

/** Runs `cloudmr ARGS` and returns the exit code (`exit.ts`). */
export async function main(args: string[], options: MainOptions = {}): Promise<number> {
  const { io = standardIo(), environment = readCliEnvironment(), clock = Date.now } = options;
  const program = new Command('cloudmr');
  let stop: AbortSignal | undefined;
  const own = ownFlags(args);
  const wantsJson = (): boolean =>
    program.opts().json === true || (own !== undefined && args.includes('--json'));
  const cli: Cli = {
    io,
    environment,
    json: wantsJson,
    // Only who looks at it catches Ctrl-C; others end at once.
    get signal() {
      stop ??= options.signal ?? ctrlC();
      return stop;
    },
    session: () => openSession(environment, clock, io.err),
    show: (value, text) => io.out(wantsJson() ? JSON.stringify(value) : text()),
  };
  let exitCode: number = EXIT.ok;
  program
    .description('SNR maps of raw MRI data, on your computing units or on this machine')
    .version(VERSION, '--version', 'the version of this program')
    .option('--json', 'one JSON document on standard output instead of text')
    .helpCommand('help [command]', 'what a command does')
    .addHelpText('after', `\nEnvironment: CLOUDMR_URL, CLOUDMR_TOKEN, CLOUDMR_HOME.\n${EXIT_HELP}`)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
    })
    .showHelpAfterError('(cloudmr help shows what there is)');
  loginCommands(program, cli, clock);
  unitCommands(program, cli);
  runCommand(program, cli);
  jobCommands(program, cli);
  costsCommand(program, cli, clock);
  tokenCommands(program, cli);
  statusCommands(program, cli);
  for (const [name, { summary, flags }] of Object.entries(WITH_OWN_FLAGS)) {
    const command = program.command(name).description(`${summary}; --help says more`);
    // For completion; the program itself reads them.
    for (const flag of flags) command.option(`--${flag}`);
  }
  backupCommands(program, cli, clock);
  upCommand(program, cli, (code) => {
    exitCode = code;
  });
  completionCommand(program, cli);
  if (args.length === 0) {
    program.outputHelp();
    return EXIT.usage;
  }
  try {
    if (own) return await own(cli);
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // commander has said what is wrong; help and version end this way too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return report(io, wantsJson(), endingOf(error));
  }
}

interface Program {
  readonly summary: string;
  readonly flags: readonly string[];
  readonly run: (cli: Cli, args: string[]) => Promise<number>;
}

/** Programs that read their flags themselves. */
const WITH_OWN_FLAGS: Readonly<Record<string, Program>> = {
  snr: {
    summary: 'compute SNR maps on this machine, without any cloud',
    flags: SNR_FLAGS,
    run: ({ io }, args) => snr(args, io),
  },
  'deploy-mode2': {
    summary: 'make your own AWS account a computing unit, or update it',
    flags: flagsOf('deploy'),
    run: (cli, args) => deployment(cli, args),
  },
  doctor: {
    summary: 'check everything that a deployment needs',
    flags: flagsOf('doctor'),
    run: (cli, args) => deployment(cli, ['doctor', ...args]),
  },
  destroy: {
    summary: 'take your computing unit off the broker and delete its stack',
    flags: flagsOf('destroy'),
    run: (cli, args) => deployment(cli, ['destroy', ...args]),
  },
};

/** One of those programs, if it is meant. */
function ownFlags(given: string[]): ((cli: Cli) => Promise<number>) | undefined {
  // --json may stand before the name, as for all other commands.
  const [name, ...args] = given[0] === '--json' ? [...given.slice(1), '--json'] : given;
  const named = name === 'help' ? args[0] : name;
  if (named === undefined || !Object.hasOwn(WITH_OWN_FLAGS, named)) return undefined;
  return (cli) => WITH_OWN_FLAGS[named].run(cli, name === 'help' ? ['--help'] : args);
}

/** The first Ctrl-C (or SIGTERM, of whatever runs this) ends in order, the second at once. */
function ctrlC(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  return stop.signal;
}
