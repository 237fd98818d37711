/**
 * A thousand open tabs of people who follow a job each, by streams and by asking again with their ETag: on one of two
 * brokers that share a table, with time moved by hand and every read of the table counted.
 */
import type {
  BatchGetCommand,
  DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
} from '@aws-sdk/lib-dynamodb';
import type { Job } from '../../src/schemas/job.ts';
import { type Broker, broker } from './http.ts';
import { sampleJob, sampleUser } from './samples.ts';

export const PEOPLE = 125;
export const STREAMS = 6;
export const POLLING = 2;
/** What processes read for themselves, whoever looks. */
const OF_PROCESSES = ['NEWS', 'BROKERS', 'LEASES'];

export interface Tab {
  /** Looks again, if that is how the tab finds news. */
  poll(): Promise<void>;
  /** What it shows of the job. */
  state(): string | undefined;
  close(): void;
}

export interface Follower {
  readonly job: Job;
  readonly token: string;
  /** Streams first. */
  readonly tabs: readonly Tab[];
}

export type Tabs = Awaited<ReturnType<typeof openTabs>>;

/** Opens them, and waits until both brokers know of each other. */
export async function openTabs(
  t: { teardown(close: () => Promise<void>): unknown },
  table: { tableName: string; documents: DynamoDBDocumentClient },
) {
  const reads = countReads(table.documents);
  const [one, two] = [await broker(t, { table }), await broker(t, { table })];
  let seconds = 0;

  /** A second on both; what is due by then happens. */
  async function second(): Promise<void> {
    seconds++;
    for (const each of [one, two]) {
      each.pass(1_000);
      if (seconds % 2 === 0) await each.shares.tick();
      await each.news.tick();
      for (const ms of [3_000, 10_000, 15_000]) if ((1_000 * seconds) % ms === 0) each.timers.fire(ms);
    }
    await settled();
  }
  async function pass(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await second();
  }

  one.news.fresh();
  two.news.fresh();
  await pass(12);
  const people: Follower[] = [];
  for (let i = 0; i < PEOPLE; i++) people.push(await follower(one, i));
  const tabs = people.flatMap((each) => each.tabs);
  await pass(3);
  if (!one.news.fresh()) throw new Error('the brokers do not know of each other');
  return {
    one,
    two,
    people,
    tabs,
    pass,
    settled,
    reads,
    /** All that ask again do so once. */
    async pollAll(): Promise<void> {
      for (const tab of tabs) await tab.poll();
      await settled();
    },
    close(): void {
      for (const tab of tabs) tab.close();
    },
  };
}

/** What was begun by a timer or by news has ended. */
async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Reads of a client, by the beginning of what was asked for. */
function countReads(documents: DynamoDBDocumentClient) {
  let reads: string[] = [];
  documents.middlewareStack.add(
    (next) => async (call) => {
      const { input } = call as {
        input: GetCommand['input'] & QueryCommand['input'] & BatchGetCommand['input'];
      };
      const partition = input.ExpressionAttributeValues?.[':pk'];
      const keys = input.RequestItems
        ? Object.values(input.RequestItems).flatMap(({ Keys = [] }) => Keys)
        : [input.Key ?? {}];
      if (partition !== undefined) reads.push(String(partition));
      else for (const key of keys) if (key['pk']) reads.push(String(key['pk']));
      return next(call);
    },
    { step: 'initialize' },
  );
  const forTabs = (): string[] => reads.filter((partition) => !OF_PROCESSES.includes(partition));
  return {
    forTabs,
    ofProcesses: (): number => reads.length - forTabs().length,
    clear(): void {
      reads = [];
    },
  };
}

/** A person with an open job, a token, and tabs. */
async function follower(b: Broker, index: number): Promise<Follower> {
  const userId = `01JGK0000000000000000TAB${String(index).padStart(2, '0')}`.slice(0, 26);
  const id = `P${String(index).padStart(4, '0')}`;
  await b.userStore.create(sampleUser({ userId: `${userId}${id}`, email: `${id}@example.org` }));
  const now = b.clock();
  const times = { createdAt: now, updatedAt: now, dueAt: now + 1e9 };
  const job = sampleJob({ jobId: `JOB${id}`, ownerId: `${userId}${id}`, ...times });
  await b.jobStore.create(job);
  const token = await b.signer.sign({ userId: job.ownerId, use: 'access' }, now, now + 3_600_000);
  const tabs: Tab[] = [];
  for (let i = 0; i < STREAMS; i++) tabs.push(await streaming(b, token));
  for (let i = 0; i < POLLING; i++) tabs.push(await polling(b, token, job.jobId));
  return { job, token, tabs };
}

async function streaming(b: Broker, token: string): Promise<Tab> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await b.app.inject({ url: '/api/job/events', headers, payloadAsStream: true });
  if (answer.statusCode !== 200) throw new Error(answer.body);
  let text = '';
  const body = answer.stream().on('data', (data) => {
    text += data;
  });
  return {
    poll: async () => {},
    state: () => JSON.parse([...text.matchAll(/^data: (.*)$/gm)].at(-1)?.[1] ?? '{}').state,
    close: () => body.destroy(),
  };
}

async function polling(b: Broker, token: string, jobId: string): Promise<Tab> {
  let etag = 'none';
  let state: string | undefined;
  const poll = async (): Promise<void> => {
    const headers = { authorization: `Bearer ${token}`, 'if-none-match': etag };
    const answer = await b.app.inject({ url: `/api/job/${jobId}`, headers });
    etag = String(answer.headers.etag);
    if (answer.statusCode === 200) state = answer.json().state;
    else if (answer.statusCode !== 304) throw new Error(answer.body);
  };
  await poll();
  return { poll, state: () => state, close: () => {} };
}
