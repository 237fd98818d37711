/** Reports of an end that reach a job which waits for its start: the start finds out what there is. */
import t from 'tap';
import { executionArn } from '../../services/jobs/naming.ts';
import { jobToken } from '../../services/jobs/token.ts';
import { BEHAVIOUR, startBrain, TOKEN_SECRET } from '../helpers/brain.ts';
import { startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);

t.test(
  'an execution of before a restore that has succeeded is reported to a job that is queued again',
  async (t) => {
    const brain = await startBrain(t, cloud);
    await brain.behave(BEHAVIOUR.succeeds);
    const job = await brain.queue();
    const { bucket, key } = job.document;
    const input = { jobId: job.jobId, attempt: 0, bucket, key };
    await brain.writeResult(job);
    await cloud.unitCloud.startExecution(brain.unit, job.executionName, input);
    const arn = executionArn(brain.unit.stateMachineArn, job.executionName);
    while ((await cloud.unitCloud.describeExecution(brain.unit, arn)).status === 'RUNNING');
    const told = await brain.callbacks.ended(job.jobId, jobToken(TOKEN_SECRET, job.jobId, 0), 'succeeded');
    t.equal(told.state, 'queued');
    await brain.until(job.jobId, ['succeeded']);
    t.equal(await brain.started(), 2, 'asked for once more, and refused: its name is taken');
  },
);

t.test('a report that comes for a job which waits for room leaves its pause as it is', async (t) => {
  const brain = await startBrain(t, cloud);
  const { jobId } = await brain.queue();
  const dueAt = cloud.clock() + 600_000;
  await brain.moves.move(jobId, { by: 'test' }, () => ({ dueAt }));
  await brain.callbacks.ended(jobId, jobToken(TOKEN_SECRET, jobId, 0), 'failed');
  t.match(await brain.jobs.get(jobId), { state: 'queued', dueAt, tries: 0 });
});
