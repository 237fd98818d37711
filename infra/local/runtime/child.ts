/** Child processes for functions and tasks: a clean environment, bounded memory, no life without a parent. */
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { devNull } from 'node:os';
import { dirname, extname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RotatingLog } from './log.ts';

/** `.ts`, or `.js` in a compiled tree. */
const EXTENSION = extname(fileURLToPath(import.meta.url));

/** URL of a sibling module in the form that this one has. */
export function runtimeModule(name: string): URL {
  return new URL(`./${name}${EXTENSION}`, import.meta.url);
}

/**
 * Absolute path of a module given relative to the project, which may be the sources or a compiled tree.
 * Throws Error if there is none, or if it lies outside of the project.
 */
export function projectModule(projectRoot: string, module: string): string {
  const file = resolve(projectRoot, module);
  if (relative(resolve(projectRoot), file).startsWith('..'))
    throw new Error(`${module} is outside of the project`);
  const forms = [file.replace(/\.ts$/, EXTENSION), file, file.replace(/\.ts$/, '.js')];
  const found = forms.find((candidate) => existsSync(candidate));
  if (!found) throw new Error(`there is no module ${module}`);
  return found;
}

/** The part of our own flags that makes TypeScript run; flags of a test runner or debugger stay out. */
export function loaderFlags(execArgv: readonly string[]): string[] {
  const flags: string[] = [];
  execArgv.forEach((arg, i) => {
    if (/^--(experimental-)?(strip|transform)-types$/.test(arg)) flags.push(arg);
    else if (/^--(import|require|loader)=/.test(arg) && /\btsx\b/.test(arg)) flags.push(arg);
    else if (/^(--import|--require|-r|--loader)$/.test(arg) && /\btsx\b/.test(execArgv[i + 1] ?? '')) {
      flags.push(arg, execArgv[i + 1]);
    }
  });
  return flags;
}

/**
 * What every child finds in its environment beside its own variables. Nothing is inherited: no home, no AWS
 * profile, no metadata service, so a real account can never be reached by accident.
 */
export function baseEnvironment(region: string, endpoint: string): Record<string, string> {
  return {
    PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
    TZ: 'UTC',
    LANG: 'C.UTF-8',
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ENDPOINT_URL: endpoint,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_CONFIG_FILE: devNull,
  };
}

export interface ChildOptions {
  module: string;
  args?: string[];
  /** Modules loaded before it. */
  preload?: URL[];
  cwd: string;
  env: Record<string, string>;
  /** Heap limit of V8; guard.ts derives the limit of the whole process from it. */
  memoryMb: number;
  log: RotatingLog;
}

/** Starts a Node.js process whose output goes to `log`, with an IPC channel and the guard's pipe (fd 4). */
export function startChild(options: ChildOptions): ChildProcess {
  const { log } = options;
  const preload = (options.preload ?? []).flatMap((url) => ['--import', url.href]);
  const child = fork(options.module, options.args ?? [], {
    cwd: options.cwd,
    env: options.env,
    execArgv: [...loaderFlags(process.execArgv), ...preload, `--max-old-space-size=${options.memoryMb}`],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe'],
    serialization: 'json',
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => log.write(chunk));
  }
  // A pipe to a process that is gone: its exit is what counts.
  for (const stream of child.stdio) stream?.on('error', () => undefined);
  return child;
}
