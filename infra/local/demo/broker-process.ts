/** A broker with its embedded cloud, started as a person would start it (`npm start`), in a data directory. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const START_LIMIT_MS = 60_000;
/** Of what a broker says before it is ready, this much is kept for the case that it never is. */
const MAX_WORDS = 20_000;

export interface BrokerProcess {
  readonly url: string;
  /** Only at the first start in a data directory. */
  readonly adminPassword: string | undefined;
  readonly process: ChildProcess;
  /** When it has ended and all it said is in its log: some time after its exit. */
  readonly logged: Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface BrokerOptions {
  dataDir: string;
  port?: number;
  environment?: Record<string, string>;
  /** A Ctrl-C at the terminal does not reach it: whoever started it ends it by `stop`, once and in order. */
  ownGroup?: boolean;
}

/** Starts the broker and waits for its ready line. Its log goes to `dataDir/broker.log`. */
export async function startBroker({
  dataDir,
  port = 0,
  environment = {},
  ownGroup = false,
}: BrokerOptions): Promise<BrokerProcess> {
  await mkdir(dataDir, { recursive: true });
  const log = createWriteStream(join(dataDir, 'broker.log'), { flags: 'a', mode: 0o600 });
  const child = spawn(process.execPath, [...process.execArgv, MAIN], {
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', DATA_DIR: dataDir, PORT: String(port), ...environment },
    // The channel carries no messages: by its end the broker notices that this process is gone.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: ownGroup,
  });
  child.stderr?.pipe(log);
  const logged = new Promise<void>((resolve) => log.once('close', () => resolve()));
  const lines = await untilReady(child, log);
  return {
    ...lines,
    process: child,
    logged,
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
    let words = '';
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      if (!ready) words = (words + chunk).slice(-MAX_WORDS);
    });
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
          resolve({ url: address[1], adminPassword });
        }
      }
    });
    child.once('close', (code, signal) => {
      clearTimeout(limit);
      // Between the log entries, which are JSON, stands what it says to people.
      const said = words.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
      if (!ready) reject(new Error(`the broker ended while starting (${signal ?? code}): ${said.join(' ')}`));
    });
  });
}
