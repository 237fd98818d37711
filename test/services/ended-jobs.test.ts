/** Deleting a job on the embedded cloud: what goes, in which order, and what happens if it stops half-way. */
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import t from 'tap';
import { BEHAVIOUR, startBrain } from '../helpers/brain.ts';
import { REGION, RESEARCHER, startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);
const END = ['succeeded', 'failed', 'canceled', 'lost'];

/** Keys below the prefix of a job in all buckets of the unit. */
async function keysOf(jobId: string): Promise<string[]> {
  const { clients, credentials } = cloud.rootClients(RESEARCHER);
  const s3 = clients.s3(await credentials(), REGION);
  const lists = ['researcher-data', 'researcher-results', 'researcher-failed'].map((Bucket) =>
    s3.send(new ListObjectsV2Command({ Bucket, Prefix: `mroptimum/owner-1/${jobId}/` })),
  );
  return (await Promise.all(lists)).flatMap(({ Contents = [] }) => Contents.map(({ Key }) => String(Key)));
}

t.test('document and result are gone from the buckets, then the job from the table', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(BEHAVIOUR.succeeds);
  const job = await brain.queue();
  await brain.writeResult(job);
  await brain.until(job.jobId, END);
  t.equal((await keysOf(job.jobId)).length, 2);
  t.equal(await brain.endedJobs.remove(brain.owner, job.jobId), true);
  t.same(await keysOf(job.jobId), []);
  t.equal(await brain.jobs.get(job.jobId), undefined);
  t.equal(await brain.endedJobs.remove(brain.owner, job.jobId), false);
});

t.test('a delete that stops half-way is finished by the next one', async (t) => {
  const brain = await startBrain(t, cloud);
  const job = await brain.queue();
  await brain.users.cancel(brain.owner, job.jobId);
  await brain.writeResult(job);
  const control = brain.cloud.control(RESEARCHER);
  await control.addFault({ service: 's3', operation: 'DeleteObject', kind: 'deny', times: 1 });
  await t.rejects(brain.endedJobs.remove(brain.owner, job.jobId), { code: 'cloud_refused' });
  t.ok(await brain.jobs.get(job.jobId), 'the job is there as long as something of it may be');
  t.equal(await brain.endedJobs.remove(brain.owner, job.jobId), true);
  t.same(await keysOf(job.jobId), []);
});

t.test('deleted by two at once: both are told that it is gone', async (t) => {
  const brain = await startBrain(t, cloud);
  const job = await brain.queue();
  await brain.users.cancel(brain.owner, job.jobId);
  const both = [brain, brain.another()].map(({ endedJobs }) => endedJobs.remove(brain.owner, job.jobId));
  t.same(await Promise.all(both), [true, true]);
});

t.test('a job that begins anew while it is deleted stays', async (t) => {
  const brain = await startBrain(t, cloud);
  const job = await brain.queue();
  const canceled = await brain.users.cancel(brain.owner, job.jobId);
  await brain.retry(brain.owner, job.jobId);
  t.equal(await brain.jobs.remove(canceled), false);
  await t.rejects(brain.endedJobs.remove(brain.owner, job.jobId), { code: 'conflict', remedy: /Cancel/ });
  t.equal((await brain.jobs.get(job.jobId))?.attempt, 1);
});
