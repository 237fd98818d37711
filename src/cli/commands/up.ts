/** `cloudmr up`: the broker with its embedded cloud, on this machine. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { Cli } from '../command.ts';

/** Adds the command. `done` gets the exit code of the broker. */
export function upCommand(program: Command, _cli: Cli, done: (exitCode: number) => void): void {
  program
    .command('up')
    .description('start the broker and its embedded cloud here, until Ctrl-C')
    .addHelpText(
      'after',
      '\nIts settings are environment variables, as for npm start: PORT, DATA_DIR and others.',
    )
    .action(async () => {
      done(await brokerProcess());
    });
}

/** Runs the broker in the foreground. Ctrl-C reaches it by itself; it closes in order, and then this ends too. */
function brokerProcess(): Promise<number> {
  const source = fileURLToPath(new URL('../../main.ts', import.meta.url));
  const built = fileURLToPath(new URL('../../main.js', import.meta.url));
  const command = existsSync(source) ? ['--import', import.meta.resolve('tsx'), source] : [built];
  return new Promise((resolve, reject) => {
    const broker = spawn(process.execPath, command, { stdio: 'inherit' });
    const pass = (signal: NodeJS.Signals): void => {
      broker.kill(signal);
    };
    process.once('SIGTERM', pass);
    const wait = (): void => undefined;
    process.on('SIGINT', wait);
    broker.once('error', reject);
    broker.once('exit', (code, signal) => {
      process.off('SIGTERM', pass);
      process.off('SIGINT', wait);
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}
