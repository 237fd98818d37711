/**
 * Watches a child process from a thread of its own, so that even a busy main thread cannot escape:
 * - the parent is gone (its end of the pipe on fd 4 closes): the process ends at once;
 * - the process holds more memory than it was given: it is killed like the kernel kills a container.
 */
import { Worker } from 'node:worker_threads';

/** How often the memory is looked at, ms. */
const PERIOD_MS = 100;

/** Plain JavaScript: the thread needs neither a TypeScript loader nor its memory. */
const THREAD = `
const { Socket } = require('node:net');
const { workerData } = require('node:worker_threads');
const kill = () => process.kill(process.pid, 'SIGKILL');
new Socket({ fd: 4, readable: true, writable: false }).on('close', kill).on('error', kill).resume();
setInterval(() => process.memoryUsage.rss() > workerData.limit && kill(), workerData.period);
`;

/**
 * Starts the watch. The limit is the memory of the function or task (`--max-old-space-size`, MiB) on top of
 * what the process already holds: the runtime and the TypeScript loader are not charged.
 */
export function startGuard(): void {
  const flag = process.execArgv.find((arg) => arg.startsWith('--max-old-space-size='));
  const memoryMb = Number(flag?.split('=')[1]);
  if (!(memoryMb > 0)) throw new Error('the process was started without a memory limit');
  const limit = memoryMb * 1024 * 1024 + process.memoryUsage.rss();
  const worker = new Worker(THREAD, {
    eval: true,
    execArgv: [],
    env: {},
    stdin: false,
    workerData: { limit, period: PERIOD_MS },
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
  });
  worker.unref();
  // Where the pipe does not tell (it does on Linux and macOS), the IPC channel still does.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
}
