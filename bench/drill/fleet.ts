/** Broker processes that are killed with signal 9 and replaced at once. */
import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchPlace } from './place.ts';

const START_LIMIT_MS = 60_000;
/** Flags of a process that has one core, as the image of the broker sets them. */
export const ONE_CORE = ['--single-threaded-gc'];
/** `.ts`, or `.js` in a compiled tree. */
const EXTENSION = extname(fileURLToPath(import.meta.url));

export interface Member {
  /** Undefined while it is being replaced. */
  readonly url: string | undefined;
  readonly pid: number | undefined;
  /** Kills it and starts another; resolves when that is ready. */
  kill(): Promise<void>;
  /** CPU and memory it has used. */
  used(): Promise<{ cpuSeconds: number; rss: number }>;
  stop(): void;
}

/** Starts one broker process; one of `doors` answers requests, and starts no jobs. */
export async function startMember(place: BenchPlace, work: 'all' | 'doors' = 'all'): Promise<Member> {
  let child: ChildProcess;
  let url: string | undefined;

  async function start(): Promise<void> {
    child = fork(
      fileURLToPath(new URL(`./broker${EXTENSION}`, import.meta.url)),
      [JSON.stringify(place), 'silent', work],
      {
        execArgv: work === 'doors' ? [...ONE_CORE, ...process.execArgv] : process.execArgv,
        env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      },
    );
    const ready = await answerOf<{ url: string }>(child, START_LIMIT_MS);
    url = ready.url;
  }

  await start();
  return {
    get url() {
      return url;
    },
    get pid() {
      return child.pid;
    },
    async kill() {
      url = undefined;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      await start();
    },
    used() {
      child.send('used');
      return answerOf(child, 5_000);
    },
    stop: () => void child.kill('SIGKILL'),
  };
}

/** The next message of a process. */
export function answerOf<T>(child: ChildProcess, limitMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error('a broker does not answer')), limitMs);
    const gone = (code: number | null): void => {
      clearTimeout(limit);
      reject(new Error(`a broker ended by itself (${code})`));
    };
    child.once('exit', gone);
    child.once('message', (message) => {
      clearTimeout(limit);
      child.off('exit', gone);
      resolve(message as T);
    });
  });
}
