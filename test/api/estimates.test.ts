/** Price and duration before a job is submitted. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { broker, MODE_1, taskWith } from '../helpers/http.ts';
import { sampleUnit } from '../helpers/samples.ts';

async function ready(t: Parameters<typeof broker>[0]) {
  const b = await broker(t);
  const admin = await b.administrator();
  await admin.post('/computing-unit/register', MODE_1);
  const ada = await b.person('ada@example.org');
  const unit = sampleUnit({ ownerId: ada.userId, dataBucket: 'lab-data' });
  await b.unitStore.put(unit);
  const upload = async (
    filesize: number,
    computingUnitId?: string,
  ): Promise<{ bucket: string; key: string }> => {
    const body = { operation: 'put', filename: 's.dat', filesize, computingUnitId };
    return (await ada.post('/data/presign', body)).json();
  };
  return { ...b, ada, unit, upload };
}

t.test(
  'an estimate has an interval, lines that add up, and its assumptions; nothing is stored',
  async (t) => {
    const { ada, unit, upload } = await ready(t);
    const file = await upload(200e6, unit.unitId);
    const answer = await ada.post('/api/task/estimate', {
      computing_unit_id: unit.unitId,
      task: taskWith(file),
    });
    t.equal(answer.statusCode, 200, answer.body);
    const { estimate, lines, youPayUsd, assumptions, paidBy, caps, warnings } = answer.json();
    t.ok(estimate.seconds.low < estimate.seconds.likely && estimate.seconds.likely < estimate.seconds.high);
    t.ok(estimate.usd.low < estimate.usd.likely && estimate.usd.likely <= estimate.usd.high);
    const sum = lines.reduce((total: number, line: { usd: number }) => total + line.usd, 0);
    t.ok(Math.abs(sum - estimate.usd.likely) < 2e-4, `${sum} against ${estimate.usd.likely}`);
    t.same(lines.map((line: { what: string }) => line.what).slice(0, 1), [
      estimate.platform === 'lambda' ? 'Lambda' : 'Fargate',
    ]);
    t.equal(paidBy, 'unit_owner');
    t.same(youPayUsd, estimate.usd);
    t.match(
      assumptions.join(' '),
      /List prices of us-east-1 as of .*half or twice as long.*stored for a month/,
    );
    t.same([caps, warnings], [[], []]);
    t.same((await ada.get('/api/job')).json().jobs, []);
    const larger = (
      await ada.post('/api/task/estimate', {
        computing_unit_id: unit.unitId,
        task: taskWith(await upload(4e9, unit.unitId)),
      })
    ).json();
    t.ok(larger.estimate.seconds.likely > estimate.seconds.likely);
    t.equal(larger.estimate.platform, 'fargate');
    t.ok(larger.estimate.usd.likely > estimate.usd.likely);
  },
);

t.test('R57: in Mode 1 the person pays nothing, and is told where the data goes', async (t) => {
  const { ada, upload } = await ready(t);
  const answer = (await ada.post('/task/estimate', { task: taskWith(await upload(1e6)) })).json();
  t.match(answer, { paidBy: 'platform', youPayUsd: { low: 0, likely: 0, high: 0 }, mode: 'mode_1' });
  t.match(answer.assumptions.join(' '), /not suitable for regulated data such as HIPAA/);
  t.match(answer.caps, [{ kind: 'fair_use', used: { jobs: 0, usd: 0, jobsAtOnce: 0 } }]);
});

t.test('a task that the worker would refuse is told so before it is submitted', async (t) => {
  const { ada, upload } = await ready(t);
  const bad = taskWith(await upload(1e6));
  bad.options.reconstructor.name = 'sorcery';
  const answer = (await ada.post('/task/estimate', { task: bad })).json();
  t.match(answer.refusal, /reconstructor.name: .*rss.*grappa/);
  t.match(answer.warnings.join(' '), /refuse/);
  t.equal((await ada.post('/task/estimate', { task: { type: 'snr' } })).statusCode, 400);
});

t.test('max_usd refuses what may cost more; the answer of a submit carries its estimate', async (t) => {
  const { ada, unit, upload } = await ready(t);
  const task = taskWith(await upload(900e6, unit.unitId));
  const body = { alias: 'a', computing_unit_id: unit.unitId, task };
  const refused = await ada.post('/task/queue', { ...body, max_usd: 0.0001 });
  t.equal(refused.statusCode, 409);
  t.match(refused.json(), { code: 'price_too_high', details: { maxUsd: 0.0001 } });
  const accepted = (await ada.post('/task/queue', { ...body, max_usd: 5 })).json();
  t.ok(accepted.estimate.usd.high < 5);
  t.same((await ada.get(`/api/job/${accepted.jobId}`)).json().estimate, accepted.estimate);
  t.match(accepted.executionArn, `:execution:`);
  t.match(accepted.executionArn, accepted.jobId);
});

t.test('every body of the web client has an estimate, and none is refused', async (t) => {
  const { ada, upload } = await ready(t);
  const captured = JSON.parse(
    readFileSync(new URL('../fixtures/webgui-jobs.json', import.meta.url), 'utf8'),
  ) as Record<string, object>;
  for (const [name, body] of Object.entries(captured)) {
    const file = await upload(20e6);
    const own = JSON.parse(JSON.stringify(body), (field, value) =>
      field === 'computing_unit_id' ? undefined : field === 'bucket' || field === 'key' ? file[field] : value,
    );
    const answer = await ada.post('/task/estimate', { ...own, mode: 'mode_1' });
    t.equal(answer.statusCode, 200, `${name}: ${answer.body}`);
    t.notOk(answer.json().refusal, `${name}: ${answer.json().refusal}`);
    t.ok(answer.json().estimate.seconds.likely > 1, name);
  }
});

t.test('a file that was deleted, or is named wrongly, is found out at the door', async (t) => {
  const { ada, upload } = await ready(t);
  const { bucket, key } = await upload(1e6);
  const dataId = key.split('/').at(-1)?.split('.')[0];
  const wrong = await ada.post('/task/queue', { alias: 'a', task: taskWith({ bucket, key: `${key}x` }) });
  t.equal(wrong.statusCode, 400);
  t.equal((await ada.post('/task/queue', { alias: 'a', task: taskWith({ bucket, key }) })).statusCode, 202);
  await ada.del(`/api/data/${dataId}`);
  const gone = await ada.post('/task/queue', { alias: 'a', task: taskWith({ bucket, key }) });
  t.match(gone.json(), { code: 'invalid_request', message: /the signal file is not among your files/ });
});
