/** F36: a job whose step kills the process that takes it; nobody lives to count, so the dead are the evidence. */
import t from 'tap';
import { MAX_ALONE, MAX_DEATHS } from '../../services/clockwork/quarantine.ts';
import { BEAT_MS, SILENT_MS } from '../../services/clockwork/shares.ts';
import type { UnitCloud } from '../../services/ports.ts';
import type { Job } from '../../src/schemas/job.ts';
import { type Brain, brokerOn, startBrain } from '../helpers/brain.ts';
import { startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** A process for which the step of one job never ends: from then on nobody turns it, as if it had died. */
function mortal(killer: string) {
  let dead = false;
  const unitCloud: UnitCloud = {
    ...cloud.unitCloud,
    async putJobDocument(unit, location, document) {
      if (location.key.includes(killer)) {
        dead = true;
        await new Promise(() => {});
      }
      return cloud.unitCloud.putJobDocument(unit, location, document);
    },
  };
  const broker = brokerOn({ ...cloud, unitCloud }, { shared: true });
  return {
    broker,
    /** Lives for `rounds` of a second, or until it dies; true if it died. */
    async lives(rounds: number): Promise<boolean> {
      for (let round = 0; round < rounds && !dead; round++) {
        await broker.shares?.tick();
        let ended = false;
        const done = broker.ticker.tick().finally(() => {
          ended = true;
        });
        while (!ended && !dead) await pause(10);
        // Of those that it had begun beside the killer some get on.
        if (dead) await pause(100);
        broker.timers.fire(250);
        await done;
        cloud.clock.advance(1_000);
      }
      return dead;
    },
  };
}

/** Lives one after the other until one does not die of the job; how many did. */
async function deaths(killer: string): Promise<number> {
  for (let count = 0; count < 20; count++) {
    if (!(await mortal(killer).lives(20))) return count;
    cloud.clock.advance(SILENT_MS + BEAT_MS);
  }
  return 20;
}

async function forgetTheDead(): Promise<void> {
  await Promise.all((await cloud.stores.members.members()).map(cloud.stores.members.bury));
}

async function allStarted(brain: Brain, jobs: readonly Job[]): Promise<boolean> {
  const found = await Promise.all(jobs.map(({ jobId }) => brain.jobs.get(jobId)));
  return found.every((job) => job?.executionArn !== undefined);
}

t.test('F36: a job with which processes die is set aside, and the others proceed', async (t) => {
  const brain = await startBrain(t, cloud);
  const bad = await brain.queue();
  const good = [await brain.queue(), await brain.queue(), await brain.queue()];
  const died = await deaths(bad.jobId);
  // Before the first death nobody says what it takes.
  t.equal(died, 1 + MAX_DEATHS + MAX_ALONE);
  t.ok(await allStarted(brain, good));
  t.match(await brain.poison.list(10), [
    { jobId: bad.jobId, error: /died/, failures: MAX_DEATHS + MAX_ALONE },
  ]);
  const aside = await brain.jobs.get(bad.jobId);
  t.match(aside?.history.at(-1)?.note, /set aside/);
  t.notOk((await brain.jobs.due(cloud.clock() + 1e9, 100)).includes(bad.jobId));
  const after = mortal(bad.jobId);
  after.broker.ticker.nudge(bad.jobId);
  t.notOk(await after.lives(2), 'nor is it looked at because of a nudge');

  await after.broker.poison.release(bad.jobId);
  t.same(await brain.poison.list(10), []);
  t.ok(await mortal(bad.jobId).lives(20), 'an operator has let it go: it is taken again');
  cloud.clock.advance(SILENT_MS + BEAT_MS);
  t.notOk(await mortal('nobody').lives(20));
  t.ok(await allStarted(brain, [bad]), 'by a release that does not die of it, it is started');
});

t.test('F36: who was in the hands of the dead by chance is taken alone, and goes on', async (t) => {
  const brain = await startBrain(t, cloud);
  const jobs = [await brain.queue(), await brain.queue(), await brain.queue()];
  await forgetTheDead();
  const now = cloud.clock();
  for (let dead = 0; dead < MAX_DEATHS + MAX_ALONE; dead++) {
    const [seenAt, hands] = [now - SILENT_MS - dead, jobs.map(({ jobId }) => jobId)];
    const member = { brokerId: `dead-${dead}`, startedAt: now - 60_000, seenAt, beat: seenAt };
    await cloud.stores.members.beat({ ...member, release: 'test', generation: 1, figures: {}, hands });
  }
  const process = mortal('nobody');
  t.notOk(await process.lives(9));
  t.notOk(await allStarted(brain, jobs), 'other work comes first');
  const named: string[] = [];
  for (let round = 0; round < 20; round++) {
    await process.lives(1);
    const said = (await cloud.stores.members.members()).find(({ alone }) => alone !== undefined);
    if (said) named.push(String(said.alone));
  }
  t.same([...new Set(named)].sort(), jobs.map(({ jobId }) => jobId).sort(), 'each alone');
  t.ok(await allStarted(brain, jobs));
  t.same(await brain.poison.list(10), []);
});

t.test('as long as nobody has died, nothing is said for it', async (t) => {
  const brain = await startBrain(t, cloud);
  await forgetTheDead();
  const { broker } = mortal('nobody');
  await broker.shares?.tick();
  const jobs = [await brain.queue(), await brain.queue()];
  const before = await cloud.stores.members.members();
  for (const { jobId } of jobs) broker.ticker.nudge(jobId);
  await broker.ticker.tick();
  t.ok(await allStarted(brain, jobs));
  t.same(await cloud.stores.members.members(), before);
});
