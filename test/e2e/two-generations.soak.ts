/**
 * A deploy: a broker process of the release before and one of this release on one store. Jobs that either took are
 * finished by the other, after whoever took them was killed; what only one of them knows survives the other.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { allRuns, endedOnce, startedTwice, storedJobs } from '../../bench/drill/count.ts';
import { openPlace, type Place } from '../../bench/drill/place.ts';
import { submissionOf } from '../../bench/drill/submission.ts';
import type { Job } from '../../src/schemas/job.ts';
import { OF_YESTERDAY } from '../fixtures/older-release/items.ts';

const JOBS = 8;
const SETTLE_MS = 90_000;
const ROOT = new URL('../../', import.meta.url);
const OLDER = new URL('../fixtures/older-release/register.mjs', import.meta.url).href;

type Stored = Job & { ofYesterday?: unknown };

t.test('F34: old and new side by side finish what either took', { timeout: 300_000 }, async (t) => {
  const place = await openPlace({ lostCallbacks: 50 });
  t.teardown(() => place.close());
  const authorization = await place.authorization();
  const taken: Record<'older' | 'newer', string[]> = { older: [], newer: [] };
  const submit = async ({ url }: { url: string }, by: 'older' | 'newer') => {
    for (let n = 0; n < JOBS; n++) {
      const headers = { authorization, 'content-type': 'application/json' };
      const body = JSON.stringify(submissionOf(place, `${by} ${n}`));
      const answer = await fetch(`${url}/api/task/queue`, { method: 'POST', headers, body });
      t.equal(answer.status, 202);
      taken[by].push(((await answer.json()) as { jobId: string }).jobId);
    }
  };

  const [older, newer] = await Promise.all([start(place, 'older'), start(place, 'newer')]);
  const running = [older.child, newer.child];
  t.teardown(() => running.map((child) => child.kill('SIGKILL')));
  await Promise.all([submit(older, 'older'), submit(newer, 'newer')]);
  const early = (await storedJobs(place)) as Map<string, Stored>;
  for (const jobId of taken.older) {
    t.match(early.get(jobId), { ofYesterday: OF_YESTERDAY });
    t.equal(early.get(jobId)?.estimate, undefined, 'the older one is an older one');
  }
  for (const jobId of taken.newer) t.ok(early.get(jobId)?.estimate);
  await kill(newer.child);
  await settled(t, place, 'the older one finishes all, those of the newer one too');

  const next = await start(place, 'newer');
  running.push(next.child);
  await submit(older, 'older');
  await kill(older.child);
  await settled(t, place, 'the newer one finishes what the older one left');

  const jobs = (await storedJobs(place)) as Map<string, Stored>;
  t.same([...jobs.keys()].sort(), [...taken.older, ...taken.newer].sort(), 'nothing lost, nothing else');
  for (const jobId of taken.older)
    t.match(jobs.get(jobId), { ofYesterday: OF_YESTERDAY }, 'the newer one keeps what it does not know');
  for (const jobId of taken.newer) t.ok(jobs.get(jobId)?.estimate, 'and so does the older one');
  const sfn = place.researcher.sfn(await place.rootOfUnit(), place.unit.region);
  t.same(startedTwice(await allRuns(sfn, place.unit.stateMachineArn)), [], 'no attempt was started twice');
  await kill(next.child);
});

/** A broker process over the place, of one release or the other. */
async function start(place: Place, release: 'older' | 'newer') {
  const child = fork(new URL('bench/drill/broker.ts', ROOT), [JSON.stringify(place.forBrokers), 'silent'], {
    cwd: ROOT,
    execArgv: ['--import', 'tsx', ...(release === 'older' ? ['--import', OLDER] : [])],
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  return { child, url };
}

async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

async function settled(t: Test, place: Place, what: string): Promise<void> {
  const limit = performance.now() + SETTLE_MS;
  let jobs = await storedJobs(place);
  for (; ![...jobs.values()].every(endedOnce) && performance.now() < limit; jobs = await storedJobs(place))
    await pause(300);
  const open = [...jobs.values()].filter((job) => job.state !== 'succeeded' || !endedOnce(job));
  t.same(
    open.map(({ jobId, state }) => `${jobId} ${state}`),
    [],
    what,
  );
}
