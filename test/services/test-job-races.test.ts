/** What a test job has found is stored before it is deleted, whatever happens to its unit meanwhile. */
import t from 'tap';
import { type Broker, broker, MODE_2 } from '../helpers/http.ts';

const SHA = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';

/** A unit whose test job is under way. */
async function begun(b: Broker) {
  const ada = await b.person('ada@example.org');
  const { computingUnitId: unitId } = (await b.proven(ada)).json();
  await ada.post(`/api/computing-unit/${unitId}/preflight`);
  const unit = async () => {
    const found = await b.unitStore.get(unitId);
    if (!found) throw new Error('the unit is gone');
    return found;
  };
  const { canary } = await unit();
  if (!canary) throw new Error('no test job');
  return { ada, unitId, unit, jobId: canary.jobId };
}

/** Lets the execution of a test job end with this SNR. */
async function end(b: Broker, jobId: string, medianSnr: number): Promise<void> {
  const job = await b.jobStore.get(jobId);
  if (!job) throw new Error('no job');
  await b.ticker.tick();
  const { bucket, key } = job.result;
  b.cloud.objects.set(`${bucket}/${key}`, { sizeBytes: 4, etag: 'e', metadata: { sha256: SHA } });
  const summary = { medianSnr, maxSnr: 2_000, slices: 1, matrix: [96, 96, 1], coils: 8, warnings: 0 };
  const output = JSON.stringify({ bucket, key, sizeBytes: 4, sha256: SHA, seconds: 1, summary });
  for (const [arn, run] of b.cloud.executions) {
    if (run.status !== 'RUNNING') continue;
    b.cloud.executions.set(arn, { ...run, status: 'SUCCEEDED', stoppedAt: b.clock(), output });
  }
  for (let round = 0; round < 3; round++) {
    b.pass(25_000);
    await b.ticker.tick();
  }
}

const phantoms = (b: Broker): string[] =>
  [...b.account.objects.keys()].filter((key) => key.endsWith('/phantom.h5'));

t.test('a wrong SNR degrades a unit that is changed while it is looked at', async (t) => {
  const b = await broker(t);
  const { ada, unitId, unit, jobId } = await begun(b);
  await end(b, jobId, 999);
  const { fetchUrl } = b.account;
  let changes = 0;
  b.account.fetchUrl = async (...args) => {
    if (changes++ === 0) await ada.post(`/api/computing-unit/${unitId}/default`);
    return fetchUrl(...args);
  };
  b.pass(5_000);
  await b.watch.tick();
  t.equal(changes, 1, 'the owner has changed it meanwhile');
  const after = await unit();
  t.match(after, { status: 'degraded', isDefault: true, missing: [/^canary_snr: median SNR 999\.00/] });
  t.equal(after.canary, undefined);
  t.ok((after.canaryDueAt ?? 0) > b.clock(), 'and it will be tried again');
  t.equal(await b.jobStore.get(jobId), undefined);
  t.same(phantoms(b), [], 'nothing is left');
});

t.test('nothing of a test job is deleted before its findings are stored', async (t) => {
  const b = await broker(t);
  const { unit, jobId } = await begun(b);
  await end(b, jobId, 999);
  const { remove } = b.account;
  const statuses: string[] = [];
  b.account.remove = async (...args) => {
    statuses.push((await unit()).status);
    return remove(...args);
  };
  b.pass(5_000);
  await b.watch.tick();
  t.ok(statuses.length > 0);
  t.same([...new Set(statuses)], ['degraded']);
});

t.test('a test job that is gone unread is run again', async (t) => {
  const b = await broker(t);
  const { unit, jobId } = await begun(b);
  const job = await b.jobStore.get(jobId);
  t.equal(job && (await b.jobStore.remove(job)), true);
  b.pass(5_000);
  await b.watch.tick();
  const after = await unit();
  t.match(
    after.checks?.find(({ code }) => code === 'canary_run'),
    { status: 'skipped' },
  );
  t.equal(after.canary, undefined);
  const due = after.canaryDueAt ?? 0;
  t.ok(due > b.clock());
  b.pass(due - b.clock() + 1);
  await b.watch.tick();
  t.ok((await unit()).canary, 'an hour later');
});

t.test('a test job begins also in a unit that is changed meanwhile', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const { computingUnitId: unitId } = (await b.proven(ada)).json();
  const { put } = b.account;
  b.account.put = async (unit, location, content) => {
    if (location.key.endsWith('/phantom.h5')) await ada.post(`/api/computing-unit/${unitId}/default`);
    return put(unit, location, content);
  };
  const report = await ada.post(`/api/computing-unit/${unitId}/preflight`);
  t.equal(report.statusCode, 200, report.body);
  const unit = await b.unitStore.get(unitId);
  t.match(unit, { isDefault: true, canary: { jobId: String } });
  const [phantom] = phantoms(b);
  t.match(phantom, new RegExp(`/preflight/${unitId}/${unit?.canary?.jobId}/[^/]+$`), 'named by unit and job');
});

t.test('a test job of a unit that is removed, or is another one from now on, leaves nothing', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const { computingUnitId: unitId } = (await b.proven(ada)).json();
  const { put } = b.account;
  const jobs: string[] = [];
  const meanwhile = (change: () => Promise<unknown>) => {
    b.account.put = async (unit, location, content) => {
      if (location.key.endsWith('/phantom.h5')) {
        jobs.push(location.key.split('/')[3]);
        await change();
      }
      return put(unit, location, content);
    };
  };
  const gone = async (): Promise<void> => {
    await b.ticker.tick();
    t.same(phantoms(b), []);
    for (const jobId of jobs) t.equal(await b.jobStore.get(jobId), undefined);
  };
  meanwhile(() => b.proven(ada, { ...MODE_2, dataBucket: 'lab-other' }));
  await ada.post(`/api/computing-unit/${unitId}/preflight`);
  t.equal((await b.unitStore.get(unitId))?.canary, undefined, 'it was not of this bucket');
  await gone();
  meanwhile(() => ada.del(`/api/computing-unit/${unitId}`));
  await ada.post(`/api/computing-unit/${unitId}/preflight`);
  t.equal(await b.unitStore.get(unitId), undefined);
  await gone();
  t.equal(jobs.length, 2);

  const again = (await b.proven(ada)).json().computingUnitId;
  meanwhile(async () => undefined);
  await ada.post(`/api/computing-unit/${again}/preflight`);
  t.equal(phantoms(b).length, 1, 'control');
  await b.proven(ada);
  t.equal(phantoms(b).length, 0, 'registered again while it was under way');
  await gone();
});
