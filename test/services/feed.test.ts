/** Following jobs: what is told, how often the store is read for it, and that nothing is missed or told twice. */
import t from 'tap';
import type { JobEvent } from '../../services/jobs/feed-group.ts';
import { type Brain, startBrain } from '../helpers/brain.ts';
import { startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);
const POLL_MS = 3_000;

/** A listener that keeps what it is told: `[job, state]`, state undefined for a deleted job. */
function listener() {
  const told: [jobId: string, state: string | undefined][] = [];
  const ids: string[] = [];
  const listen = ({ jobId, id, text }: JobEvent): void => {
    told.push([jobId, text && JSON.parse(text).state]);
    ids.push(id);
  };
  return { told, ids, listen };
}

/** Reads of the table that `work` makes. */
async function reads(work: () => Promise<unknown>): Promise<number> {
  await cloud.control('111111111111').clearCalls();
  await work();
  return (await cloud.calls('dynamodb', 'GetItem')) + (await cloud.calls('dynamodb', 'Query'));
}

/** A brain whose person has no jobs yet. */
async function fresh(t: Parameters<typeof startBrain>[0], name: string): Promise<Brain> {
  const brain = await startBrain(t, cloud);
  const owner = { userId: name, role: 'user' } as const;
  const unit = { ...brain.unit, unitId: `unit-${name}`, isShared: true, version: 1 };
  t.teardown(() => brain.cloud.stores.units.remove(unit));
  return { ...brain, owner };
}

/** A stored job of a person, without a run. */
async function stored(brain: Brain, jobId: string) {
  const { sampleJob } = await import('../helpers/samples.ts');
  const now = brain.cloud.clock();
  const times = { createdAt: now, updatedAt: now, dueAt: now + 1e9 };
  return sampleJob({ jobId, ownerId: brain.owner.userId, ...times });
}

t.test('what this broker writes is told at once, to every tab, without a read', async (t) => {
  const brain = await fresh(t, 'local');
  const job = await stored(brain, 'LOCAL1');
  await brain.jobs.create(job);
  const tabs = [listener(), listener(), listener()];
  const one = listener();
  t.equal(await reads(() => brain.feed.follow(brain.owner, {}, tabs[0].listen)), 1, 'one list for the first');
  const more = await reads(async () => {
    await brain.feed.follow(brain.owner, {}, tabs[1].listen);
    await brain.feed.follow(brain.owner, {}, tabs[2].listen);
    await brain.feed.follow(brain.owner, { jobId: job.jobId }, one.listen);
  });
  t.equal(more, 0, 'none for the others');
  for (const { told } of tabs) t.same(told, [['LOCAL1', 'queued']]);

  const writes = await reads(async () => {
    await brain.jobs.replace({ ...job, version: 2, state: 'running' });
    await brain.jobs.create(await stored(brain, 'LOCAL2'));
    await brain.jobs.replace({ ...job, version: 2, state: 'failed' });
    await brain.feed.poll();
  });
  t.equal(writes, 0, 'and none for the round of polling after it');
  for (const { told } of tabs) {
    t.same(told.slice(1), [
      ['LOCAL1', 'running'],
      ['LOCAL2', 'queued'],
    ]);
  }
  t.same(one.told, [
    ['LOCAL1', 'queued'],
    ['LOCAL1', 'running'],
  ]);
  await brain.jobs.remove({ ...job, version: 2 });
  t.same(one.told.at(-1), ['LOCAL1', undefined]);
});

t.test('what another broker writes is found by one read per open job, however many tabs', async (t) => {
  const brain = await fresh(t, 'remote');
  const other = brain.another();
  const job = await stored(brain, 'REMOTE1');
  await other.jobs.create(job);
  const tabs = [listener(), listener(), listener()];
  for (const { listen } of tabs) await brain.feed.follow(brain.owner, {}, listen);
  await other.jobs.replace({ ...job, version: 2, state: 'running' });
  brain.cloud.clock.advance(POLL_MS);
  t.equal(await reads(() => brain.feed.poll()), 1);
  for (const { told } of tabs) t.same(told.at(-1), ['REMOTE1', 'running']);
  brain.cloud.clock.advance(POLL_MS);
  t.equal(await reads(() => brain.feed.poll()), 1);
  t.equal(tabs[0].told.length, 2, 'no news is not told');

  await other.jobs.replace({ ...job, version: 3, state: 'succeeded' });
  await other.jobs.create(await stored(brain, 'REMOTE2'));
  for (let round = 0; round < 5; round++) {
    brain.cloud.clock.advance(POLL_MS);
    await brain.feed.poll();
  }
  t.same(tabs[0].told.slice(2), [
    ['REMOTE1', 'succeeded'],
    ['REMOTE2', 'queued'],
  ]);
  const second = await other.jobs.get('REMOTE2');
  await other.jobs.remove(second!);
  brain.cloud.clock.advance(POLL_MS);
  await brain.feed.poll();
  t.same(tabs[2].told.at(-1), ['REMOTE2', undefined]);
  brain.cloud.clock.advance(POLL_MS);
  t.equal(await reads(() => brain.feed.poll()), 0, 'jobs that have ended cost nothing');
});

t.test(
  'a job that has ended is still looked at for those who follow it alone: it may be tried again',
  async (t) => {
    const brain = await fresh(t, 'ended');
    const other = brain.another();
    const job = { ...(await stored(brain, 'ENDED1')), state: 'failed' as const };
    await other.jobs.create(job);
    const one = listener();
    await brain.feed.follow(brain.owner, { jobId: job.jobId }, one.listen);
    t.same(one.told, [['ENDED1', 'failed']]);
    await other.jobs.replace({ ...job, version: 2, state: 'queued', attempt: 1 });
    for (let round = 0; round < 5; round++) {
      brain.cloud.clock.advance(POLL_MS);
      await brain.feed.poll();
    }
    t.same(one.told.at(-1), ['ENDED1', 'queued']);
  },
);

t.test('after a gap, what has changed meanwhile comes first', async (t) => {
  const brain = await fresh(t, 'gap');
  for (const jobId of ['OLD', 'NEW']) {
    await brain.jobs.create({ ...(await stored(brain, jobId)), state: 'succeeded' });
    brain.cloud.clock.advance(60_000);
  }
  const [nothing, since, garbage] = [listener(), listener(), listener()];
  await brain.feed.follow(brain.owner, {}, nothing.listen);
  t.same(nothing.told, [], 'jobs that have ended are no news');
  const lastEventId = String(brain.cloud.clock() - 70_000);
  await brain.feed.follow(brain.owner, { lastEventId }, since.listen);
  t.same(since.told, [['NEW', 'succeeded']]);
  t.match(since.ids[0], /^\d{13}$/);
  await brain.feed.follow(brain.owner, { lastEventId: '../../x' }, garbage.listen);
  t.same(garbage.told, []);
});

t.test('somebody else hears nothing, and of no job', async (t) => {
  const brain = await fresh(t, 'private');
  const job = await stored(brain, 'PRIVATE1');
  await brain.jobs.create(job);
  const eve = { userId: 'eve', role: 'admin' } as const;
  const ears = listener();
  for (const jobId of ['PRIVATE1', 'NOSUCHJOB', '#']) {
    await t.rejects(brain.feed.follow(eve, { jobId }, ears.listen), { code: 'not_found' }, jobId);
  }
  await brain.feed.follow(eve, {}, ears.listen);
  await brain.jobs.replace({ ...job, version: 2, state: 'running' });
  t.same(ears.told, []);
});

t.test(
  'streams are counted per person; whoever leaves makes room, and the last one stops the clock',
  async (t) => {
    const brain = await fresh(t, 'crowd');
    const { listen } = listener();
    const stops = [];
    for (let i = 0; i < 8; i++) stops.push(await brain.feed.follow(brain.owner, {}, listen));
    t.same(brain.timers.set(), [POLL_MS]);
    await t.rejects(brain.feed.follow(brain.owner, {}, listen), { code: 'too_many_requests', status: 429 });
    const another = await brain.feed.follow({ userId: 'another', role: 'user' }, {}, listen);
    stops.pop()?.();
    stops.push(await brain.feed.follow(brain.owner, {}, listen), another);
    for (const stop of stops) stop();
    t.same(brain.timers.set(), []);
    t.equal(await reads(() => brain.feed.poll()), 0);
  },
);

t.test('a store that does not answer ends no stream', async (t) => {
  const brain = await fresh(t, 'away');
  const job = await stored(brain, 'AWAY1');
  await brain.jobs.create(job);
  const one = listener();
  await brain.feed.follow(brain.owner, { jobId: job.jobId }, one.listen);
  const control = brain.cloud.control('111111111111');
  await brain.another().jobs.replace({ ...job, version: 2, state: 'running' });
  await control.addFault({ service: 'dynamodb', operation: '*', kind: 'throttle' });
  brain.cloud.clock.advance(POLL_MS);
  await brain.feed.poll();
  await control.clearFaults();
  brain.cloud.clock.advance(POLL_MS);
  await brain.feed.poll();
  t.same(one.told.at(-1), ['AWAY1', 'running']);
});
