/** `npm run demo` as a process of its own, in folders of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { script } from './script.ts';

export interface Place {
  /** Results. */
  readonly out: string;
  /** Where the demo keeps its cloud. */
  readonly temp: string;
}

/** A folder for one run, removed with the test. */
export function place(t: { teardown(close: () => void): unknown }): Place {
  const root = mkdtempSync(join(tmpdir(), 'cloudmr-demo-test-'));
  // Whoever was killed may have a process that ends a moment later, and writes until then.
  t.teardown(() => rmSync(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 }));
  return { out: join(root, 'out'), temp: mkdtempSync(join(root, 'temp-')) };
}

/** What the demo has left in the temporary folder; tsx, and tap's own TypeScript, keep a cache there. */
export const leftBehind = ({ temp }: Place): string[] =>
  readdirSync(temp).filter((name) => !/^(tsx|v8-compile-cache)-/.test(name));

export function startDemo({ out, temp }: Place, args: string[]): ChildProcess {
  return spawn(
    process.execPath,
    [...process.execArgv, script('infra/local/demo.ts'), '--out', out, ...args],
    { env: { PATH: process.env['PATH'], TMPDIR: temp }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
}

/** Runs the demo to its end. */
export async function runDemo(where: Place, args: string[]) {
  const child = startDemo(where, args);
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk) => (stdout += chunk));
  child.stderr?.on('data', (chunk) => (stderr += chunk));
  const [code] = await once(child, 'close');
  return { code, lines: stdout.trimEnd().split('\n'), stderr };
}
