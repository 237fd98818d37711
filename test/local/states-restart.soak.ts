import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { eventually } from '../helpers/eventually.ts';

import { begin, eventsOf, killable, settled } from './restart-harness.ts';

const calls = (file: string): number[] =>
  existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').map(Number) : [];

t.test('a task that was under way when the service was killed runs again', async (t) => {
  const dir = t.testdir();
  const service = await killable(t, dir);
  const file = join(dir, 'calls');
  await begin(await service.start(), 'task', 'x', { file, ms: 60_000 });
  await eventually(() => calls(file).length === 1);
  await service.kill();
  const client = await service.start();
  t.match(await settled(client, 'task', 'x'), { status: 'SUCCEEDED', output: '{"value":2}' });
  t.same(
    (await eventsOf(client, 'task', 'x')).map(({ type }) => type),
    [
      ...[
        'ExecutionStarted',
        'TaskStateEntered',
        'TaskScheduled',
        'TaskStarted',
        'TaskScheduled',
        'TaskStarted',
      ],
      ...['TaskSucceeded', 'TaskStateExited', 'ExecutionSucceeded'],
    ],
  );
});

t.test('a wait ends when it was due, whenever the service was away', async (t) => {
  const dir = t.testdir();
  const service = await killable(t, dir);
  const first = await service.start();
  const { startDate } = await begin(first, 'wait', 'x', { seconds: 4 });
  await begin(first, 'wait', 'past', { seconds: 1 });
  await eventually(() => Date.now() > (startDate as Date).getTime() + 1200);
  await service.kill();
  const client = await service.start();
  const end = await settled(client, 'wait', 'x');
  const waited = (end.stopDate as Date).getTime() - (startDate as Date).getTime();
  t.equal(end.status, 'SUCCEEDED');
  t.ok(waited >= 4000, `${waited} ms is not too early`);
  t.ok(waited < 5200, `${waited} ms is not counted from the restart`);
  t.match(
    await settled(client, 'wait', 'past'),
    { status: 'SUCCEEDED' },
    'what fell due meanwhile ends at once',
  );
});

t.test('a retry keeps its pause and its count over a restart', async (t) => {
  const dir = t.testdir();
  const service = await killable(t, dir);
  const file = join(dir, 'calls');
  const first = await service.start();
  await begin(first, 'retry', 'x', { file, failures: 9 });
  await eventually(() => calls(file).length === 1);
  const failed = async () => (await eventsOf(first, 'retry', 'x')).some(({ type }) => type === 'TaskFailed');
  while (!(await failed())) await new Promise((resolve) => setTimeout(resolve, 20));
  await service.kill();
  const client = await service.start();
  t.match(await settled(client, 'retry', 'x'), { status: 'SUCCEEDED', output: '{"error":"Flaky"}' });
  const times = calls(file);
  t.equal(times.length, 3, 'the first call and two retries, no more');
  t.ok(times[1] - times[0] >= 1990, 'the pause of 2 s was kept');
  const events = await eventsOf(client, 'retry', 'x');
  t.equal(events.filter(({ type }) => type === 'TaskFailed').length, 3);
});
