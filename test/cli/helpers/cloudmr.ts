/** The command line against a broker: in this process, as a program in a pipe, and in a pseudo-terminal. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn as spawnPty } from '@lydell/node-pty';
import type { Io } from '../../../src/cli/command.ts';
import { main } from '../../../src/cli/main.ts';
import { LOADER, ROOT, script } from '../../helpers/script.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Person {
  /** The home of this person: credentials and what an interrupted command had done. */
  readonly folder: string;
  /** A command in this process; `--json` answers parse. */
  run(...args: string[]): Promise<Ran>;
  /** The same, with standard output parsed. Throws what went wrong. */
  json<T>(...args: string[]): Promise<T>;
  /** The program itself in a pipe, with that on its standard input. */
  pipe(input: string, ...args: string[]): Promise<Ran>;
  /** The program in a pseudo-terminal. */
  terminal(...args: string[]): Terminal;
  /** The same in another folder than that of the project. */
  terminalIn(folder: string, ...args: string[]): Terminal;
}

export interface Terminal {
  /** Everything on the screen so far. */
  readonly screen: () => string;
  /** Waits until the screen shows it. */
  until(pattern: RegExp, limitMs?: number): Promise<void>;
  type(text: string): void;
  readonly code: Promise<number>;
}

const LIMIT_MS = 30_000;

/** A person at the broker `url`, with a home directory and, for programs, variables of their own. */
export function person(
  t: { teardown(fn: () => unknown): unknown },
  url: string,
  variables: Readonly<Record<string, string>> = {},
): Person {
  const folder = mkdtempSync(join(tmpdir(), 'cloudmr-home-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const environment = { plain: true, url, token: undefined, folder, dataDir: join(folder, 'state') };
  const program = [...LOADER, script('test/cli/helpers/program')];
  const env = {
    ...process.env,
    CI: '',
    TERM: 'xterm',
    CLOUDMR_URL: url,
    CLOUDMR_HOME: folder,
    CLOUDMR_TOKEN: '',
    ...variables,
  };

  async function run(...args: string[]): Promise<Ran> {
    const out: string[] = [];
    const err: string[] = [];
    const io: Io = { out: (line) => out.push(line), err: (line) => err.push(line), terminal: false };
    const code = await main(args, { io, environment, signal: new AbortController().signal });
    return { code, out: out.join('\n'), err: err.join('\n') };
  }
  return {
    folder,
    run,
    async json(...args) {
      const { code, out, err } = await run(...args, '--json');
      if (code !== 0) throw new Error(`exit ${code}: ${err}`);
      return JSON.parse(out);
    },
    pipe: (input, ...args) =>
      new Promise((resolve, reject) => {
        const child = spawn(process.execPath, [...program, ...args], { cwd: ROOT, env });
        let [out, err] = ['', ''];
        child.stdout.on('data', (chunk) => {
          out += chunk;
        });
        child.stderr.on('data', (chunk) => {
          err += chunk;
        });
        child.once('error', reject);
        child.once('close', (code) => resolve({ code: code ?? -1, out, err }));
        child.stdin.end(input);
      }),
    terminal: (...args) => openTerminal(ROOT, args),
    terminalIn: (folder, ...args) => openTerminal(folder, args),
  };

  function openTerminal(cwd: string, args: string[]): Terminal {
    const pty = spawnPty(process.execPath, [...program, ...args], { cwd, env, cols: 100, rows: 30 });
    let screen = '';
    const watchers = new Set<() => void>();
    pty.onData((data) => {
      screen += data;
      for (const look of watchers) look();
    });
    const code = new Promise<number>((resolve) => pty.onExit(({ exitCode }) => resolve(exitCode)));
    return {
      screen: () => screen,
      code,
      type: (text) => pty.write(text),
      until: (pattern, limitMs = LIMIT_MS) =>
        new Promise((resolve, reject) => {
          const limit = setTimeout(() => {
            watchers.delete(look);
            reject(new Error(`not seen: ${pattern}\n${screen}`));
          }, limitMs);
          function look(): void {
            if (!pattern.test(screen)) return;
            clearTimeout(limit);
            watchers.delete(look);
            resolve();
          }
          watchers.add(look);
          look();
        }),
    };
  }
}
