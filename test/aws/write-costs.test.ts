/** What each operation costs in calls to DynamoDB: counted, so that it cannot grow unseen. */
import t from 'tap';
import type { Job } from '../../src/schemas/job.ts';
import { HUB, startTestCloud } from '../helpers/cloud.ts';
import {
  sampleAuditEntry,
  sampleDataRecord,
  sampleJob,
  sampleToken,
  sampleUnit,
  sampleUser,
} from '../helpers/samples.ts';

const cloud = await startTestCloud(t);
const { jobs, units, users, tokens, data, audit } = cloud.stores;
const control = cloud.control(HUB);

/** Calls to DynamoDB that `work` makes, by operation. */
async function calls(work: () => Promise<unknown>): Promise<Record<string, number>> {
  await control.clearCalls();
  await work();
  const rows = (await control.calls()).filter(({ service }) => service === 'dynamodb');
  return Object.fromEntries(rows.map(({ operation, count }) => [operation, count]));
}

t.test('a job from submit to settled is five writes', async (t) => {
  const job = sampleJob();
  const move = (over: Partial<Job>) => jobs.replace({ ...job, ...over });
  const key = { key: 'k', requestHash: 'h' };
  t.same(await calls(() => jobs.create(job, key)), { TransactWriteItems: 1 });
  const moves = await calls(async () => {
    await move({ version: 2, state: 'starting' });
    await move({ version: 3, state: 'starting', executionArn: 'arn' });
    await move({ version: 4, state: 'running' });
    await move({ version: 5, state: 'succeeded', dueAt: undefined });
  });
  t.same(moves, { PutItem: 4 });
});

t.test('reads and lists are single requests; due jobs one small query per shard', async (t) => {
  t.same(await calls(() => jobs.get('x')), { GetItem: 1 });
  t.same(await calls(() => jobs.listByOwner('owner-1', { limit: 50 })), { Query: 1 });
  t.same(await calls(() => jobs.due(cloud.clock(), 50)), { Query: 8 });
  t.same(await calls(() => data.listByOwner('owner-1', { limit: 50 })), { Query: 1 });
  t.same(await calls(() => audit.listByOwner('owner-1', { limit: 50 })), { Query: 1 });
  t.same(await calls(() => users.list({ limit: 50 })), { Query: 1 });
  t.same(await calls(() => units.listVisible('owner-1', 'mroptimum')), { Query: 3 });
});

t.test('a lost race costs no further read', async (t) => {
  t.same(await calls(() => jobs.replace(sampleJob({ version: 3 }))), { PutItem: 1 });
});

t.test(
  'a unit is one transaction with the count of its owner when its claims change, else one conditional write',
  async (t) => {
    const unit = sampleUnit();
    t.same(await calls(() => units.put(unit)), { GetItem: 3, TransactWriteItems: 1 });
    t.same(await calls(() => units.put({ ...unit, version: 2, status: 'degraded' })), {
      GetItem: 1,
      PutItem: 1,
    });
    t.same(await calls(() => units.findSame(unit)), { GetItem: 2 });
    t.same(await calls(() => units.remove(unit)), { GetItem: 3, TransactWriteItems: 1 });
  },
);

t.test(
  'users, tokens and audit entries are one write each, a file one with the count of its owner',
  async (t) => {
    const user = sampleUser();
    t.same(await calls(() => users.create(user)), { TransactWriteItems: 1 });
    t.same(await calls(() => users.findByEmail(user.email)), { GetItem: 2 });
    t.same(await calls(() => users.replace({ ...user, version: 2 })), { GetItem: 1, PutItem: 1 });
    t.same(await calls(() => tokens.put(sampleToken())), { PutItem: 1 });
    t.same(await calls(() => tokens.get(sampleToken().hash)), { GetItem: 1 });
    t.same(await calls(() => data.create(sampleDataRecord())), { GetItem: 1, TransactWriteItems: 1 });
    t.same(await calls(() => audit.append(sampleAuditEntry())), { PutItem: 1 });
  },
);
