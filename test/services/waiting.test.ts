/** Jobs of a closed unit: they wait, and go on when it is opened, whoever opens it and whatever fails meanwhile. */
import t from 'tap';
import { broker, taskWith } from '../helpers/http.ts';

/** Ada with a unit of her own, that is open and proven, and jobs that wait for it since it was stopped. */
async function waitingJobs(t: Parameters<typeof broker>[0], count: number) {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const { computingUnitId } = (await b.proven(ada)).json();
  const file = { operation: 'put', filename: 'a.dat', computingUnitId };
  const task = taskWith((await ada.post('/api/data/presign', file)).json());
  const jobIds: string[] = [];
  for (let i = 0; i < count; i++) {
    const body = { alias: `x${i}`, computing_unit_id: computingUnitId, task };
    jobIds.push((await ada.post('/api/task/queue', body)).json().jobId);
  }
  const url = `/api/computing-unit/${computingUnitId}`;
  await ada.post(`${url}/pause`);
  // Two hours: by now they look seldom.
  for (let i = 0; i < 8; i++) {
    b.pass(15 * 60_000);
    await b.ticker.tick();
  }
  // Her session has ended meanwhile.
  return { b, ada: await b.login('ada@example.org'), url, computingUnitId, jobIds };
}

t.test(
  'an opening brings forward what waits, and the history says why; then nothing is listed',
  async (t) => {
    const { b, ada, url, jobIds } = await waitingJobs(t, 3);
    t.equal((await b.waiters.list(undefined, 10)).length, 3);
    const canceled = jobIds[2];
    await ada.post(`/api/job/${canceled}/cancel`);
    await ada.post(`${url}/resume`);
    t.same(await b.waiters.list(undefined, 10), []);
    b.pass(1_000);
    await b.ticker.tick();
    t.equal(b.cloud.executions.size, 2);
    const { history } = (await b.jobStore.get(jobIds[0])) ?? { history: [] };
    const notes = history.map(({ note }) => note).filter(Boolean);
    t.same(notes, ['waits: unit_paused', 'goes on: its computing unit is open']);
  },
);

/** As the switch stores an opening, by a process that dies then. */
async function storedOpening({ b, computingUnitId }: Awaited<ReturnType<typeof waitingJobs>>) {
  const unit = await b.unitStore.get(computingUnitId);
  if (!unit) throw new Error('no unit');
  const opened = { ...unit, paused: undefined, nextCheckAt: b.clock(), version: unit.version + 1 };
  if ((await b.unitStore.put(opened)) !== 'stored') throw new Error('not stored');
}

t.test('a process that dies after the opening was stored leaves it to the watch', async (t) => {
  const waiting = await waitingJobs(t, 1);
  const { b, jobIds } = waiting;
  await storedOpening(waiting);
  b.pass(5_000);
  await b.watch.tick();
  b.pass(1_000);
  await b.ticker.tick();
  t.ok((await b.jobStore.get(jobIds[0]))?.executionArn);
});

t.test('and to whoever looks at the unit before the watch does, and so puts its look off', async (t) => {
  const waiting = await waitingJobs(t, 1);
  const { b, ada, url, jobIds } = waiting;
  await storedOpening(waiting);
  t.equal((await ada.post(`${url}/preflight`)).statusCode, 200);
  b.pass(1_000);
  await b.ticker.tick();
  t.ok((await b.jobStore.get(jobIds[0]))?.executionArn);
});

t.test('the switch for all brings forward what waits for open units, and nothing else', async (t) => {
  const { b, jobIds } = await waitingJobs(t, 1);
  const admin = await b.administrator();
  const versionOf = async () => (await b.jobStore.get(jobIds[0]))?.version;
  const before = await versionOf();
  await admin.post('/api/admin/computing-units/pause');
  await admin.post('/api/admin/computing-units/resume');
  t.equal(await versionOf(), before, 'its unit is stopped by its owner');
  t.equal((await b.waiters.list(undefined, 10)).length, 1, 'so it waits on');
});

t.test('an opening reads and writes what waits for this unit, however much waits for others', async (t) => {
  const { b, ada, url } = await waitingJobs(t, 1);
  const until = b.clock() + 1_000_000;
  await Promise.all(
    Array.from({ length: 300 }, (_, i) => b.waiters.put({ unitId: `other-${i}`, jobId: 'x', until })),
  );
  t.equal((await ada.post(`${url}/resume`)).statusCode, 200);
  b.pass(1_000);
  await b.ticker.tick();
  t.equal(b.cloud.executions.size, 1);
  t.equal((await b.waiters.list(undefined, 200)).length, 200, 'those of others are as they were');
});
