/** Releases side by side on one store: what a newer one adds survives the older one, and both read each other. */
import t from 'tap';
import { jobToken } from '../../services/jobs/token.ts';
import type { Job } from '../../src/schemas/job.ts';
import { BEHAVIOUR, startBrain, TOKEN_SECRET } from '../helpers/brain.ts';
import { startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);
const END = ['succeeded', 'failed', 'canceled', 'lost'];

/** The body of an item, as it is stored. */
async function body(pk: string, sk: string): Promise<Record<string, unknown>> {
  return JSON.parse(String((await cloud.rawItem(pk, sk))?.['body']));
}

t.test('F34: every move of an older release keeps what a newer one has written, nested too', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(BEHAVIOUR.succeeds);
  const { jobId } = await brain.queue();
  const key = [`JOB#${jobId}`, 'JOB'] as const;
  const ofTomorrow = { colour: 'blue', deep: [{ n: 1 }] };
  await cloud.damage(...key, { body: JSON.stringify({ ...(await body(...key)), ofTomorrow }) });
  await brain.writeResult((await brain.jobs.get(jobId)) as Job);
  for (let round = 0; round < 30; round++) {
    await brain.ticker.tick();
    const stored = await body(...key);
    t.same(stored['ofTomorrow'], ofTomorrow);
    if (END.includes(String(stored['state']))) break;
    cloud.clock.advance(21_000);
  }
  const { state, version } = await body(...key);
  t.equal(state, 'succeeded');
  t.ok(Number(version) >= 4, 'claimed, started, settled');
});

t.test(
  'F34: an item of an older release, without the fields of today, is moved on and stays readable',
  async (t) => {
    const brain = await startBrain(t, cloud);
    const { jobId } = await brain.queue();
    await brain.until(jobId, ['running']);
    const key = [`JOB#${jobId}`, 'JOB'] as const;
    const { place: _, estimate: __, ...older } = await body(...key);
    await cloud.damage(...key, { body: JSON.stringify(older) });
    const newer = brain.another();
    const token = jobToken(TOKEN_SECRET, jobId, 0);
    const report = { attempt: 0, step: 'read', fraction: 0.5, message: 'x' } as const;
    t.equal((await newer.callbacks.progress(jobId, token, report)).state, 'running', 'its token is valid');
    t.equal((await newer.users.cancel(brain.owner, jobId)).state, 'canceling');
    t.equal((await brain.until(jobId, END, 60)).state, 'canceled', 'which the older one ends');
  },
);

t.test(
  'F34: a start that an older release has begun without its time is looked at before it is failed',
  async (t) => {
    const brain = await startBrain(t, cloud);
    const { jobId } = await brain.queue();
    const control = cloud.control('222222222222');
    await control.addFault({
      service: 'states',
      operation: 'StartExecution',
      kind: 'timeout_after',
      times: 3,
    });
    await brain.ticker.tick();
    const key = [`JOB#${jobId}`, 'JOB'] as const;
    const stored = (await body(...key)) as unknown as Job;
    t.equal(stored.state, 'starting');
    const { askedAt: _, ...place } = stored.place ?? { askedAt: 0 };
    await cloud.damage(...key, { body: JSON.stringify({ ...stored, place }) });
    await control.addFault({ service: 'states', operation: 'StartExecution', kind: 'deny' });
    const after = await brain.until(jobId, ['running', ...END], 60);
    t.match(after, { state: 'running', attempt: 0 }, 'adopted');
  },
);
