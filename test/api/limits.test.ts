/** Fair use of Mode 1, caps of computing units, and how a refusal reads in the web client. */
import t from 'tap';
import type { Unit } from '../../src/schemas/unit.ts';
import { type Broker, broker, FAIR_USE, MODE_1, type Person, taskWith } from '../helpers/http.ts';
import { sampleUnit } from '../helpers/samples.ts';

const MONTH_END = Date.UTC(2099, 11, 1);

async function ready(t: Parameters<typeof broker>[0]) {
  const b = await broker(t);
  const admin = await b.administrator();
  const { computingUnitId } = (await admin.post('/computing-unit/register', MODE_1)).json();
  const ada = await b.person('ada@example.org');
  return { ...b, admin, ada, unitId: computingUnitId as string };
}

/** A Mode 2 unit of a person. */
async function unitOf(b: Broker, owner: Person, over: Partial<Unit> = {}): Promise<Unit> {
  const unit = sampleUnit({ ownerId: owner.userId, dataBucket: 'lab-data', ...over });
  t.equal(await b.unitStore.put(unit), 'stored');
  return unit;
}

async function task(who: Person, computingUnitId?: string): Promise<object> {
  const file = await who.post('/data/presign', { operation: 'put', filename: 's.dat', computingUnitId });
  const { bucket, key } = file.json();
  return taskWith({ bucket, key });
}

/** Ends all that is open, as canceled. */
async function endAll(who: Person): Promise<void> {
  const { jobs } = (await who.get('/api/job?limit=100')).json();
  for (const { jobId, state } of jobs) {
    if (state === 'queued') await who.post(`/api/job/${jobId}/cancel`);
  }
}

t.test(
  'T22: a flood of jobs stops at the limit of jobs at once, and goes on when one has ended',
  async (t) => {
    const b = await ready(t);
    const body = { alias: 'a', task: await task(b.ada) };
    const answers = await Promise.all(
      Array.from({ length: FAIR_USE.jobsAtOnce + 8 }, () => b.ada.post('/task/queue', body)),
    );
    const accepted = answers.filter(({ statusCode }) => statusCode === 202);
    t.equal(accepted.length, FAIR_USE.jobsAtOnce, 'however many come at the same time');
    const refused = answers.filter(({ statusCode }) => statusCode === 429);
    t.equal(refused.length, 8);
    t.match(refused[0].json(), { code: 'limit_reached', details: { limited: 'jobs_at_once', openJobs: 30 } });
    t.notOk('current_count' in refused[0].json(), 'the web client would call it a monthly limit');
    t.equal(refused[0].headers['retry-after'], '60');
    const eve = await b.person('eve@example.org');
    t.equal(
      (await eve.post('/task/queue', { alias: 'a', task: await task(eve) })).statusCode,
      202,
      'others go on',
    );
    await b.ada.post(`/api/job/${accepted[0].json().jobId}/cancel`);
    t.equal((await b.ada.post('/task/queue', body)).statusCode, 202);
    t.equal((await b.ada.post('/task/queue', body)).statusCode, 429);
  },
);

t.test(
  'R15: the monthly limit is told in the words of the web client, and ends with the month',
  async (t) => {
    const b = await ready(t);
    const body = { alias: 'a', task: await task(b.ada) };
    for (let i = 0; i < FAIR_USE.jobsPerMonth; i++) {
      if (i === FAIR_USE.jobsAtOnce) await endAll(b.ada);
      t.equal((await b.ada.post('/pipeline/queue_job', body)).statusCode, 202, `job ${i}`);
    }
    const { jobs } = (await b.ada.get('/api/job?limit=100')).json();
    await b.ada.post(`/api/job/${jobs[0].jobId}/cancel`);
    t.equal((await b.ada.del(`/api/job/${jobs[0].jobId}`)).json().removed, true);
    const refused = await b.ada.post('/pipeline/queue_job', body);
    t.equal(refused.statusCode, 429, 'deleting a job gives nothing back');
    t.match(refused.json(), {
      code: 'limit_reached',
      error: 'Monthly limit of 40 mode_1 calculations reached.',
      current_count: 40,
      limit: 40,
    });
    t.equal(Number(refused.headers['retry-after']), Math.ceil((MONTH_END - b.clock()) / 1000));
    const query = '/pipeline/count_calculations?cloudapp_name=MR+Optimum&mode=mode_1';
    t.match((await b.ada.get(query)).json(), { count: 40, limit: 40, month: '2099-11' });
    b.pass(MONTH_END - b.clock());
    t.match((await b.login('ada@example.org').then((ada) => ada.get(query))).json(), { count: 0 });
    const ada = await b.login('ada@example.org');
    await endAll(ada);
    t.equal((await ada.post('/pipeline/queue_job', body)).statusCode, 202);
  },
);

t.test(
  'a key that was accepted gives its job when the limit is reached, and when the unit is gone',
  async (t) => {
    const b = await ready(t);
    const unit = await unitOf(b, b.ada);
    await b.ada.put(`/computing-unit/${unit.unitId}/limits`, { all: { jobsAtOnce: 1 } });
    const body = { alias: 'a', computing_unit_id: unit.unitId, task: await task(b.ada, unit.unitId) };
    const send = (key: string, more = {}) =>
      b.ada.post('/task/queue', { ...body, ...more }, { 'idempotency-key': key });
    const { jobId } = (await send('k1')).json();
    t.equal((await send('k2')).json().code, 'limit_reached');
    t.equal((await send('k1')).json().jobId, jobId);
    t.equal((await send('k1', { alias: 'b' })).statusCode, 422);
    await b.unitStore.remove(unit);
    const again = await send('k1');
    t.equal(again.statusCode, 202, again.body);
    t.match(again.json(), { jobId, computingUnit: { computingUnitId: unit.unitId } });
  },
);

t.test('T23: who shares a unit caps each member and all together; only the owner sets caps', async (t) => {
  const b = await ready(t);
  const [eve, kim] = [await b.person('eve@example.org'), await b.person('kim@example.org')];
  const unit = await unitOf(b, b.ada, { isShared: true, sharedWith: [eve.userId, kim.userId] });
  const limits = `/computing-unit/${unit.unitId}/limits`;
  const run = async (who: Person) =>
    who.post('/task/queue', {
      alias: 'a',
      computing_unit_id: unit.unitId,
      task: await task(who, unit.unitId),
    });
  t.match((await eve.get(`/computing-unit/${unit.unitId}/usage`)).json().caps, [
    { kind: 'member', limits: FAIR_USE, used: { jobs: 0 } },
  ]);
  t.equal((await eve.put(limits, { all: {} })).statusCode, 404, 'not hers');
  t.equal((await eve.get(limits)).statusCode, 404);
  const set = await b.ada.put(limits, { all: { jobsPerMonth: 4 }, perMember: { jobsPerMonth: 1 } });
  t.match(set.json(), { all: { jobsPerMonth: 4 }, perMember: { jobsPerMonth: 1 } });
  t.match((await b.ada.get(limits)).json(), { all: { jobsPerMonth: 4 } });
  t.match((await b.ada.get('/api/audit')).json().entries[0], {
    action: 'unit.limits',
    subject: unit.unitId,
    details: { all: '{"jobsPerMonth":4}' },
  });

  t.equal((await run(eve)).statusCode, 202);
  const second = await run(eve);
  t.equal(second.statusCode, 429);
  t.match(second.json().error, 'Monthly limit of 1 mode_2 calculations reached for each member');
  t.equal((await run(kim)).statusCode, 202, 'the next member has a count of her own');
  t.equal((await run(b.ada)).statusCode, 202, 'the owner is no member');
  t.equal((await run(b.ada)).statusCode, 202);
  t.match(
    (await run(b.ada)).json().error,
    'Monthly limit of 4 mode_2 calculations reached of this computing unit',
  );

  const spent = (await b.ada.get(`/computing-unit/${unit.unitId}/usage`)).json().caps[0].used.usd;
  t.ok(spent > 0);
  await b.ada.put(limits, { all: { usdPerMonth: spent } });
  t.match((await run(b.ada)).json(), { code: 'limit_reached', details: { limited: 'usd_per_month' } });
  await b.ada.put(limits, { all: { usdPerMonth: 1 } });
  t.equal((await run(b.ada)).statusCode, 202);
  for (const wrong of [
    { all: { jobsAtOnce: 0 } },
    { all: { jobsPerMonth: -1 } },
    { perMember: { usdPerMonth: 'x' } },
  ]) {
    t.equal((await b.ada.put(limits, wrong)).statusCode, 400, JSON.stringify(wrong));
  }
});

t.test('a retry is another job of the month', async (t) => {
  const b = await ready(t);
  const unit = await unitOf(b, b.ada);
  await b.ada.put(`/computing-unit/${unit.unitId}/limits`, { all: { jobsPerMonth: 2 } });
  const body = { alias: 'a', computing_unit_id: unit.unitId, task: await task(b.ada, unit.unitId) };
  const { jobId } = (await b.ada.post('/task/queue', body)).json();
  const again = async () => {
    await b.ada.post(`/api/job/${jobId}/cancel`);
    return b.ada.post(`/api/job/${jobId}/retry`);
  };
  t.equal((await again()).json().attempt, 1);
  t.equal((await again()).json().code, 'limit_reached');
  t.equal((await b.ada.get(`/api/job/${jobId}`)).json().state, 'canceled');
});

t.test('jobs of Mode 2 are counted from the list', async (t) => {
  const b = await ready(t);
  const unit = await unitOf(b, b.ada);
  const body = { alias: 'a', computing_unit_id: unit.unitId, task: await task(b.ada, unit.unitId) };
  for (let i = 0; i < 3; i++) await b.ada.post('/task/queue', body);
  const count = '/pipeline/count_calculations?cloudapp_name=MR+Optimum&mode=mode_2';
  t.match((await b.ada.get(count)).json(), { count: 3, limit: null, mode: 'mode_2' });
  t.equal((await b.admin.get(count)).json().count, 0);
  t.equal((await b.ada.get('/pipeline/count_calculations?mode=mode_9')).statusCode, 400);
});
