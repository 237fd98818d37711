/** A new attempt of a job: when it is allowed, what it keeps, and that the attempts before it stay dead. */
import t from 'tap';
import { jobToken } from '../../services/jobs/token.ts';
import type { JobState } from '../../src/schemas/job.ts';
import { BEHAVIOUR, type Brain, brokerOn, heldStart, startBrain, TOKEN_SECRET } from '../helpers/brain.ts';
import { startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);
const END = ['succeeded', 'failed', 'canceled', 'lost'];

/** A job whose first attempt failed in its state machine. */
async function failed(brain: Brain) {
  await brain.behave(BEHAVIOUR.fails);
  return brain.until((await brain.queue()).jobId, END);
}

t.test('a failed job runs again under new names and keeps what happened', async (t) => {
  const brain = await startBrain(t, cloud);
  const first = await failed(brain);
  await brain.behave(BEHAVIOUR.succeeds);
  const again = await brain.retry(brain.owner, first.jobId);
  t.match(again, { state: 'queued', attempt: 1, tries: 0, executionName: `job-${first.jobId}-1` });
  t.equal(again.result.key, `mroptimum/owner-1/${first.jobId}/1/result.zip`);
  t.not(again.tokenHash, first.tokenHash);
  t.ok(again.deadlineAt > first.deadlineAt);
  for (const gone of [
    'failure',
    'runResult',
    'progress',
    'executionArn',
    'startedAt',
    'finishedAt',
  ] as const) {
    t.equal(again[gone], undefined, gone);
  }
  t.same(again.history.slice(0, -1), first.history);
  t.match(again.history.at(-1), { state: 'queued', by: 'user:owner-1', note: 'attempt 1' });
  t.match(again.earlier, [
    { attempt: 0, state: 'failed', executionArn: first.executionArn, failure: first.failure },
  ]);
  await brain.writeResult(again);
  const ended = await brain.until(first.jobId, END);
  t.equal(ended.state, 'succeeded');
  t.match(ended.executionArn, /-1$/);
});

t.test('canceled and lost jobs may be tried again; open ones and those that succeeded may not', async (t) => {
  const brain = await startBrain(t, cloud);
  const canceled = await brain.queue();
  await brain.users.cancel(brain.owner, canceled.jobId);
  t.equal((await brain.retry(brain.owner, canceled.jobId)).attempt, 1);

  for (const [state, remedy] of [
    ['queued', /Cancel the job first/],
    ['running', /Cancel the job first/],
    ['succeeded', /new job/],
  ] as [JobState, RegExp][]) {
    const job = await brain.queue();
    if (state !== 'queued') await brain.moves.move(job.jobId, { by: 'test' }, () => ({ state: 'running' }));
    if (state === 'succeeded') await brain.moves.move(job.jobId, { by: 'test' }, () => ({ state }));
    await t.rejects(brain.retry(brain.owner, job.jobId), { code: 'conflict', remedy }, state);
  }
  await t.rejects(brain.retry({ userId: 'eve', role: 'user' }, canceled.jobId), { code: 'not_found' });
});

t.test('a lost execution is stopped when another attempt takes its place, and not before', async (t) => {
  const brain = await startBrain(t, cloud);
  const running = await brain.until((await brain.queue()).jobId, ['running']);
  await brain.moves.move(running.jobId, { by: 'test' }, () => ({ state: 'lost' }));
  const execution = () => brain.cloud.unitCloud.describeExecution(brain.unit, String(running.executionArn));
  for (const operation of ['PutItem', 'TransactWriteItems']) {
    const fault = { service: 'dynamodb', operation, kind: 'timeout_before', times: 3 } as const;
    await cloud.control('111111111111').addFault(fault);
  }
  await t.rejects(brain.retry(brain.owner, running.jobId), { code: 'unavailable' });
  await cloud.control('111111111111').clearFaults();
  t.equal((await execution()).status, 'RUNNING', 'late repair may still take it up');
  await brain.retry(brain.owner, running.jobId);
  t.equal((await execution()).status, 'ABORTED');
});

t.test('one click or ten, at once or one after the other: one attempt', async (t) => {
  const brain = await startBrain(t, cloud);
  const job = await failed(brain);
  await brain.behave(BEHAVIOUR.forever);
  const other = brain.another();
  const clicks = [0, 1, 2, 3, 4].flatMap(() => [
    brain.retry(brain.owner, job.jobId),
    other.retry(brain.owner, job.jobId, job.version),
  ]);
  t.same(
    (await Promise.all(clicks)).map(({ attempt }) => attempt),
    Array(10).fill(1),
  );
  t.equal((await brain.retry(brain.owner, job.jobId)).attempt, 1, 'while it is queued');
  await brain.until(job.jobId, ['running']);
  t.equal((await brain.retry(brain.owner, job.jobId)).attempt, 1, 'while it runs');
  await brain.users.cancel(brain.owner, job.jobId);
  const ended = await brain.until(job.jobId, END);
  t.equal(
    (await brain.retry(brain.owner, job.jobId, job.version)).version,
    ended.version,
    'a very late click',
  );
  await t.rejects(brain.retry(brain.owner, job.jobId, ended.version - 1), { code: 'conflict' });
  t.equal((await brain.retry(brain.owner, job.jobId, ended.version)).attempt, 2);
});

t.test('tokens, callbacks and steps of an earlier attempt do nothing to the new one', async (t) => {
  const brain = await startBrain(t, cloud);
  const first = await failed(brain);
  const oldToken = jobToken(TOKEN_SECRET, first.jobId, 0);
  await brain.behave(BEHAVIOUR.forever);
  const again = await brain.retry(brain.owner, first.jobId);
  await t.rejects(brain.callbacks.ended(first.jobId, oldToken), { code: 'not_signed_in' });
  const report = { step: 'read', fraction: 0.5, message: 'late' } as const;
  await t.rejects(brain.callbacks.progress(first.jobId, oldToken, { ...report, attempt: 0 }), {
    code: 'not_signed_in',
  });
  const newToken = jobToken(TOKEN_SECRET, first.jobId, 1);
  await t.rejects(brain.callbacks.progress(first.jobId, newToken, { ...report, attempt: 0 }), {
    code: 'job_terminal',
  });
  await brain.observe(first);
  t.equal(
    (await brain.jobs.get(first.jobId))?.version,
    again.version,
    'the end of the old execution is not the end of the new',
  );
});

t.test('a start that was slow does not touch the attempt that came after it', async (t) => {
  const brain = await startBrain(t, cloud);
  const job = await brain.queue();
  const held = heldStart(cloud.unitCloud, job.executionName);
  const slow = brokerOn({ ...cloud, unitCloud: held.cloud }).ticker.tick();
  await held.begun;
  await brain.moves.move(job.jobId, { by: 'test' }, () => ({ state: 'canceled' }));
  const again = await brain.retry(brain.owner, job.jobId);
  held.release();
  await slow;
  t.equal((await brain.jobs.get(job.jobId))?.version, again.version);
  const arn = `${brain.unit.stateMachineArn.replace(':stateMachine:', ':execution:')}:${job.executionName}`;
  t.equal((await brain.cloud.unitCloud.describeExecution(brain.unit, arn)).status, 'ABORTED');
});

t.test('a job does not come back without its files, its unit, or after twenty attempts', async (t) => {
  const brain = await startBrain(t, cloud);
  const job = await brain.queue();
  await brain.users.cancel(brain.owner, job.jobId);
  for (let attempt = 1; attempt < 20; attempt++) {
    t.equal((await brain.retry(brain.owner, job.jobId)).attempt, attempt);
    await brain.users.cancel(brain.owner, job.jobId);
  }
  await t.rejects(brain.retry(brain.owner, job.jobId), { code: 'conflict', message: /20 attempts/ });

  const second = await brain.queue();
  await brain.users.cancel(brain.owner, second.jobId);
  const { units } = brain.cloud.stores;
  const moved = { ...brain.unit, version: 2, dataBucket: 'another-data-bucket' };
  t.equal(await units.put(moved), 'stored');
  await t.rejects(brain.retry(brain.owner, second.jobId), { code: 'conflict', message: /bucket/ });
  t.equal(await units.put({ ...moved, version: 3, status: 'pending' }), 'stored');
  await t.rejects(brain.retry(brain.owner, second.jobId), { code: 'unit_not_ready' });
  await units.remove({ ...moved, version: 3 });
  await t.rejects(brain.retry(brain.owner, second.jobId), { code: 'conflict', message: /removed/ });
});
