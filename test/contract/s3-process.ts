/** The test server as a process of its own, to be killed or to have its memory measured. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createTestRegistry, startTestServer } from './s3-server.ts';

/** The bucket such a process has from the start. */
export const PROCESS_BUCKET = 'process-bucket';

export interface ServerProcess {
  readonly endpoint: string;
  readonly child: ChildProcess;
  /** Peak resident memory in bytes since the process began. */
  peakMemory(): Promise<number>;
  /** kill -9; resolves when the process is gone. */
  kill(): Promise<void>;
}

/** Starts the server on a folder; rejects when the process ends before it listens. */
export async function startServerProcess(dir: string): Promise<ServerProcess> {
  const child = fork(import.meta.filename, [dir], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = once(child, 'exit');
  const [endpoint] = await Promise.race([
    once(child, 'message'),
    ended.then(() => Promise.reject(new Error('the server process ended early'))),
  ]);
  return {
    endpoint: endpoint as string,
    child,
    async peakMemory() {
      child.send('memory');
      const [kib] = await once(child, 'message');
      return (kib as number) * 1024;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

if (process.send && process.argv[1] === import.meta.filename) {
  const registry = createTestRegistry([
    { name: PROCESS_BUCKET, accountId: '111111111111', region: 'us-east-1' },
  ]);
  const server = await startTestServer({ dir: process.argv[2], registry });
  process.on('message', () => process.send!(process.resourceUsage().maxRSS));
  process.send(server.endpoint);
}
