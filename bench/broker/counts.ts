/**
 * What 1,000 jobs on 5 units within an hour cost in calls to AWS. The jobs are real to the broker: submitted over
 * its API, started with StartExecution, observed, their results signed for download. The clock is moved.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Job } from '../../src/schemas/job.ts';
import { lessIsBetter, type Row } from './row.ts';
import { openScene, type Person, RESULT_SHA256, type Scene, submission } from './scene.ts';

const UNITS = 5;
const ROUNDS = 20;
/** Between two rounds, moved in two halves: 20 rounds are 50 minutes. */
const ROUND_MS = 150_000;
/** AssumeRole calls of one look at the trust of a role: with the ID, without it, and twice with a wrong one. */
const CALLS_PER_CHECK = 4;
const WRITES = new Set(['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem', 'TransactWriteItems']);

/** Rows of bar B6. */
export async function countRows(jobs = 1_000): Promise<Row[]> {
  const scene = await openScene({ people: UNITS });
  const clients = new Map(scene.persons.map(({ unit }) => [unit.unitId, s3Of(scene, unit.awsAccountId)]));
  try {
    scene.loop.start();
    await scene.control.clearCalls();
    for (let round = 0; round < ROUNDS; round++) {
      const jobIds: [Person, string][] = [];
      for (let i = 0; i < jobs / ROUNDS; i++) {
        const person = scene.persons[i % UNITS];
        jobIds.push([person, await queue(scene, person, clients.get(person.unit.unitId) as S3Client)]);
      }
      await until(scene, jobIds, ({ executionArn }) => executionArn !== undefined);
      scene.pass(ROUND_MS / 2);
      await until(scene, jobIds, ({ state }) => state === 'succeeded');
      for (const [person, jobId] of jobIds) await get(scene, person, `/api/job/${jobId}/result`);
      scene.pass(ROUND_MS / 2);
    }
    return await rowsOf(scene, jobs);
  } finally {
    for (const client of clients.values()) client.destroy();
    await scene.close();
  }
}

async function rowsOf(scene: Scene, jobs: number): Promise<Row[]> {
  const calls = await scene.control.calls();
  const count = (of: (row: (typeof calls)[number]) => boolean): number =>
    calls.filter(of).reduce((sum, row) => sum + row.count, 0);
  const writes = count(({ service, operation }) => service === 'dynamodb' && WRITES.has(operation));
  const assumed = count(({ operation }) => operation === 'AssumeRole');
  const uses = await sessionUses(scene);
  const sessions = [...uses.sessions.values()].reduce((sum, times) => sum + times, 0);
  const others = assumed - sessions;
  return [
    lessIsBetter({
      name: 'AssumeRole per unit, purpose and owner',
      ours: Math.max(...uses.sessions.values()),
      other: 1,
      floor: 1,
      unit: 'calls',
      note: `the most of ${uses.sessions.size}: ${[...uses.purposes].join(', ')}; ${jobs} jobs in 50 minutes`,
    }),
    lessIsBetter({
      name: 'AssumeRole of trust re-checks',
      ours: others,
      other: UNITS * 4 * CALLS_PER_CHECK,
      floor: 1,
      unit: 'calls',
      note: `allowed: one look of ${CALLS_PER_CHECK} calls per unit in 15 minutes`,
    }),
    lessIsBetter({
      name: 'DynamoDB writes per job, submit to settled',
      ours: writes / jobs,
      other: 5,
      floor: 1,
      unit: 'writes',
      note: `${writes} write requests in all, sessions' audit entries and checks of units included`,
    }),
  ];
}

/** How often each session was opened, as the audit trails of the owners say. */
async function sessionUses({ persons, stores }: Scene) {
  const sessions = new Map<string, number>();
  const purposes = new Set<string>();
  for (const { userId } of persons) {
    let cursor: string | undefined;
    do {
      const page = await stores.audit.listByOwner(userId, { limit: 100, cursor });
      for (const { action, subject } of page.items) {
        const purpose = /^session\.(.+)/.exec(action)?.[1];
        if (purpose === undefined || /^(trust|check)$|\.uses$/.test(purpose)) continue;
        purposes.add(purpose);
        const key = `${userId} ${subject} ${purpose}`;
        sessions.set(key, (sessions.get(key) ?? 0) + 1);
      }
      cursor = page.cursor;
    } while (cursor);
  }
  return { sessions, purposes };
}

async function queue(scene: Scene, person: Person, s3: S3Client): Promise<string> {
  const answer = await scene.app.inject({
    method: 'POST',
    url: '/api/task/queue',
    headers: { authorization: person.authorization },
    payload: submission(person, 'bench'),
  });
  if (answer.statusCode !== 202) throw new Error(answer.body);
  const { jobId } = answer.json();
  const job = await scene.stores.jobs.get(jobId);
  if (!job) throw new Error(`${jobId} is not stored`);
  // What the worker would leave.
  const { bucket, key } = job.result;
  const metadata = { sha256: RESULT_SHA256, 'job-id': jobId };
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'zip!', Metadata: metadata }));
  return jobId;
}

async function get(scene: Scene, { authorization }: Person, url: string): Promise<void> {
  const answer = await scene.app.inject({ url, headers: { authorization } });
  if (answer.statusCode !== 200) throw new Error(answer.body);
}

async function until(
  { stores }: Scene,
  jobs: readonly [Person, string][],
  reached: (job: Job) => boolean,
): Promise<void> {
  const waiting = new Set(jobs.map(([, jobId]) => jobId));
  for (const limit = performance.now() + 60_000; waiting.size > 0; await pause(50)) {
    for (const jobId of waiting) {
      const job = await stores.jobs.get(jobId);
      if (job && reached(job)) waiting.delete(jobId);
      else if (performance.now() > limit || job?.state === 'failed') {
        throw new Error(
          `${jobId} is ${job?.state}: ${JSON.stringify(job?.history)} ${job?.failure?.message}`,
        );
      }
    }
  }
}

function s3Of({ endpoint, cloud }: Scene, accountId: string): S3Client {
  const credentials = cloud.rootCredentials(accountId);
  return new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
}
