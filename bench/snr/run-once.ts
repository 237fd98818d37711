/** One run from file to result in a process of its own: JSON of `RunOnce` as argument, JSON of `RunCost` as answer. */
import { rmSync } from 'node:fs';
import { openRawScan } from '../../compute/formats/open.ts';
import { runJob } from '../../compute/run-job.ts';
import { createRunLog } from '../../compute/run-log.ts';
import type { RunCost, RunOnce } from './fresh-run.ts';

const { signal, task, threads, workDir, gfactor }: RunOnce = JSON.parse(process.argv[2]);
const stages: { reconstruct?: number; write?: number } = {};
const before = performance.now();
await runJob({
  task,
  inputs: { signal },
  output: { coilsensitivity: false, gfactor, matlab: false },
  seed: 1,
  threads,
  openScan: openRawScan,
  clock: () => Date.now(),
  log: createRunLog(() => Date.now()),
  onProgress: ({ step }) => {
    if (step !== 'reconstruct' && step !== 'write') return;
    stages[step] ??= performance.now();
  },
  workDir,
});
const { user, system } = process.cpuUsage();
const cost: RunCost = {
  wallSeconds: (performance.now() - before) / 1000,
  solveSeconds: ((stages.write ?? 0) - (stages.reconstruct ?? 0)) / 1000,
  cpuSeconds: (user + system) / 1e6,
  peakMiB: process.resourceUsage().maxRSS / 1024,
};
rmSync(workDir, { recursive: true });
console.log(JSON.stringify(cost));
