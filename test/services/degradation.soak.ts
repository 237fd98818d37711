/**
 * What the broker does while a service of AWS is down, slow or throttles: requests are answered with 503 or with what
 * is known, nothing is half written, and all resumes by itself. One test for each service and each kind.
 */
import { ListExecutionsCommand } from '@aws-sdk/client-sfn';
import t, { type Test } from 'tap';
import type { FaultInput } from '../../infra/local/faults.ts';
import { jobToken } from '../../services/jobs/token.ts';
import { createSessions } from '../../src/aws/accounts/sessions.ts';
import { createUnitCloud } from '../../src/aws/accounts/unit-cloud.ts';
import { createAwsClients } from '../../src/aws/clients.ts';
import { storesOn } from '../../src/aws/stores/stores.ts';
import { createCursors } from '../../src/aws/table/cursor.ts';
import { createItemTable } from '../../src/aws/table/item-table.ts';
import { AppError } from '../../src/errors.ts';
import type { Job } from '../../src/schemas/job.ts';
import { BEHAVIOUR, type Brain, startBrain, TOKEN_SECRET } from '../helpers/brain.ts';
import { HUB, REGION, RESEARCHER, startTestCloud, type TestCloud } from '../helpers/cloud.ts';

const usual = await startTestCloud(t);
const END = ['succeeded', 'failed', 'canceled', 'lost'];

/** The same cloud, asked by clients that wait for a second at most: slow is then too slow. */
const clients = createAwsClients({
  region: REGION,
  endpoint: usual.endpoint,
  credentials: usual.baseCredentials,
  timeouts: { connectMs: 500, answerMs: 400 },
});
t.teardown(() => clients.close());
const { documents, sts } = clients;
const { clock, log, platform, baseCredentials } = usual;
const sessions = createSessions({ sts, baseCredentials, platform, clock });
const table = createItemTable({ documents, tableName: 'cloudmr', cursors: createCursors('secret'), log });
const cloud: TestCloud = {
  ...usual,
  clients,
  sessions,
  table,
  stores: storesOn(table, clock),
  unitCloud: createUnitCloud({ clients, sessions, clock }),
};

type Kind = 'down' | 'slow' | 'throttling';
/** Slow: later than the clients wait, and the effect is there. */
const KINDS: Readonly<Record<Kind, Pick<FaultInput, 'kind' | 'delayMs'>>> = {
  down: { kind: 'timeout_before' },
  slow: { kind: 'late', delayMs: 700 },
  throttling: { kind: 'throttle' },
};

async function trouble(service: FaultInput['service'], kind: Kind, operation = '*'): Promise<void> {
  await cloud.control(HUB).addFault({ service, operation, ...KINDS[kind] });
}
async function over(): Promise<void> {
  await cloud.control(HUB).clearFaults();
}
async function tick(brain: Brain, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await brain.ticker.tick().catch((error: unknown) => {
      if (!(error instanceof AppError) || error.code !== 'unavailable') throw error;
    });
    cloud.clock.advance(5_000);
  }
}
/** Executions that there are; the same StartExecution again makes none. */
async function executions(brain: Brain): Promise<number> {
  const { clients: root, credentials } = cloud.rootClients(RESEARCHER);
  const sfn = root.sfn(await credentials(), REGION);
  const found = await sfn.send(new ListExecutionsCommand({ stateMachineArn: brain.unit.stateMachineArn }));
  return found.executions?.length ?? 0;
}
const is503 = { name: 'AppError', code: 'unavailable', status: 503 };

for (const kind of ['down', 'slow', 'throttling'] as const) {
  t.test(
    `store ${kind}: 503 for every request, whole jobs or none, and the work resumes`,
    async (t: Test) => {
      const brain = await startBrain(t, cloud);
      const running = await brain.queue();
      await brain.until(running.jobId, ['running']);
      const before = (await brain.jobs.listByOwner(brain.owner.userId, { limit: 200 })).items.length;
      await trouble('dynamodb', kind);
      await t.rejects(brain.queue(`key ${kind}`), is503);
      await t.rejects(brain.users.get(brain.owner, running.jobId), is503);
      await t.rejects(brain.users.cancel(brain.owner, running.jobId), is503);
      await tick(brain, 1);
      await over();
      const listed = (await brain.jobs.listByOwner(brain.owner.userId, { limit: 200 })).items;
      const again = await brain.queue(`key ${kind}`);
      const now = (await brain.jobs.listByOwner(brain.owner.userId, { limit: 200 })).items;
      t.ok(listed.length - before <= 1, 'a slow store may have taken it');
      t.equal(now.length, before + 1, 'and the same key is the same job');
      t.equal((await brain.until(again.jobId, ['running', ...END])).state, 'running');
      t.match((await brain.jobs.get(running.jobId))?.state, /running|canceling|canceled/);
      t.equal(await executions(brain), 2, 'each once');
    },
  );

  for (const [service, name] of [
    ['sts', 'STS'],
    ['states', 'Step Functions'],
    ['s3', 'S3'],
  ] as const) {
    t.test(
      `${name} ${kind}: submits are taken, what is known is told, and jobs end by themselves`,
      async (t: Test) => {
        const brain = await startBrain(t, cloud);
        await brain.behave(BEHAVIOUR.succeeds);
        const ended = await brain.queue();
        await brain.writeResult(ended);
        await brain.until(ended.jobId, END);
        sessions.forget(brain.unit.unitId);
        await trouble(service, kind);
        const job = await brain.queue();
        t.equal(job.state, 'queued', 'a submit needs only the store');
        await tick(brain, 2);
        const waiting = await brain.jobs.get(job.jobId);
        t.match(waiting?.state, /queued|starting|running/, 'nothing is said to have failed');
        t.equal(
          (await brain.users.get(brain.owner, ended.jobId)).state,
          'succeeded',
          'what is known is told',
        );
        if (service === 'sts') await t.rejects(brain.users.download(brain.owner, ended.jobId, 60), is503);
        await over();
        await brain.writeResult(job);
        const after = await brain.until(job.jobId, END, 120);
        t.equal(after.state, 'succeeded', `ended: ${after.failure?.message}`);
        t.equal(after.attempt, 0);
        t.equal(await executions(brain), 2, 'each once');
        t.equal(after.history.filter(({ state }) => END.includes(state)).length, 1, 'ended once');
        const { url } = await brain.users.download(brain.owner, ended.jobId, 60);
        t.match(url, /X-Amz-Signature/);
      },
    );
  }
}

t.test('S3 away as a run ends: the job waits for the look at its result, and then has it', async (t) => {
  for (const kind of ['down', 'slow', 'throttling'] as const) {
    const brain = await startBrain(t, cloud);
    await brain.behave(BEHAVIOUR.succeeds);
    const job = await brain.queue();
    await brain.writeResult(job);
    await brain.ticker.tick();
    await cloud.control(RESEARCHER).addFault({ service: 's3', operation: 'HeadObject', ...KINDS[kind] });
    cloud.clock.advance(30_000);
    await tick(brain, 2);
    t.match(
      (await brain.jobs.get(job.jobId))?.state,
      /starting|running/,
      `${kind}: not failed for want of a look`,
    );
    await over();
    t.equal((await brain.until(job.jobId, END, 60)).state, 'succeeded', kind);
  }
});

t.test(
  'callbacks that come while a service is away: nothing is failed for it, and each job ends once',
  async (t) => {
    for (const kind of ['down', 'slow', 'throttling'] as const) {
      for (const service of ['dynamodb', 'sts', 'states', 's3'] as const) {
        const what = `${service} ${kind}`;
        const brain = await startBrain(t, cloud);
        await brain.behave(BEHAVIOUR.succeeds);
        const { jobId } = await brain.queue();
        await brain.writeResult((await brain.jobs.get(jobId)) as Job);
        await brain.ticker.tick();
        await brain.executionEnds(jobId);
        sessions.forget(brain.unit.unitId);
        await trouble(service, kind);
        const token = jobToken(TOKEN_SECRET, jobId, 0);
        const told = brain.callbacks.ended(jobId, token, 'succeeded');
        if (service === 'dynamodb') await t.rejects(told, is503, what);
        else t.match((await told).state, /starting|running/, `${what}: heard, and not yet confirmed`);
        await over();
        const after = await brain.until(jobId, END, 60);
        t.match(after, { state: 'succeeded', attempt: 0, failure: undefined }, what);
        t.equal(after.history.filter(({ state }) => END.includes(state)).length, 1, `${what}: once`);
        t.equal((await brain.callbacks.ended(jobId, token, 'succeeded')).version, after.version, what);
      }
    }
  },
);
