/**
 * B3: every page of the console of an administrator with 10,000 jobs, 500 computing units, 2,000 files and 1,000 people,
 * beside that of a broker with ten of each. What a page asks of the broker and of its table must not grow with them,
 * nor what it draws; how long it took to be there is printed, and left to people, because machines are busy.
 */
import type { Page } from 'playwright-core';
import t from 'tap';
import { noBrowser, openBrowser } from '../helpers/browser.ts';
import { signInAt } from '../helpers/console.ts';
import { type Broker, broker, MODE_1, PASSWORD, type Person } from '../helpers/http.ts';
import { sampleJob, sampleUnit, sampleUser } from '../helpers/samples.ts';

const FEW = { jobs: 10, units: 10, files: 10, people: 10 };
const MANY = { jobs: 10_000, units: 500, files: 2_000, people: 1_000 };
const EMAIL = 'ada@example.org';
const LANES = 40;
const ROUNDS = 3;
/** Rows that a page draws. */
const MOST_ROWS = 25;
const PAGES = [
  '',
  '/jobs',
  '/jobs/JOB',
  '/jobs/new',
  '/files',
  '/units',
  '/units/UNIT',
  '/units/connect',
  '/costs',
  '/compare',
  '/settings',
  '/admin',
  '/admin/units',
  '/admin/operations',
  '/admin/audit',
];

t.setTimeout(600_000);

t.test('B3: pages cost the same with ten thousand jobs as with ten', { skip: noBrowser }, async (t) => {
  const few = await lookAt(t, FEW);
  const many = await lookAt(t, MANY);
  t.comment('page            requests  reads of the table  bytes of answers  ms, median (few / many)');
  for (const [i, path] of PAGES.entries()) {
    const [a, b] = [few[i], many[i]];
    const name = path || '/';
    t.comment(
      `${name.padEnd(18)}${a.requests.length} / ${b.requests.length}`.padEnd(30),
      `${a.reads} / ${b.reads}`.padEnd(18),
      `${a.bytes} / ${b.bytes}`.padEnd(20),
      `${a.ms} / ${b.ms} (${(b.ms / a.ms).toFixed(2)}x)`,
    );
    t.ok(b.rows <= MOST_ROWS, `${name} draws a page: ${b.rows} rows`);
    if (path !== '/costs')
      t.ok(b.reads <= a.reads + 1, `${name}: ${b.reads} reads of the table, with ten ${a.reads}`);
    // Costs add up page after page, and name their units, behind what is shown; how far is bounded.
    if (path === '/costs') t.ok(b.requests.length <= 27, `costs of many: ${b.requests.length} requests`);
    else t.same(b.requests.toSorted(), a.requests.toSorted(), `${name}: the same requests`);
  }
});

/** All pages of a broker of its own, with so many of everything. */
async function lookAt(t: Parameters<typeof broker>[0] & Parameters<typeof openBrowser>[0], many: typeof FEW) {
  const made = await broker(t, { bucketOrigins: ['http://127.0.0.1:9'] });
  const admin = await made.administrator();
  await admin.post('/api/computing-unit/register', MODE_1);
  const ada = await made.person(EMAIL);
  await admin.put(`/api/admin/users/${ada.userId}/role`, { role: 'admin' });
  await seed(made, ada, many);
  const url = await made.app.listen({ port: 0, host: '127.0.0.1' });
  return look(t, url, ada, countedReads(made));
}

interface Seen {
  readonly requests: readonly string[];
  readonly reads: number;
  readonly bytes: number;
  readonly rows: number;
  /** From the address to a page that shows its data, median. */
  readonly ms: number;
}

/** Counts requests to the table. */
function countedReads({ documents }: Broker): { now: number } {
  const count = { now: 0 };
  documents.middlewareStack.add((next, context) => (call) => {
    if (/^(Query|GetItem|BatchGet)/.test(context.commandName ?? '')) count.now++;
    return next(call);
  });
  return count;
}

async function look(
  t: Parameters<typeof openBrowser>[0],
  url: string,
  { userId, email }: Person,
  reads: { now: number },
): Promise<Seen[]> {
  const { page, context } = await openBrowser(t);
  page.setDefaultTimeout(60_000);
  await signInAt(page, url, email, PASSWORD);
  const seen: Seen[] = [];
  for (const path of PAGES) {
    const address = `${url}/console${path.replace('JOB', jobOf(userId, 5)).replace('UNIT', unitOf(userId, 5))}`;
    const rounds: Seen[] = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await once(page, address, reads));
    rounds.sort((a, b) => a.ms - b.ms);
    // How many reads share a request is a matter of the moment.
    seen.push({ ...rounds[ROUNDS >> 1], reads: Math.min(...rounds.map(({ reads }) => reads)) });
  }
  await context.close();
  return seen;
}

async function once(page: Page, address: string, reads: { now: number }): Promise<Seen> {
  // Nothing of the page before is counted.
  await page.goto('about:blank');
  const requests: string[] = [];
  let bytes = 0;
  const answered = (response: { url(): string; headers(): Record<string, string> }): void => {
    if (!/\/api\/(?!job\/events)/.test(response.url())) return;
    // Of another unit, job or person: the same request.
    requests.push(new URL(response.url()).pathname.replace(/[0-9A-HJKMNP-TV-Z]{26}\w*/g, 'ID'));
    bytes += Number(response.headers()['content-length'] ?? 0);
  };
  page.on('response', answered);
  const before = reads.now;
  const from = performance.now();
  await page.goto(address);
  await page.locator('h1').first().waitFor();
  await page.waitForLoadState('load');
  await page.locator('.skeleton').first().waitFor({ state: 'detached' });
  const ms = Math.round(performance.now() - from);
  // What comes afterwards counts as well.
  await page.waitForTimeout(400);
  page.off('response', answered);
  const rows = await page.locator('tbody tr').count();
  return { requests, reads: reads.now - before, bytes, rows, ms };
}

const unitOf = (userId: string, i: number): string => `${userId}U${i}`;
const jobOf = (userId: string, i: number): string => `${userId}J${String(i).padStart(6, '0')}`;

async function seed(made: Broker, { userId }: Person, many: typeof FEW): Promise<void> {
  const { jobStore, unitStore, dataStore, userStore } = made;
  // The months of the page of costs are those of the browser.
  const now = Date.now();
  await inLanes(many.people, (i) =>
    userStore.create(
      sampleUser({ userId: `${userId}P${i}`, email: `person-${i}@example.org`, createdAt: now - i }),
    ),
  );
  await inLanes(many.units, (i) =>
    unitStore.put(
      sampleUnit({
        unitId: unitOf(userId, i),
        ownerId: userId,
        alias: `unit ${i}`,
        stateMachineArn: `arn:aws:states:us-east-1:222222222222:stateMachine:m-${i}`,
        createdAt: now - i,
        proof: undefined,
      }),
    ),
  );
  await inLanes(many.files, (i) =>
    dataStore.create({
      dataId: `${userId}F${i}`,
      ownerId: userId,
      unitId: unitOf(userId, i % many.units),
      bucket: 'researcher-data',
      key: `mroptimum/${userId}/file-${i}.dat`,
      filename: `file-${i}.dat`,
      sizeBytes: 1_000_000,
      status: 'available',
      createdAt: now - i,
      updatedAt: now - i,
      version: 1,
    } as Parameters<typeof dataStore.create>[0]),
  );
  await inLanes(many.jobs, (i) => {
    const at = now - 1_000 - i;
    return jobStore.create(
      sampleJob({
        jobId: jobOf(userId, i),
        ownerId: userId,
        unitId: unitOf(userId, i % many.units),
        alias: `job ${i}`,
        state: 'succeeded',
        createdAt: at,
        updatedAt: at,
        dueAt: undefined,
        history: [{ state: 'succeeded', at, by: 'step-functions' }],
      }),
    );
  });
}

async function inLanes(many: number, work: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < many) await work(next++);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}
