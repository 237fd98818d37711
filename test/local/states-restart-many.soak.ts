import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StopExecutionCommand } from '@aws-sdk/client-sfn';
import t from 'tap';
import { eventually } from '../helpers/eventually.ts';
import { isAlive } from './cloud-harness.ts';
import { begin, eventsOf, killable, settled } from './restart-harness.ts';
import { executionArn } from './states-harness.ts';

t.test(
  'an ECS task does not outlive the service; its state starts a new one, which can be stopped',
  async (t) => {
    const dir = t.testdir();
    const service = await killable(t, dir);
    const out = join(dir, 'out');
    const read = () =>
      existsSync(out) && readFileSync(out, 'utf8') !== '' && JSON.parse(readFileSync(out, 'utf8'));
    await begin(await service.start(), 'ecs', 'x', { out });
    const { pid: before } = await eventually(read);
    await service.kill();
    await eventually(() => !isAlive(before));
    t.notOk(read().stopped, 'killed without a word');
    const client = await service.start();
    const { pid: after } = await eventually(() => read().pid !== before && read());
    t.ok(isAlive(after));
    await client.send(
      new StopExecutionCommand({ executionArn: executionArn('ecs', 'x'), error: 'Cancelled' }),
    );
    t.match(await settled(client, 'ecs', 'x'), { status: 'ABORTED', error: 'Cancelled' });
    await eventually(() => !isAlive(after));
    t.ok(read().stopped, 'its SIGTERM handler ran');
  },
);

t.test('killed again and again, every execution still ends once, with the right result', async (t) => {
  const service = await killable(t, t.testdir());
  let client = await service.start();
  const names = ['a', 'b', 'c', 'd'];
  await Promise.all(names.map((name) => begin(client, 'mixed', name, {})));
  for (const ms of [250, 600, 120, 900]) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    await service.kill();
    client = await service.start();
    for (const name of names) {
      const again = await begin(client, 'mixed', name, {}).catch((error: Error) => error.name);
      t.ok(typeof again === 'object' || again === 'ExecutionAlreadyExists');
    }
  }
  for (const name of names) {
    t.match(await settled(client, 'mixed', name), { status: 'SUCCEEDED', output: '[[1,4,9],[1,4,9]]' });
    const events = await eventsOf(client, 'mixed', name);
    t.same(
      events.map(({ id }) => id),
      events.map((_, i) => i + 1),
      'no event is missing',
    );
    const ends = events.filter(({ type }) =>
      /^Execution(Succeeded|Failed|Aborted|TimedOut)$/.test(type ?? ''),
    );
    t.equal(ends.length, 1);
    t.equal(events.at(-1)?.type, 'ExecutionSucceeded');
    t.equal(
      events.filter(({ type }) => type === 'PassStateEntered').length,
      1,
      'finished states do not run again',
    );
    t.equal(
      events.filter(({ type }) => type === 'MapIterationSucceeded').length,
      6,
      'nor finished iterations',
    );
  }
});
