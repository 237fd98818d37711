/** Stops that come too late, found by the model: what an execution has achieved counts, not what was asked of it. */
import t from 'tap';
import { D_JOB_MS } from '../../services/clockwork/deadlines.ts';
import type { Job } from '../../src/schemas/job.ts';
import { begin } from './acts.ts';
import { type Fate, finish } from './executions.ts';
import { calm, createWorld, type World } from './world.ts';

/** A job past its deadline; its execution ends like this just before the broker's stop arrives, or not at all. */
async function pastDeadline(fate?: Fate): Promise<{ world: World; job: Job }> {
  const world: World = await createWorld(1, {
    cloud: (cloud) => ({
      ...cloud,
      stopExecution(unit, arn, reason) {
        if (fate) finish(world, arn, fate);
        return cloud.stopExecution(unit, arn, reason);
      },
    }),
  });
  begin(world, { do: 'submit', process: 0, key: 0, body: 0 });
  await calm(world);
  world.act(0, (broker) => broker.ticker.tick());
  await calm(world);
  world.advance(D_JOB_MS + 60_000);
  world.act(0, (broker) => broker.ticker.tick());
  await calm(world);
  return { world, job: [...world.jobs.values()][0] };
}

t.test('a result that was there before the stop at the deadline is kept', async (t) => {
  const { world, job } = await pastDeadline('succeeds');
  t.match(job, { state: 'succeeded', runResult: { sizeBytes: 4 } });
  t.same(world.witness.broken, []);
});

t.test('a failure that was there before the stop at the deadline is told as it is', async (t) => {
  const { job } = await pastDeadline('fails');
  t.match(job, { state: 'failed', failure: { code: 'unsupported_sequence' } });
});

t.test('an execution that the stop at the deadline ended is timeout, not canceled', async (t) => {
  const { world, job } = await pastDeadline();
  t.match(job, { state: 'failed', failure: { code: 'worker_timeout', message: /deadline/ } });
  t.match([...world.cloud.executions.values()], [{ status: 'ABORTED' }]);
  t.notOk(job.history.some(({ state }) => state === 'canceled' || state === 'canceling'));
});
