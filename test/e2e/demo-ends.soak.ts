/** However the demo is ended, it leaves no process and no folder behind. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { leftBehind, place, startDemo } from '../helpers/demo.ts';

t.test('Ctrl-C, also twice as npm hands it on, ends the broker and removes everything', async (t) => {
  const where = place(t);
  const child = startDemo(where, ['--mode', 'mode_1']);
  child.stderr?.resume();
  for await (const chunk of child.stdout ?? []) if (String(chunk).includes('Registered')) break;
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  child.kill('SIGINT');
  t.same(await ended, [130, null]);
  t.same(leftBehind(where), []);
});

t.test('kill -9 of the demo leaves no broker behind', async (t) => {
  const where = place(t);
  const child = startDemo(where, ['--mode', 'mode_1']);
  child.stderr?.resume();
  for await (const chunk of child.stdout ?? []) if (String(chunk).includes('Registered')) break;
  const [dataDir] = leftBehind(where);
  const log = readFileSync(join(where.temp, dataDir, 'broker.log'), 'utf8');
  // The broker's own address: a warning about the cloud may name another one before it.
  const url = /(?:listening|ready) at (http:\/\/127\.0\.0\.1:\d+)/.exec(log)?.[1] ?? '';
  t.match(await (await fetch(`${url}/live`)).json(), { status: 'live' });
  child.kill('SIGKILL');
  await t.rejects(async () => {
    for (;;) {
      await fetch(`${url}/live`, { headers: { connection: 'close' } });
      await pause(100);
    }
  });
});
