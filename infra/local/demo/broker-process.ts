/** A broker with its embedded cloud, started as a person would start it (`npm start`), in a data directory. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const START_LIMIT_MS = 60_000;

export interface BrokerProcess {
  readonly url: string;
  /** Only at the first start in a data directory. */
  readonly adminPassword: string | undefined;
  readonly process: ChildProcess;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface BrokerOptions {
  dataDir: string;
  port?: number;
  environment?: Record<string, string>;
}

/** Starts the broker and waits for its ready line. Its log goes to `dataDir/broker.log`. */
export async function startBroker({
  dataDir,
  port = 0,
  environment = {},
}: BrokerOptions): Promise<BrokerProcess> {
  await mkdir(dataDir, { recursive: true });
  const log = createWriteStream(join(dataDir, 'broker.log'), { flags: 'a', mode: 0o600 });
  const child = spawn(process.execPath, [...process.execArgv, MAIN], {
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', DATA_DIR: dataDir, PORT: String(port), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stderr.pipe(log);
  const lines = await untilReady(child, log);
  return {
    ...lines,
    process: child,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
    },
  };
}

/** Reads the two lines for people: the address, and the password of the first start. Neither reaches the log file. */
function untilReady(
  child: ChildProcess,
  log: NodeJS.WritableStream,
): Promise<{ url: string; adminPassword: string | undefined }> {
  return new Promise((resolve, reject) => {
    let text = '';
    let adminPassword: string | undefined;
    let ready = false;
    const limit = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`the broker did not start within ${START_LIMIT_MS / 1000} s`));
    }, START_LIMIT_MS);
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const password = /password[^:]*:\s*(\S+)\s*$/i.exec(line);
        const address = /(http:\/\/[^\s/]+)/.exec(line);
        if (password && !line.startsWith('{')) adminPassword = password[1];
        else log.write(`${line}\n`);
        if (!ready && address && !line.startsWith('{') && !password) {
          ready = true;
          clearTimeout(limit);
          // The password line may stand right behind the ready line.
          setTimeout(() => resolve({ url: address[1], adminPassword }), 50);
        }
      }
    });
    child.once('exit', (code, signal) => {
      clearTimeout(limit);
      if (!ready) reject(new Error(`the broker ended while starting (${signal ?? code}); see broker.log`));
    });
  });
}
