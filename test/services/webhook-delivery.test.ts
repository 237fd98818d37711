/** Deliveries when brokers die, race or meet slow receivers: on the real store, to a real receiver. */
import t from 'tap';
import { createAudit } from '../../services/audit/audit.ts';
import { createWebhookServices } from '../../services/webhooks/services.ts';
import { createIds } from '../../src/aws/ids.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { Webhook } from '../../src/schemas/webhook.ts';
import { createWebhookCaller } from '../../src/security/webhook-caller.ts';
import { HUB, startTestCloud } from '../helpers/cloud.ts';
import { startReceiver } from '../helpers/receiver.ts';
import { sampleJob, sampleUser } from '../helpers/samples.ts';

const cloud = await startTestCloud(t);
const { stores, clock, log } = cloud;
const ids = createIds(clock);
let people = 0;

/** A person with a running job and webhooks, and broker processes that share the store. */
async function setting(t: { teardown(fn: () => unknown): unknown }, hooks = 1) {
  const receiver = await startReceiver(t);
  const userId = `person-${++people}`;
  await stores.users.create(sampleUser({ userId, email: `${userId}@example.org`, status: 'active' }));
  const process = (over: Partial<Pick<typeof stores, 'jobs' | 'webhooks'>> & { timeoutMs?: number } = {}) =>
    createWebhookServices({
      ...stores,
      jobs: over.jobs ?? stores.jobs,
      webhooks: over.webhooks ?? stores.webhooks,
      caller: createWebhookCaller({ ...receiver.caller, timeoutMs: over.timeoutMs }),
      audit: createAudit({ store: stores.audit, clock, ids, log }),
      clock,
      ids,
      log,
      tokenSecret: 'a token secret for tests, long enough',
    });
  const first = process();
  const who = { userId, role: 'user' } as const;
  const made: Webhook[] = [];
  for (let i = 0; i < hooks; i++) {
    const wish = { url: receiver.urlOf(`h${i}`), events: ['job.failed' as const] };
    made.push((await first.webhooks.create(who, wish)).webhook);
  }
  const running = async (): Promise<Job> => {
    const history = [{ state: 'running' as const, at: clock(), by: 'worker' }];
    const job = sampleJob({ jobId: ids.next(), ownerId: userId, state: 'running', history });
    await stores.jobs.create(job);
    return job;
  };
  const deliveries = async (i = 0) =>
    (await first.webhooks.deliveries(who, made[i].webhookId, { limit: 100 })).items;
  return { receiver, process, first, who, running, deliveries, made };
}

/** The change that ends a job. */
function failed(job: Job): Job {
  const now = clock();
  const entry = { state: 'failed' as const, at: now, by: 'step-functions' };
  return {
    ...job,
    state: 'failed',
    version: job.version + 1,
    updatedAt: now,
    history: [...job.history, entry],
  };
}

t.test('a broker that dies after it wrote the change: another one delivers when it is due', async (t) => {
  const { receiver, process, first, running, deliveries } = await setting(t);
  const job = await running();
  t.equal(await first.announcer.announced(stores.jobs).replace(failed(job)), true);
  t.match(
    await deliveries(),
    [{ state: 'prepared', attempts: [] }],
    'stored, and this process sends nothing more',
  );
  const another = process();
  await another.deliverer.tick();
  t.equal(receiver.received.length, 0, 'the first one may still be at it');
  clock.advance(31_000);
  await another.deliverer.tick();
  t.equal(receiver.received.length, 1);
  t.match(JSON.parse(receiver.received[0].body), { type: 'job.failed', data: { jobId: job.jobId } });
  t.match(await deliveries(), [{ state: 'delivered' }]);
  await first.deliverer.tick();
  t.equal(receiver.received.length, 1, 'and if the first one comes back, it is too late');
});

t.test('a broker that dies before it wrote the change: nothing is told', async (t) => {
  const { receiver, process, first, running, deliveries } = await setting(t);
  const job = await running();
  const dying = { ...stores.jobs, replace: () => Promise.reject(new Error('died')) };
  await t.rejects(first.announcer.announced(dying).replace(failed(job)), /died/);
  t.match(await deliveries(), [{ state: 'prepared' }]);
  clock.advance(31_000);
  await process().deliverer.tick();
  t.equal(receiver.received.length, 0);
  t.same(await deliveries(), [], 'dropped');
});

t.test('a change that another broker was faster with is told once, by that one', async (t) => {
  const { receiver, process, first, running, deliveries } = await setting(t);
  const other = process();
  const job = await running();
  const [mine, theirs] = [failed(job), failed(job)];
  clock.advance(1);
  const later = {
    ...theirs,
    updatedAt: clock(),
    history: [...job.history, { ...theirs.history[1], at: clock() }],
  };
  t.equal(await other.announcer.announced(stores.jobs).replace(later), true);
  t.equal(await first.announcer.announced(stores.jobs).replace(mine), false);
  for (const { deliverer } of [first, other]) await deliverer.tick();
  clock.advance(31_000);
  for (const { deliverer } of [first, other]) await deliverer.tick();
  t.equal(receiver.received.length, 1);
  t.match(await deliveries(), [{ state: 'delivered' }]);
});

t.test('a job that is deleted while its message waits: its end is told all the same', async (t) => {
  const { receiver, process, first, running, deliveries } = await setting(t);
  const [mine, theirs] = [await running(), await running()];
  // This process dies with its message prepared; another one, which never announced anything, deletes the job.
  t.equal(await first.announcer.announced(stores.jobs).replace(failed(mine)), true);
  const dying = { ...stores.jobs, replace: () => Promise.reject(new Error('died')) };
  await t.rejects(process().announcer.announced(dying).replace(failed(theirs)), /died/);
  clock.advance(1);
  const ended = { ...failed(theirs), state: 'canceled' as const };
  ended.history[1].state = 'canceled';
  t.equal(await stores.jobs.replace(ended), true);
  const another = process();
  for (const job of [failed(mine), ended]) {
    const stored = await stores.jobs.get(job.jobId);
    t.equal(await another.announcer.announced(stores.jobs).remove(stored as Job), true);
  }
  clock.advance(31_000);
  await another.deliverer.tick();
  t.same(
    receiver.received.map(({ body }) => JSON.parse(body).data.jobId),
    [mine.jobId],
    'the end that happened, and not the one that did not',
  );
  t.match(await deliveries(), [{ state: 'delivered' }]);
  t.equal((await deliveries()).length, 1);
});

t.test('a deletion that fails keeps the job, and can be repeated', async (t) => {
  const { receiver, process, first, running } = await setting(t);
  const job = await running();
  t.equal(await first.announcer.announced(stores.jobs).replace(failed(job)), true);
  const stored = (await stores.jobs.get(job.jobId)) as Job;
  const another = process();
  const control = cloud.control(HUB);
  await control.addFault({ service: 'dynamodb', operation: 'PutItem', kind: 'throttle' });
  await t.rejects(another.announcer.announced(stores.jobs).remove(stored), { code: 'unavailable' });
  await control.clearFaults();
  t.ok(await stores.jobs.get(job.jobId));
  t.equal(await another.announcer.announced(stores.jobs).remove(stored), true);
  t.equal(await another.announcer.announced(stores.jobs).remove(stored), false);
  clock.advance(31_000);
  await another.deliverer.tick();
  t.equal(receiver.received.length, 1);
});

t.test('a webhook is told of what happens once it is there, whichever process made it', async (t) => {
  const { receiver, process, who, first, running, made } = await setting(t);
  const other = process();
  const end = async (job: Job) => other.announcer.announced(stores.jobs).replace(failed(job));
  await end(await running());
  await other.deliverer.tick();
  t.equal(receiver.received.length, 1);
  // Nobody tells the other process of these changes, and no time passes.
  const wish = { url: receiver.urlOf('new'), events: ['job.failed' as const] };
  const { webhook } = await first.webhooks.create(who, wish);
  await end(await running());
  await other.deliverer.tick();
  t.equal(receiver.received.length, 3, 'the new one as well');
  await first.webhooks.update(who, made[0].webhookId, { enabled: false });
  await first.webhooks.remove(who, webhook.webhookId);
  await end(await running());
  await other.deliverer.tick();
  t.equal(receiver.received.length, 3, 'nobody listens any more');
  await first.webhooks.update(who, made[0].webhookId, { enabled: true });
  await end(await running());
  await other.deliverer.tick();
  t.equal(receiver.received.length, 4, 'enabled again');
});

t.test('several brokers at once call once per message', async (t) => {
  const { receiver, process, who, first, made } = await setting(t);
  for (let i = 0; i < 12; i++) await first.webhooks.test(who, made[0].webhookId);
  const others = Array.from({ length: 4 }, () => process());
  await Promise.all(others.map(({ deliverer }) => deliverer.tick()));
  t.equal(receiver.received.length, 12);
  t.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, 12);
});

t.test('a store that is away: neither the change nor the message, and later both', async (t) => {
  const { receiver, process, running } = await setting(t);
  const job = await running();
  const control = cloud.control(HUB);
  const { announcer, deliverer } = process();
  const announced = announcer.announced(stores.jobs);
  await control.addFault({ service: 'dynamodb', operation: 'Query', kind: 'throttle' });
  await t.rejects(announced.replace(failed(job)), { code: 'unavailable' });
  await control.clearFaults();
  t.equal((await stores.jobs.get(job.jobId))?.state, 'running');
  t.equal(await announced.replace(failed(job)), true);
  await deliverer.tick();
  t.equal(receiver.received.length, 1);
});

t.test('what refuses the messages holds the change up for three tries: it may pass', async (t) => {
  const { receiver, process, running } = await setting(t);
  let refused = false;
  const listByOwner: typeof stores.webhooks.listByOwner = async (...asked) => {
    if (refused) throw new Error('cannot be read');
    return stores.webhooks.listByOwner(...asked);
  };
  const { announcer, deliverer } = process({ webhooks: { ...stores.webhooks, listByOwner } });
  const announced = announcer.announced(stores.jobs);
  const healed = await running();
  refused = true;
  for (let i = 0; i < 3; i++) await t.rejects(announced.replace(failed(healed)), /cannot be read/);
  refused = false;
  t.equal((await stores.jobs.get(healed.jobId))?.state, 'running');
  t.equal(await announced.replace(failed(healed)), true);
  await deliverer.tick();
  t.equal(receiver.received.length, 1, 'told');

  const job = await running();
  refused = true;
  for (let i = 0; i < 3; i++) await t.rejects(announced.replace(failed(job)), /cannot be read/);
  t.equal(await announced.replace(failed(job)), true, 'the end of a job matters more');
  t.equal((await stores.jobs.get(job.jobId))?.state, 'failed');
  refused = false;
  await deliverer.tick();
  t.equal(receiver.received.length, 1);
});

t.test('a receiver that hangs holds up itself only', async (t) => {
  const { receiver, process, who, first, made } = await setting(t, 3);
  const impatient = process({ timeoutMs: 400 });
  for (let i = 0; i < 8; i++) await first.webhooks.test(who, made[0].webhookId);
  for (const { webhookId } of made.slice(1)) await first.webhooks.test(who, webhookId);
  const slow = `h0.hooks.example.org:${receiver.port}`;
  for (let i = 0; i < 20; i++) receiver.answers.push({ status: 200, hang: true });
  await impatient.deliverer.tick();
  const calls = receiver.received.filter(({ headers }) => headers['host'] === slow).length;
  t.ok(calls <= 2, `${calls} calls to the slow one, the others wait`);
  t.equal(receiver.received.length - calls, 2, 'the others were called');
  receiver.answers.length = 0;
  // Their rest, and the first pauses.
  for (let i = 0; i < 5; i++) {
    clock.advance(120_000);
    await impatient.deliverer.tick();
  }
  const log = await first.webhooks.deliveries(who, made[0].webhookId, { limit: 100 });
  t.equal(log.items.filter(({ state }) => state === 'delivered').length, 8, 'nothing is lost');
});
