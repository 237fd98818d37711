/** The commands of docs/RUNBOOK.md, and how tests run them. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';
import { FORM, ROOT, script } from './script.ts';

const text = readFileSync(script('docs/RUNBOOK.md'), 'utf8');
/** Each distinct block of shell, in order. */
export const blocks = [...new Set([...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, body]) => body))];
/** Whether the AWS CLI is called. */
export const ofAws = (block: string): boolean => /^\s*(\w+=\$\()?aws |physical /m.test(block);
/** Programs run as people start them, from the project itself. */
export const PROJECT = FORM === '.ts' ? ROOT : dirname(ROOT);

export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/** Runs lines of shell in the project; any of them that fails ends it. */
export function bash(source: string, env: Record<string, string>, input = ''): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-euo', 'pipefail', '-c', source], {
      cwd: PROJECT,
      env: { ...process.env, ...env },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
    child.stdin.end(input);
  });
}

/** A folder for one test. */
export function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'cloudmr-runbook-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
