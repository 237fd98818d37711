/** The commands of `cloudmr` that are programs of their own, run for real: the deployment, and the whole system. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { signIn } from '../../../infra/local/demo/api.ts';
import { deployProgram } from '../../helpers/deploy-program.ts';
import { MODE_2, PASSWORD } from '../../helpers/http.ts';
import { LOADER, script } from '../../helpers/script.ts';
import { person } from './cloudmr.ts';

export type Place = 'pipe' | 'terminal';
const PROGRAM = [process.execPath, ...LOADER, script('test/cli/helpers/program.ts')];

/** Checks the account, deploys, takes it down again, with the session of `cloudmr login`. Returns the commands. */
export async function deploymentCommands(t: Test, place: Place): Promise<string[]> {
  const program = await deployProgram(t, PROGRAM);
  await program.brain.proven(program.person, MODE_2);
  async function run(args: string[], answers: [RegExp, string][] = []): Promise<string> {
    if (place === 'pipe') {
      const { code, out, err } = await program.run([...args, ...(answers.length > 0 ? ['--yes'] : [])]);
      t.equal(code, 0, `${args.join(' ')}: ${out}${err}`);
      return out;
    }
    const terminal = program.terminal(args);
    for (const [question, answer] of answers) {
      await terminal.sees(question);
      terminal.types(answer);
    }
    const { code, shown } = await terminal.ended;
    t.equal(code, 0, `${args.join(' ')}: ${shown}`);
    return shown;
  }
  const signedIn = await program.run(
    ['login', '--email', 'ada@example.org', '--url', program.url],
    {},
    PASSWORD,
  );
  t.equal(signedIn.code, 0, signedIn.err);
  t.match(await run(['doctor']), /Ready to deploy/);
  t.same(program.stacks(), {}, 'a check changes nothing');
  const deployed = await run(
    ['deploy-mode2', '--wait', '0'],
    [
      [/Use default VPC/, ''],
      [/Proceed with deployment/, ''],
    ],
  );
  t.match(deployed, /is CREATE_COMPLETE[\s\S]*The computing unit \w+ is ready/);
  const [name, ...others] = Object.keys(program.stacks());
  t.same(others, []);
  t.match(program.stacks()[name], { StackStatus: 'CREATE_COMPLETE' });
  await run(['destroy'], [[new RegExp(`Type ${name} to delete`), name]]);
  t.not(program.stacks()[name]?.StackStatus, 'CREATE_COMPLETE');
  return ['deploy-mode2', 'doctor', 'destroy'];
}

/** Starts the system in a folder of its own, reaches it, stops it by Ctrl-C; a second start has kept the data. */
export async function upCommand(t: Test, place: Place): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cloudmr-up-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const settings = { PORT: '0', DATA_DIR: join(folder, 'data'), LOG_LEVEL: 'warn' };
  const start = place === 'pipe' ? upInPipe : upInTerminal;

  const first = await start(t, folder, settings);
  const [, password = ''] = /password \(shown only now\): (\S+)/.exec(first.said()) ?? [];
  const admin = await signIn(first.url, 'admin@localhost', password);
  await admin.call('POST', '/api/profile/tokens', { name: 'kept', scopes: ['jobs:read'], expiresInDays: 7 });
  t.equal(await first.stop(), 0, first.said());
  await t.rejects(fetch(`${first.url}/health`), 'nothing listens any more');

  const second = await start(t, folder, settings);
  t.notMatch(second.said(), /password/, 'the first administrator is not made again');
  const again = await signIn(second.url, 'admin@localhost', password);
  t.match(await again.call('GET', '/api/profile/tokens'), { tokens: [{ name: 'kept' }] });
  t.equal(await second.stop(), 0, second.said());
  return ['up'];
}

export interface Running {
  readonly url: string;
  readonly said: () => string;
  /** Ctrl-C. Returns the exit code. */
  stop(): Promise<number>;
}

const READY = /CloudMR Broker is ready at (http:\/\/[\d.:]+)/;
const urlIn = (text: string): string => READY.exec(text)?.[1] ?? '';

async function upInTerminal(t: Test, folder: string, settings: Record<string, string>): Promise<Running> {
  const terminal = person(t, 'http://127.0.0.1:1', settings).terminalIn(folder, 'up');
  await terminal.until(/Open http.*console/);
  return {
    url: urlIn(terminal.screen()),
    said: terminal.screen,
    stop: () => {
      terminal.type('\x03');
      return terminal.code;
    },
  };
}

/** `cloudmr up` in a folder; resolves when it is ready. */
export async function upInPipe(t: Test, folder: string, settings: Record<string, string>): Promise<Running> {
  const [file, ...args] = PROGRAM;
  const child: ChildProcess = spawn(file, [...args, 'up'], {
    cwd: folder,
    env: { ...process.env, ...settings },
    // A group of its own, so that a Ctrl-C reaches it and its broker and nobody else.
    detached: true,
  });
  t.teardown(() => child.exitCode === null && child.kill('SIGKILL'));
  let said = '';
  const ended = once(child, 'exit');
  child.stderr?.setEncoding('utf8').on('data', (chunk) => (said += chunk));
  await new Promise<void>((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (chunk) => {
      said += chunk;
      if (/Open http.*console/.test(said)) resolve();
    });
    ended.then(() => reject(new Error(said)));
  });
  return {
    url: urlIn(said),
    said: () => said,
    async stop() {
      process.kill(-(child.pid as number), 'SIGINT');
      const [code] = await ended;
      return code ?? -1;
    },
  };
}
