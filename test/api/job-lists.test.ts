/** Filters of the list of jobs, and answers that are not sent twice. */
import t from 'tap';
import { broker, MODE_1, taskWith } from '../helpers/http.ts';
import { sampleJob } from '../helpers/samples.ts';

/** A person with jobs of every state, 12 in all. */
async function ready(t: Parameters<typeof broker>[0]) {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const states = ['queued', 'running', 'succeeded', 'failed', 'canceled', 'lost'] as const;
  for (let i = 0; i < 12; i++) {
    const job = sampleJob({
      jobId: `JOB${String(i).padStart(2, '0')}`,
      ownerId: ada.userId,
      createdAt: b.clock() + i,
      state: states[i % 6],
      mode: i < 6 ? 'mode_1' : 'mode_2',
      unitId: i % 2 === 0 ? 'EVEN' : 'ODD',
      alias: i % 3 === 0 ? `Knee ${i}` : `brain ${i}`,
    });
    await b.jobStore.create(job);
  }
  const ids = async (query: string): Promise<string[]> => {
    const answer = await ada.get(`/api/job?${query}`);
    if (answer.statusCode !== 200) throw new Error(answer.body);
    return answer.json().jobs.map(({ jobId }: { jobId: string }) => Number(jobId.slice(3)));
  };
  return { ...b, ada, ids };
}

t.test('jobs are found by state, mode, unit and beginning of the alias, and by all at once', async (t) => {
  const { ada, ids } = await ready(t);
  t.same(await ids('state=failed'), [9, 3]);
  t.same(await ids('state=failed,lost'), [11, 9, 5, 3]);
  t.same(await ids('mode=mode_1'), [5, 4, 3, 2, 1, 0]);
  t.same(await ids('mode=MODE2&state=queued'), [6]);
  t.same(await ids('computing_unit_id=EVEN'), [10, 8, 6, 4, 2, 0]);
  t.same(await ids('alias=knee'), [9, 6, 3, 0]);
  t.same(await ids('alias=KNEE&computing_unit_id=ODD&state=failed&mode=mode_2'), [9]);
  t.same(await ids('alias=nee'), []);
  for (const query of ['state=', 'state=dreaming', 'state=failed,', 'mode=3', 'computing_unit_id=a%2Fb']) {
    t.equal((await ada.get(`/api/job?${query}`)).statusCode, 400, query);
  }
});

t.test(
  'pages of a filtered list meet without gap or overlap, and cost a bounded number of reads',
  async (t) => {
    const { ada } = await ready(t);
    const seen: string[] = [];
    let cursor: string | null = '';
    let pages = 0;
    while (cursor !== null) {
      const page: { jobs: { jobId: string }[]; cursor: string | null } = (
        await ada.get(`/api/job?limit=2&state=queued${cursor && `&cursor=${cursor}`}`)
      ).json();
      t.ok(page.jobs.length <= 2);
      seen.push(...page.jobs.map(({ jobId }) => jobId));
      cursor = page.cursor;
      pages++;
    }
    t.same(seen, ['JOB06', 'JOB00']);
    t.ok(pages >= 2 && pages <= 4, `${pages} pages`);
  },
);

t.test('an answer that the caller holds is not sent again, until something changes', async (t) => {
  const b = await broker(t);
  const admin = await b.administrator();
  await admin.post('/computing-unit/register', MODE_1);
  const ada = await b.person('ada@example.org');
  const { bucket, key } = (await ada.post('/data/presign', { operation: 'put', filename: 's.dat' })).json();
  const submit = async () =>
    (await ada.post('/api/task/queue', { alias: 'a', task: taskWith({ bucket, key }) })).json().jobId;
  const jobId = await submit();
  for (const url of ['/api/job', '/api/job?state=queued,canceled', `/api/job/${jobId}`]) {
    const first = await ada.get(url);
    const etag = String(first.headers['etag']);
    t.match(etag, /^"[\w-]+"$/, url);
    t.equal(first.headers['cache-control'], 'private, no-cache');
    for (const held of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const again = await ada.get(url, { 'if-none-match': held });
      t.equal(again.statusCode, 304, held);
      t.equal(again.body, '');
      t.equal(again.headers['etag'], etag);
    }
    t.equal((await ada.get(url, { 'if-none-match': '"another"' })).statusCode, 200);
  }
  const [list, job] = [await ada.get('/api/job'), await ada.get(`/api/job/${jobId}`)];
  await ada.post(`/api/job/${jobId}/cancel`);
  for (const [url, before] of [
    ['/api/job', list],
    [`/api/job/${jobId}`, job],
  ] as const) {
    const after = await ada.get(url, { 'if-none-match': String(before.headers['etag']) });
    t.equal(after.statusCode, 200, url);
  }
  const empty = String((await ada.get('/api/job?state=lost')).headers['etag']);
  t.equal((await ada.get('/api/job?state=lost', { 'if-none-match': empty })).statusCode, 304);
  const eve = await b.person('eve@example.org');
  const stolen = await eve.get(`/api/job/${jobId}`, { 'if-none-match': '*' });
  t.equal(stolen.statusCode, 404, 'a tag opens no door');
});
