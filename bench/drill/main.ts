/**
 * `npm run drill [-- --jobs N --kills N --failing PERCENT --lost-callbacks PERCENT --json]`: 1,000 jobs through two
 * broker processes on one store, 100 of `kill -9`, 20 % of the calls to AWS failing before or after their effect,
 * 30 % of the callbacks lost. What runs for a job is a Lambda of the embedded cloud that writes a result and computes
 * nothing (worker.ts); everything else is real. Exit code 1 unless every accepted job ended once and none was
 * started twice. The project is compiled first, so that a broker that was killed is back within a second.
 */
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { compileTree } from '../../infra/scripts/compile-tree.ts';
import { drillOptions } from './options.ts';

const asked = drillOptions(process.argv.slice(2));
if ('exitCode' in asked) {
  (asked.exitCode === 0 ? console.log : console.error)(asked.text);
  process.exit(asked.exitCode);
}

const root = resolve(import.meta.dirname, '../..');
const tree = join(root, '.cloudmr-drill');
await compileTree(root, tree);
const child = spawn(
  process.execPath,
  ['--no-warnings', join(tree, 'bench/drill/run.js'), ...process.argv.slice(2)],
  {
    stdio: 'inherit',
  },
);
child.once('exit', (code) => process.exit(code ?? 1));
