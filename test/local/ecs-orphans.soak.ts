import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { eventually } from '../helpers/eventually.ts';
import { LOADER, script } from '../helpers/script.ts';
import { isAlive } from './cloud-harness.ts';

t.test('after kill -9 of the cloud no function and no task survives, however busy', async (t) => {
  const dir = t.testdir();
  const files = [join(dir, 'function-pid'), join(dir, 'task-pid')];
  const cloud = fork(script('test/fixtures/local/orphans.ts'), [dir, ...files], {
    execArgv: [...LOADER],
  });
  t.teardown(() => cloud.kill('SIGKILL'));
  const pids = await Promise.all(
    files.map(async (file) =>
      Number(await eventually(() => existsSync(file) && readFileSync(file, 'utf8'), 15_000)),
    ),
  );
  for (const pid of pids) t.ok(isAlive(pid));
  cloud.kill('SIGKILL');
  await once(cloud, 'exit');
  await eventually(() => pids.every((pid) => !isAlive(pid)), 2000);
  t.same(pids.filter(isAlive), []);
});
