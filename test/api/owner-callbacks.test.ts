/** Callbacks of stacks that were deployed before jobs had tokens: with the token of the unit's owner. */
import t from 'tap';
import { broker, MODE_1, type Person, taskWith } from '../helpers/http.ts';
import { sampleUnit } from '../helpers/samples.ts';

async function ready(t: Parameters<typeof broker>[0]) {
  const b = await broker(t);
  const admin = await b.administrator();
  await admin.post('/computing-unit/register', MODE_1);
  const [ada, eve] = [await b.person('ada@example.org'), await b.person('eve@example.org')];
  const unit = sampleUnit({ ownerId: ada.userId, isShared: true, sharedWith: [eve.userId] });
  await b.unitStore.put(unit);
  const submit = async (who: Person, computingUnitId?: string): Promise<string> => {
    const { bucket, key } = (
      await who.post('/data/presign', { operation: 'put', filename: 's.dat', computingUnitId })
    ).json();
    const body = { alias: 'a', computing_unit_id: computingUnitId, task: taskWith({ bucket, key }) };
    const { jobId } = (await who.post('/task/queue', body)).json();
    await b.ticker.tick();
    return jobId;
  };
  return { ...b, admin, ada, eve, unit, submit };
}

t.test(
  "R45: the owner's token tells the end of jobs on the owner's unit, whoever submitted them",
  async (t) => {
    const b = await ready(t);
    for (const person of [b.ada, b.eve]) {
      const jobId = await b.submit(person, b.unit.unitId);
      const job = (await b.jobStore.get(jobId))!;
      const execution = b.cloud.executions.get(job.executionArn!)!;
      // As the callback function of the first stacks sends it: bucket and key, but no job.
      const body = { bucket: job.result.bucket, key: job.result.key, status: 'completed', mode: 'mode2' };
      const early = await b.ada.post('/pipeline/completed', body);
      t.match(early.json(), { success: true, state: 'running' }, 'T13: Step Functions is asked');
      b.cloud.executions.set(job.executionArn!, { ...execution, status: 'FAILED', error: 'bad_options' });
      t.match((await b.ada.post('/api/pipeline/failed', { ...body, status: 'failed' })).json(), {
        state: 'failed',
      });
      t.equal(
        (await b.ada.post(`/api/job/${jobId}/callback`, {})).statusCode,
        200,
        'R46: repeated, any door',
      );
    }
  },
);

t.test('a token of somebody who does not own the unit is no token, and reports nothing', async (t) => {
  const b = await ready(t);
  const onAdas = await b.submit(b.eve, b.unit.unitId);
  const onHubs = await b.submit(b.ada);
  const doors = (jobId: string): string[] => [
    `/api/job/${jobId}/callback`,
    `/pipeline/completed/${jobId}`,
    `/pipeline/failed/${jobId}`,
  ];
  for (const url of doors(onAdas)) {
    for (const who of [b.eve, b.admin]) t.equal((await who.post(url, {})).statusCode, 401, url);
  }
  for (const url of doors(onHubs)) t.equal((await b.ada.post(url, {})).statusCode, 401, url);
  t.equal((await b.admin.post(doors(onHubs)[0], {})).statusCode, 200, 'the administrator registered Mode 1');
  const progress = { attempt: 0, step: 'read', fraction: 0.1, message: '' };
  t.equal(
    (await b.ada.post(`/api/job/${onAdas}/progress`, progress)).statusCode,
    401,
    'progress needs the job token',
  );
  const jobs = await Promise.all([onAdas, onHubs].map((id) => b.jobStore.get(id)));
  t.same(
    jobs.map((job) => job?.state),
    ['starting', 'running'],
  );
});

t.test('R141: a callback that is refused says which token is wanted; the job ends without it', async (t) => {
  const b = await ready(t);
  const jobId = await b.submit(b.ada, b.unit.unitId);
  const refused = await b.eve.post(`/api/job/${jobId}/callback`, {});
  t.match(refused.json(), { code: 'not_signed_in', remedy: /callback token of the job document/ });
  const job = (await b.jobStore.get(jobId))!;
  const execution = b.cloud.executions.get(job.executionArn!)!;
  b.cloud.executions.set(job.executionArn!, { ...execution, status: 'FAILED', error: 'noise_missing' });
  b.pass(31_000);
  await b.ticker.tick();
  t.match((await b.ada.get(`/api/job/${jobId}`)).json(), {
    state: 'failed',
    failure: { code: 'noise_missing' },
  });
});
