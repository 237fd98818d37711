/**
 * A thousand open tabs cost the store nothing while nothing changes, and one read per change and group of tabs that
 * look at the same. Two brokers on one table; time is moved by hand, and every read is counted.
 */

import type { BatchGetCommand, GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import t from 'tap';
import { FRESH_MS, LOOK_MS } from '../../services/clockwork/news.ts';
import { type Broker, broker } from '../helpers/http.ts';
import { sampleJob, sampleUser } from '../helpers/samples.ts';
import { newTable } from '../helpers/table.ts';

const HUB = '111111111111';
const PEOPLE = 125;
const STREAMS = 6;
const POLLING = 2;

const table = await newTable(HUB);
/** What was read, by the beginning of the partition. */
let reads: string[] = [];
table.documents.middlewareStack.add(
  (next) => async (call) => {
    const { input } = call as {
      input: GetCommand['input'] & QueryCommand['input'] & BatchGetCommand['input'];
    };
    const keys = Object.values(input.RequestItems ?? {}).flatMap(({ Keys = [] }) => Keys);
    const partition = input.ExpressionAttributeValues?.[':pk'];
    if (partition !== undefined) reads.push(String(partition));
    else
      for (const key of input.RequestItems ? keys : [input.Key ?? {}])
        if (key['pk']) reads.push(String(key['pk']));
    return next(call);
  },
  { step: 'initialize' },
);
/** What processes read for themselves, whoever looks. */
const OF_PROCESSES = ['NEWS', 'BROKERS', 'LEASES'];
const forTabs = (): string[] => reads.filter((partition) => !OF_PROCESSES.includes(partition));
const ofProcesses = (): number => reads.length - forTabs().length;

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
/** What was begun by a timer or by news has ended. */
async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
}
async function pass(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await second();
}

/** A person with an open job, a token, and tabs. */
async function person(b: Broker, index: number) {
  const userId = `01JGK0000000000000000TAB${String(index).padStart(2, '0')}`.slice(0, 26);
  const id = `P${String(index).padStart(4, '0')}`;
  await b.userStore.create(sampleUser({ userId: `${userId}${id}`, email: `${id}@example.org` }));
  const now = b.clock();
  const job = sampleJob({
    jobId: `JOB${id}`,
    ownerId: `${userId}${id}`,
    createdAt: now,
    updatedAt: now,
    dueAt: now + 1e9,
  });
  await b.jobStore.create(job);
  const token = await b.signer.sign({ userId: job.ownerId, use: 'access' }, now, now + 3_600_000);
  const tabs: Tab[] = [];
  for (let i = 0; i < STREAMS; i++) tabs.push(await streaming(b, token));
  for (let i = 0; i < POLLING; i++) tabs.push(await polling(b, token, job.jobId));
  return { job, token, tabs };
}

interface Tab {
  /** Looks again, if that is how the tab finds news. */
  poll(): Promise<void>;
  /** What it shows of the job. */
  state(): string | undefined;
  close(): void;
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

t.test('1,000 tabs: nothing is read while nothing changes, and once per change and group', async (t) => {
  // Both know each other, and tell what they write.
  one.news.fresh();
  two.news.fresh();
  await pass(12);
  const people: Awaited<ReturnType<typeof person>>[] = [];
  for (let i = 0; i < PEOPLE; i++) people.push(await person(one, i));
  const tabs = people.flatMap((each) => each.tabs);
  t.equal(tabs.length, 1_000);
  await pass(3);
  t.ok(one.news.fresh());
  const pollAll = async (): Promise<void> => {
    for (const tab of tabs) await tab.poll();
    await settled();
  };

  await t.test('idle', async (t) => {
    await pollAll();
    reads = [];
    for (let round = 0; round < 2; round++) {
      await pass(30);
      await pollAll();
    }
    t.same(forTabs(), [], 'a minute of a thousand tabs reads nothing');
    t.equal(ofProcesses() <= 2 * 60 * 2, true, `${ofProcesses()} reads of the processes themselves`);
  });

  await t.test('the same broker changes jobs', async (t) => {
    reads = [];
    for (const { job } of people.slice(0, 10)) {
      await one.jobStore.replace({ ...job, version: 2, state: 'starting', updatedAt: one.clock() });
    }
    await settled();
    t.same(forTabs(), [], 'who follows is told without a read');
    for (const { tabs } of people.slice(0, 10)) t.equal(tabs[0].state(), 'starting');
    await pollAll();
    t.equal(forTabs().length, 10, 'one for the tabs of a person that ask again');
    for (const { tabs } of people.slice(0, 10))
      t.same(
        tabs.map((tab) => tab.state()),
        Array(8).fill('starting'),
      );
  });

  await t.test('another broker changes jobs', async (t) => {
    reads = [];
    for (const { job } of people.slice(20, 40)) {
      await two.jobStore.replace({ ...job, version: 2, state: 'running', updatedAt: two.clock() });
    }
    await pass(FRESH_MS / LOOK_MS);
    t.equal(forTabs().length, 20, 'one for all streams of a person');
    for (const { tabs } of people.slice(20, 40)) t.equal(tabs[0].state(), 'running');
    await pollAll();
    t.equal(forTabs().length, 40, 'and one for those that ask again');
    for (const { tabs } of people.slice(20, 40))
      t.same(
        tabs.map((tab) => tab.state()),
        Array(8).fill('running'),
      );
    await pass(30);
    await pollAll();
    t.equal(forTabs().length, 40);
  });

  await t.test('an account that another broker closes is shut out without being asked about', async (t) => {
    const [{ job, token, tabs }] = people.slice(50);
    reads = [];
    await two.identity.disable({ userId: 'somebody', role: 'admin' }, job.ownerId);
    await pass(3);
    const answer = await one.app.inject({ url: '/api/job', headers: { authorization: `Bearer ${token}` } });
    t.equal(answer.statusCode, 401);
    reads = [];
    await pass(10);
    t.ok(forTabs().length <= 1, 'and its streams end');
    t.equal(tabs.length, STREAMS + POLLING);
  });

  for (const tab of tabs) tab.close();
});
