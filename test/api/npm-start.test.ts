/** `npm start` as a supervisor has it: a signal to npm reaches the broker, through the shell between them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';

t.test('SIGTERM to npm closes the broker in order', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'cloudmr-npm-'));
  const npm = spawn('npm', ['start'], {
    cwd: resolve(import.meta.dirname, '../..'),
    env: { PATH: process.env['PATH'], HOME: dataDir, DATA_DIR: join(dataDir, 'state'), PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  npm.stderr.on('data', (chunk) => (stderr += chunk));
  t.teardown(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 }));
  for await (const chunk of npm.stdout) {
    stdout += chunk;
    if (/Open .*\/docs/.test(stdout)) break;
  }
  const url = /ready at (\S+)/.exec(stdout)?.[1] ?? '';
  t.match(await (await fetch(`${url}/live`)).json(), { status: 'live' });
  const ended = once(npm, 'exit');
  npm.kill('SIGTERM');
  await ended;
  await t.rejects(async () => {
    for (let round = 0; round < 100; round++) {
      await fetch(`${url}/live`, { headers: { connection: 'close' } });
      await pause(100);
    }
  }, 'nobody listens any more');
  t.match(stderr, /"signal":"SIGTERM","msg":"closing"[\s\S]*"msg":"closed"/);
});
