/** A table that was restored to a moment before a retry: versions and attempts are counted again from there. */
import { PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import t from 'tap';
import { etagOf } from '../../src/plugins/etag.ts';
import { BEHAVIOUR, startBrain } from '../helpers/brain.ts';
import { HUB, startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);

t.test(
  'an attempt whose name was stopped before the restore runs under the next one; ETags differ',
  async (t) => {
    const brain = await startBrain(t, cloud);
    const { documents } = cloud.rootClients(HUB).clients;
    await brain.behave(BEHAVIOUR.fails);
    const { jobId } = await brain.queue();
    const failed = await brain.until(jobId, ['failed']);
    const { Items = [] } = await documents.send(new ScanCommand({ TableName: 'cloudmr' }));
    const Item = Items.find(({ kind, body }) => kind === 'job' && String(body).includes(jobId));
    await brain.behave(BEHAVIOUR.forever);
    await brain.retry(brain.owner, jobId, failed.version);
    const before = await brain.until(jobId, ['running']);
    const execution = (arn: unknown) => brain.cloud.unitCloud.describeExecution(brain.unit, String(arn));

    await documents.send(new PutCommand({ TableName: 'cloudmr', Item }));
    cloud.clock.advance(11 * 60_000);
    await brain.sweep.visit(brain.unit);
    t.match(await execution(before.executionArn), { status: 'ABORTED' }, 'nobody waits for it');
    t.match(await brain.jobs.get(jobId), { state: 'failed', attempt: 0, version: failed.version });

    await brain.retry(brain.owner, jobId, failed.version);
    const again = await brain.until(jobId, ['running', 'canceled']);
    t.match(again, {
      state: 'running',
      attempt: 2,
      earlier: [{ attempt: 0 }, { attempt: 1, state: 'failed', failure: { code: 'name_conflict' } }],
    });
    t.match(await execution(again.executionArn), { status: 'RUNNING' });

    const now = { ...again, version: before.version };
    t.not(etagOf([now]), etagOf([before]), 'the same version, but another job than before');
    t.not(etagOf([now, failed]), etagOf([before, failed]));
    t.equal(etagOf([before]), etagOf([{ ...before }]));
    await brain.users.cancel(brain.owner, jobId);
    t.match(await brain.until(jobId, ['canceled']), { attempt: 2 }, 'what a person cancels is canceled');
  },
);
