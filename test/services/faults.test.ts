/** What the broker promises when things go wrong on the way of a job, by the numbers of the fault list (F1-F36). */
import t from 'tap';
import { CURVES } from '../../services/clockwork/backoff.ts';
import { D_CANCEL_MS, D_CB_MS, D_SUB_MS } from '../../services/clockwork/deadlines.ts';
import { jobToken } from '../../services/jobs/token.ts';
import { BEHAVIOUR, brokerOn, heldStart, startBrain, TOKEN_SECRET } from '../helpers/brain.ts';
import { RESEARCHER, startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);
const END = ['succeeded', 'failed', 'canceled', 'lost'];

t.test('F4: a broker that dies between the claim and the start is replaced by another', async (t) => {
  const brain = await startBrain(t, cloud);
  const job = await brain.queue();
  // The claim of the dead one: stored, and nothing after it.
  await brain.moves.move(job.jobId, { by: 'broker' }, () => ({
    state: 'starting',
    dueAt: brain.cloud.clock() + 15_000,
  }));
  const other = brain.another();
  await other.ticker.tick();
  t.equal(await brain.started(), 0, 'a lease is respected');
  brain.cloud.clock.advance(16_000);
  await other.ticker.tick();
  t.equal(await brain.started(), 1);
  t.ok((await brain.jobs.get(job.jobId))?.executionArn);
  t.ok(cloud.clock() - job.createdAt <= D_SUB_MS, 'in time');
});

t.test('F5: StartExecution that times out after its effect is adopted, not repeated', async (t) => {
  const brain = await startBrain(t, cloud);
  const control = brain.cloud.control(RESEARCHER);
  await control.addFault({ service: 'states', operation: 'StartExecution', kind: 'timeout_after', times: 6 });
  const job = await brain.queue();
  const running = await brain.until(job.jobId, ['running'], 60);
  t.match(running.executionArn, job.executionName);
  t.equal(running.attempt, 0);
  const { executions } = await cloud.unitCloud.runningExecutions(brain.unit);
  t.same(
    executions.map(({ name }) => name),
    [job.executionName],
    'one execution',
  );
});

t.test('F6: an execution name that somebody else took fails with name_conflict', async (t) => {
  const brain = await startBrain(t, cloud);
  const job = await brain.queue();
  await brain.cloud.unitCloud.startExecution(brain.unit, job.executionName, {
    jobId: 'other',
    attempt: 0,
    bucket: 'researcher-data',
    key: 'x',
  });
  const ended = await brain.until(job.jobId, END);
  t.match(ended, {
    state: 'failed',
    attempt: 0,
    executionArn: undefined,
    failure: { code: 'name_conflict' },
  });
  t.match(ended.failure?.remedy, /the retry gets a new name/);
  t.match((await brain.retry(brain.owner, job.jobId)).executionName, /-1$/);
});

t.test('F6: an execution of that name with the same input is adopted, though it has ended', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(BEHAVIOUR.succeeds);
  const job = await brain.queue();
  await brain.writeResult(job);
  const { bucket, key } = job.document;
  const input = { jobId: job.jobId, attempt: 0, bucket, key };
  const arn = await cloud.unitCloud.startExecution(brain.unit, job.executionName, input);
  while ((await cloud.unitCloud.describeExecution(brain.unit, arn)).status === 'RUNNING')
    await new Promise((resolve) => setTimeout(resolve, 20));
  await t.rejects(cloud.unitCloud.startExecution(brain.unit, job.executionName, input), {
    name: 'CloudError',
    problem: 'already_exists',
  });
  const ended = await brain.until(job.jobId, END);
  t.match(ended, { state: 'succeeded', attempt: 0, executionArn: arn });
});

t.test('F7: a throttled start waits in the queue and says so', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.cloud
    .control(RESEARCHER)
    .addFault({ service: 'states', operation: 'StartExecution', kind: 'throttle', times: 5 });
  const job = await brain.queue();
  await brain.ticker.tick();
  const waiting = await brain.jobs.get(job.jobId);
  t.equal(waiting?.state, 'queued');
  t.match(waiting?.history.at(-1)?.note, /^StartExecution: ThrottlingException, trying again/);
  const pause = (waiting?.dueAt ?? 0) - (waiting?.updatedAt ?? 0);
  const { baseMs } = CURVES.throttled;
  t.ok(pause >= baseMs / 2 && pause <= baseMs, `${pause} ms, with jitter`);
  t.equal((await brain.until(job.jobId, ['starting', 'running'])).attempt, 0);
});

t.test('F8: a role that refuses fails the job at once and names the owner of the unit', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.cloud.control(RESEARCHER).addFault({ service: 'sts', operation: 'AssumeRole', kind: 'deny' });
  const job = await brain.queue();
  const ended = await brain.until(job.jobId, END, 3);
  t.equal(ended.failure?.code, 'unit_trust_broken');
  t.equal(ended.failure?.actor, 'unit_owner');
  t.equal(await brain.started(), 0);
});

t.test('F10: a lost callback is repaired by asking Step Functions', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(BEHAVIOUR.succeeds);
  const job = await brain.queue();
  await brain.writeResult(job);
  await brain.until(job.jobId, ['running', ...END]);
  await brain.executionEnds(job.jobId);
  const over = brain.cloud.clock();
  const ended = await brain.until(job.jobId, END);
  t.equal(ended.state, 'succeeded');
  t.ok((ended.history.at(-1)?.at ?? Infinity) - over <= D_CB_MS, 'in time');
  t.equal(ended.runResult?.summary.medianSnr, 40);
  t.equal(ended.history.at(-1)?.by, 'step-functions');
  t.equal(ended.dueAt, undefined);
});

t.test('F11, F13: callbacks that come twice, late or in the wrong order change nothing', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(BEHAVIOUR.succeeds);
  const job = await brain.queue();
  const token = jobToken(TOKEN_SECRET, job.jobId, 0);
  await brain.writeResult(job);
  const ended = await brain.until(job.jobId, END);
  t.equal((await brain.callbacks.ended(job.jobId, token)).version, ended.version);
  t.equal((await brain.callbacks.ended(job.jobId, token)).version, ended.version);
  await t.rejects(
    brain.callbacks.progress(job.jobId, token, { attempt: 0, step: 'read', fraction: 0.1, message: 'late' }),
    { code: 'job_terminal' },
  );
  t.equal((await brain.jobs.get(job.jobId))?.version, ended.version);
});

t.test('T10: the token of another job, of another attempt or no token is refused alike', async (t) => {
  const brain = await startBrain(t, cloud);
  const job = await brain.queue();
  for (const token of [jobToken(TOKEN_SECRET, 'another', 0), jobToken(TOKEN_SECRET, job.jobId, 1), '']) {
    await t.rejects(brain.callbacks.ended(job.jobId, token), { code: 'not_signed_in' });
  }
});

t.test('F15, R146: a success without the result object is result_missing', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(BEHAVIOUR.succeeds);
  const missing = await brain.until((await brain.queue()).jobId, END);
  t.equal(missing.failure?.code, 'result_missing');
  await brain.behave(BEHAVIOUR.empty);
  const unnamed = await brain.until((await brain.queue()).jobId, END);
  t.equal(unnamed.failure?.code, 'result_missing');
});

t.test('F17, T12: a result of another size or of other bytes than was written is corrupt', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(BEHAVIOUR.succeeds);
  for (const [what, content] of [
    ['truncated', 'zi'],
    ['corrupt: as long as it was, under the metadata of the right one', 'zap!'],
  ]) {
    const job = await brain.queue();
    await brain.writeResult(job);
    await brain.writeResult(job, content);
    const ended = await brain.until(job.jobId, END);
    t.match(ended, { state: 'failed', failure: { code: 'result_corrupt', message: /checksum/ } }, what);
    await t.rejects(brain.users.download(brain.owner, job.jobId), { code: 'not_found' }, 'nobody fetches it');
  }
  const job = await brain.queue();
  await brain.writeResult(job);
  t.equal((await brain.until(job.jobId, END)).state, 'succeeded', 'the right one');
});

t.test('an execution that breaks in a way that nobody knows is worker_error', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(BEHAVIOUR.breaks);
  t.equal((await brain.until((await brain.queue()).jobId, END)).failure?.code, 'worker_error');
});

t.test('F23: cancel of a queued, of a running and of a finished job', async (t) => {
  const brain = await startBrain(t, cloud);
  const queued = await brain.queue();
  t.equal((await brain.users.cancel(brain.owner, queued.jobId)).state, 'canceled');
  await brain.ticker.tick();
  t.equal(await brain.started(), 0, 'a canceled job never starts');

  const running = await brain.queue();
  await brain.until(running.jobId, ['running']);
  t.equal((await brain.users.cancel(brain.owner, running.jobId)).state, 'canceling');
  const ended = await brain.until(running.jobId, END);
  t.equal(ended.state, 'canceled');
  t.equal(ended.history.at(-1)?.by, 'step-functions', 'canceled because Step Functions says ABORTED');
  for (const { jobId } of [queued, running])
    await t.rejects(brain.users.cancel(brain.owner, jobId), { code: 'job_terminal', status: 409 });
});

t.test('F23: a run that has just finished keeps its result, whoever notices that first', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(BEHAVIOUR.succeeds);
  const job = await brain.queue();
  await brain.writeResult(job);
  await brain.ticker.tick();
  await brain.executionEnds(job.jobId);
  t.notOk(END.includes((await brain.jobs.get(job.jobId))?.state ?? ''), 'nobody has looked yet');
  const canceled = await brain.users.cancel(brain.owner, job.jobId);
  t.equal(canceled.state, 'canceling', 'accepted: the end is not known yet');
  const since = cloud.clock();
  const ended = await brain.until(job.jobId, END);
  t.match(ended, { state: 'succeeded', runResult: { sizeBytes: 4 }, failure: undefined });
  t.ok((ended.history.at(-1)?.at ?? Infinity) - since <= D_CANCEL_MS, 'in the time of a cancel');
  t.ok((await brain.users.download(brain.owner, job.jobId)).url, 'and it is there');
  await t.rejects(brain.users.cancel(brain.owner, job.jobId), { code: 'job_terminal', status: 409 });
});

t.test('F23: a cancel that comes while the start is under way stops what was started', async (t) => {
  const brain = await startBrain(t, cloud);
  const job = await brain.queue();
  const held = heldStart(cloud.unitCloud, job.executionName);
  const start = brokerOn({ ...cloud, unitCloud: held.cloud }).ticker.tick();
  await held.begun;
  t.equal((await brain.users.cancel(brain.owner, job.jobId)).state, 'canceling');
  held.release();
  await start;
  t.equal((await brain.until(job.jobId, END)).state, 'canceled');
});

t.test('F26, F27: two brokers that tick at once start every job once, and end it once', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(BEHAVIOUR.succeeds);
  const other = brain.another();
  const jobs = await Promise.all(Array.from({ length: 12 }, () => brain.queue()));
  for (const job of jobs) await brain.writeResult(job);
  await Promise.all([brain.ticker.tick(), other.ticker.tick(), brain.ticker.tick(), other.ticker.tick()]);
  t.equal(await brain.started(), jobs.length);
  for (const { jobId } of jobs) t.ok((await brain.jobs.get(jobId))?.executionArn);
  for (const { jobId } of jobs) await brain.executionEnds(jobId);
  for (let round = 0; round < 3; round++) {
    brain.cloud.clock.advance(D_CB_MS);
    await Promise.all([brain.ticker.tick(), other.ticker.tick()]);
  }
  for (const { jobId } of jobs) {
    const states = (await brain.jobs.get(jobId))?.history.map(({ state }) => state) ?? [];
    t.same(
      states.filter((state) => END.includes(state)),
      ['succeeded'],
    );
  }
});

t.test('F25: a store that throttles answers unavailable and leaves nothing half', async (t) => {
  const brain = await startBrain(t, cloud);
  const control = brain.cloud.control('111111111111');
  const before = await brain.jobs.listByOwner(brain.owner.userId, { limit: 1 });
  await control.addFault({ service: 'dynamodb', operation: '*', kind: 'throttle' });
  await t.rejects(brain.queue(), { code: 'unavailable', status: 503 });
  await control.clearFaults();
  t.same((await brain.jobs.listByOwner(brain.owner.userId, { limit: 1 })).items, before.items);
  const job = await brain.queue();
  t.equal((await brain.until(job.jobId, ['running'])).state, 'running');
});

t.test('F22: an execution that vanished is lost, and says so', async (t) => {
  const brain = await startBrain(t, cloud);
  const job = await brain.queue();
  await brain.until(job.jobId, ['running']);
  await brain.moves.move(job.jobId, { by: 'broker' }, (now) => ({
    executionArn: `${now.executionArn}-gone`,
  }));
  brain.cloud.clock.advance(120_000);
  const ended = await brain.until(job.jobId, END);
  t.equal(ended.state, 'lost');
  t.equal(ended.failure?.code, 'lost');
});

t.test('the deadline of a job stops its execution', async (t) => {
  const brain = await startBrain(t, cloud);
  const job = await brain.queue();
  await brain.until(job.jobId, ['running']);
  await brain.moves.move(job.jobId, { by: 'broker' }, () => ({ deadlineAt: brain.cloud.clock() - 1 }));
  brain.ticker.nudge(job.jobId);
  const ended = await brain.until(job.jobId, END);
  t.equal(ended.failure?.code, 'worker_timeout');
  const execution = await brain.cloud.unitCloud.describeExecution(brain.unit, String(ended.executionArn));
  t.equal(execution.status, 'ABORTED');
});

t.test('the worker finds a document with its token, and nobody finds the token in the store', async (t) => {
  const brain = await startBrain(t, cloud);
  const job = await brain.queue();
  await brain.until(job.jobId, ['running']);
  const document = (await brain.document(job)) as { callback: { token: string }; result: { key: string } };
  t.equal(document.callback.token, jobToken(TOKEN_SECRET, job.jobId, 0));
  t.equal(document.result.key, `mroptimum/owner-1/${job.jobId}/0/result.zip`);
  t.notMatch(JSON.stringify(await brain.jobs.get(job.jobId)), document.callback.token);
});
