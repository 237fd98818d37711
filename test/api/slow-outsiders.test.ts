/** Receivers, accounts and mail servers that answer slowly or not at all: the process that asks them is well. */
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { createHeld } from '../../services/clockwork/held.ts';
import { createTicker } from '../../services/clockwork/ticker.ts';
import { createLateRepair } from '../../services/jobs/late-repair.ts';
import { createMoves } from '../../services/jobs/moves.ts';
import { createOutbox } from '../../services/mail/outbox.ts';
import { CloudError } from '../../services/ports.ts';
import { createUnitWatch } from '../../services/units/watch.ts';
import { createWebhookServices } from '../../services/webhooks/services.ts';
import { createIds } from '../../src/aws/ids.ts';
import { storesOn } from '../../src/aws/stores/stores.ts';
import { createLoop, type LoopDeps } from '../../src/loop.ts';
import { eventually } from '../helpers/eventually.ts';
import { createMemoryLog } from '../helpers/memory-log.ts';
import { createMemoryTable } from '../helpers/memory-table.ts';
import { sampleJob, sampleUnit, sampleUser } from '../helpers/samples.ts';

/** The other side takes this long for each answer: all together far longer than a loop may stand still. */
const SLOW_MS = 300_000;

/** One process whose clock goes on while the other side thinks. */
async function processBeside() {
  let now = 1_700_000_000_000;
  const clock = () => now;
  const log = createMemoryLog();
  const stores = storesOn(createMemoryTable(log), clock);
  await stores.users.create(sampleUser({ userId: 'owner', email: 'o@example.org', status: 'active' }));
  const seen = { asked: 0, atOnce: 0, most: 0, unwell: 0 };
  let isWell = (): boolean => true;
  async function slowly(): Promise<void> {
    seen.most = Math.max(seen.most, ++seen.atOnce);
    const until = now + SLOW_MS;
    await pause(1);
    now = Math.max(now, until);
    if (!isWell()) seen.unwell++;
    seen.asked++;
    seen.atOnce--;
  }
  return {
    clock,
    log,
    stores,
    slowly,
    async hangs(): Promise<never> {
      await slowly();
      throw new CloudError('unavailable', 'DescribeExecution', 'TimeoutError', 'no answer');
    },
    async runs(ticker: LoopDeps['ticker'], count: number) {
      const loop = createLoop({ ticker, clock, log });
      isWell = () => loop.healthy() && !loop.stuck();
      loop.start();
      await eventually(() => seen.asked >= count);
      const found = { ...seen };
      await loop.stop();
      return found;
    },
  };
}

t.test('30 messages to one slow receiver leave the process well', async (t) => {
  const { clock, log, stores, slowly, runs } = await processBeside();
  const who = { userId: 'owner', role: 'user' } as const;
  const hooks = createWebhookServices({
    ...stores,
    caller: {
      refusal: async () => undefined,
      async post() {
        await slowly();
        return { status: 200 };
      },
    },
    audit: { record: async () => {} },
    clock,
    ids: createIds(clock),
    log,
    tokenSecret: 'a token secret for tests, long enough',
  });
  const wish = { url: 'https://hooks.example.org/', events: ['job.lost' as const] };
  const { webhook } = await hooks.webhooks.create(who, wish);
  for (let i = 0; i < 30; i++) await hooks.webhooks.test(who, webhook.webhookId);
  t.match(await runs(hooks.deliverer, 30), { unwell: 0, most: 2 });
});

t.test('units, in lanes, in a region that hangs leave the process well', async (t) => {
  const { clock, log, stores, hangs, runs } = await processBeside();
  for (let i = 0; i < 12; i++) {
    const stateMachineArn = `arn:aws:states:us-east-1:222222222222:stateMachine:m${i}`;
    const unit = { unitId: `U${i}`, ownerId: 'owner', stateMachineArn, nextCheckAt: clock() };
    await stores.units.put(sampleUnit({ ...unit, status: 'unreachable' }));
  }
  const never = (): never => {
    throw new Error('no test job is begun');
  };
  const watch = createUnitWatch({
    ...stores,
    cloud: { forget() {} },
    check: hangs,
    checkTrust: hangs,
    canary: { begin: never, look: never, clear: never },
    audit: { record: async () => {} },
    clock,
    log,
  });
  t.match(await runs(watch, 12), { unwell: 0, most: 4 });
});

t.test('lost jobs, in lanes, of an account that hangs leave the process well', async (t) => {
  const { clock, log, stores, hangs, runs } = await processBeside();
  await stores.units.put(sampleUnit({ unitId: 'U0', ownerId: 'owner' }));
  for (let i = 0; i < 12; i++) {
    const times = { lookAgainAt: clock(), finishedAt: clock(), dueAt: undefined };
    await stores.jobs.create(sampleJob({ jobId: `L${i}`, unitId: 'U0', state: 'lost', ...times }));
  }
  const repair = createLateRepair({
    ...stores,
    cloud: { describeExecution: hangs, stopExecution: hangs },
    moves: createMoves({ jobs: stores.jobs, clock }),
    ticker: { nudge() {} },
    mine: () => true,
    clock,
    log,
  });
  t.match(await runs(repair, 12), { unwell: 0, most: 4 });
});

t.test('jobs of units that hang leave the process well', async (t) => {
  const { clock, log, stores, slowly, runs } = await processBeside();
  for (let i = 0; i < 80; i++) {
    await stores.jobs.create(sampleJob({ jobId: `J${i}`, state: 'queued', dueAt: clock() }));
  }
  const ticker = createTicker({
    jobs: stores.jobs,
    start: slowly,
    observe: async () => undefined,
    sweep: { sift: async (due) => [...due] },
    poison: { mayTry: () => true, waiting: () => 0, cleared() {}, failed: async () => {} },
    quarantine: { admit: async (jobIds) => jobIds, waiting: () => 0 },
    held: createHeld(clock),
    moves: createMoves({ jobs: stores.jobs, clock }),
    clock,
    timers: { after: () => () => {} },
    ids: { random: () => 0.5 },
    log,
  });
  t.match(await runs(ticker, 50), { unwell: 0, most: 8 });
});

t.test('mail, in lanes, that a server takes its time for leaves the process well', async (t) => {
  const { clock, log, stores, slowly, runs } = await processBeside();
  const outbox = createOutbox({
    mails: stores.mails,
    users: stores.users,
    passwordActs: { noteReset: async () => {}, mailedCode: async () => undefined },
    mailer: {
      async send() {
        await slowly();
        return { state: 'sent' };
      },
    },
    place: () => 'https://broker.test',
    clock,
    log,
  });
  for (let i = 0; i < 12; i++) {
    const mail = { mailId: `approved-${i}`, kind: 'approved', userId: 'owner', state: 'waiting' } as const;
    await stores.mails.create({ ...mail, tries: 0, dueAt: clock(), createdAt: clock(), version: 1 });
  }
  t.match(await runs(outbox, 12), { unwell: 0, most: 4 });
});
