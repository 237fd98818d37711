/** Calls to AWS are counted, with the codes of those that were refused. */
import t from 'tap';
import { startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);

t.test('calls of all clients are counted by service and operation, errors by code', async (t) => {
  const { clients, stores, unitCloud, mode2 } = cloud;
  const before = new Map(clients.counts.list().map((row) => [`${row.service} ${row.operation}`, row.calls]));
  await stores.jobs.get('x');
  await stores.jobs.get('y');
  const missing = { bucket: mode2.resultsBucket, key: `${mode2.appId}/owner/none` };
  await t.rejects(unitCloud.headObject(mode2, missing), { name: 'CloudError' });
  const rows = clients.counts.list();
  const of = (name: string) => rows.find((row) => `${row.service} ${row.operation}` === name);
  t.equal((of('DynamoDB GetItem')?.calls ?? 0) - (before.get('DynamoDB GetItem') ?? 0), 2);
  t.match(of('S3 HeadObject'), { calls: 1, errors: { NotFound: 1 } });
  t.equal(of('STS AssumeRole')?.calls, 1);
});
