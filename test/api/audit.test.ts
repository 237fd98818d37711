/** The audit trail: who did what is in it, for its owner alone, and nothing secret. */
import t from 'tap';
import { broker, MODE_1, MODE_2, type Person, taskWith } from '../helpers/http.ts';

interface Entry {
  action: string;
  subject: string;
  actor: string;
  outcome: string;
  requestId?: string;
}
const trail = async (who: Person): Promise<Entry[]> => (await who.get('/api/audit')).json().entries;

t.test('units, jobs and approvals leave their traces, with the id of the request', async (t) => {
  const b = await broker(t);
  const admin = await b.administrator();
  const modeOne = (await admin.post('/computing-unit/register', MODE_1)).json().computingUnitId;
  const ada = await b.person('ada@example.org');
  const { bucket, key } = (await ada.post('/data/presign', { operation: 'put', filename: 's.dat' })).json();
  const submitted = await ada.post('/api/task/queue', { alias: 'a', task: taskWith({ bucket, key }) });
  const { jobId } = submitted.json();
  const cancel = await ada.post(`/api/job/${jobId}/cancel`);
  await ada.post(`/api/job/${jobId}/retry`);
  await ada.post(`/api/job/${jobId}/cancel`);
  await ada.patch(`/api/job/${jobId}`, { alias: 'b' });
  await ada.del(`/api/job/${jobId}`);
  await ada.del(`/api/job/${jobId}`);
  const { computingUnitId } = (await ada.post('/computing-unit/register', MODE_2)).json();
  await ada.post(`/api/computing-unit/${computingUnitId}/default`);
  await ada.post(`/api/computing-unit/${computingUnitId}/preflight`);
  await ada.del(`/computing-unit/${computingUnitId}`);
  const mine = await trail(ada);
  t.same(
    mine.map(({ action, subject, outcome }) => [action, subject, outcome]).reverse(),
    [
      ['user.approve', ada.userId, 'active'],
      ['job.cancel', jobId, 'canceled'],
      ['job.retry', jobId, 'attempt 1'],
      ['job.cancel', jobId, 'canceled'],
      ['job.rename', jobId, 'ok'],
      ['job.delete', jobId, 'ok'],
      ['unit.register', computingUnitId, 'created, pending'],
      ['unit.default', computingUnitId, 'pending'],
      ['unit.preflight', computingUnitId, 'pending'],
      ['unit.remove', computingUnitId, 'ok'],
    ],
    'what failed or changed nothing is not in it',
  );
  t.equal(mine.find(({ action }) => action === 'job.cancel' && true)?.actor, `user:${ada.userId}`);
  t.equal(mine.at(-2)?.requestId, cancel.headers['x-request-id']);
  t.match(await trail(admin), [{ action: 'unit.register', subject: modeOne, actor: `user:${admin.userId}` }]);
});

t.test('an approval is in both trails: of the person and of the administrator', async (t) => {
  const b = await broker(t);
  const admin = await b.administrator();
  const user = await b.identity.register({ email: 'ada@example.org', password: 'Correct-horse.7' });
  await admin.post(`/api/admin/users/${user.userId}/approve`);
  const entry = { action: 'user.approve', subject: user.userId, actor: `user:${admin.userId}` };
  t.match(await trail(await b.login('ada@example.org')), [entry]);
  t.match(await trail(admin), [entry]);
});

t.test('refused sign-ins are seen by the owner of the account, and cost a stranger no clue', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const attempt = (email: string) =>
    b.app.inject({ method: 'POST', url: '/api/auth/login', payload: { email, password: 'wrong secret' } });
  const refused = await attempt('ada@example.org');
  const nobody = await attempt('nobody@example.org');
  t.equal(refused.json().message, nobody.json().message);
  await b.audit.settled();
  const [entry, ...rest] = await trail(ada);
  t.match(entry, {
    action: 'user.sign-in',
    outcome: 'wrong_credentials',
    actor: 'unknown',
    requestId: refused.headers['x-request-id'],
  });
  t.same(
    rest.map(({ action }) => action),
    ['user.approve'],
  );
  const items = JSON.parse(await b.stored()) as { pk: string }[];
  const stored = JSON.stringify(items.filter(({ pk }) => pk.startsWith('AUDIT#')));
  t.match(stored, /user\.sign-in/);
  t.notMatch(stored, /wrong secret|argon2|eyJ/);
});

t.test("the trail comes in pages and as JSON lines, and is nobody else's", async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  for (let i = 0; i < 450; i++) {
    b.pass(1);
    await b.audit.record({ ownerId: ada.userId, action: 'test', subject: String(i), outcome: 'ok' });
  }
  const page = (await ada.get('/api/audit?limit=2')).json();
  t.same(
    page.entries.map(({ subject }: Entry) => subject),
    ['449', '448'],
  );
  const next = (await ada.get(`/api/audit?limit=1&cursor=${page.cursor}`)).json();
  t.equal(next.entries[0].subject, '447');
  const exported = await ada.get('/audit/export');
  t.match(exported.headers, {
    'content-type': /^application\/x-ndjson/,
    'content-disposition': 'attachment; filename="cloudmr-audit.jsonl"',
  });
  const lines = exported.body
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.equal(lines.length, 451);
  t.same(lines[0], page.entries[0]);
  t.notOk('ownerId' in lines[0]);
  const eve = await b.person('eve@example.org');
  t.equal((await trail(eve)).length, 1);
  t.equal((await eve.get(`/api/audit?cursor=${page.cursor}`)).statusCode, 400, "another's cursor");
});

t.test('the trail comes as a table too, which no spreadsheet takes for formulas', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const details = { roleSessionName: 'cloudmr-start-1', note: 'says "yes", twice' };
  await b.audit.record({ ownerId: ada.userId, action: 'test', subject: '=1+1', outcome: 'ok', details });
  const exported = await ada.get('/api/audit/export?format=csv');
  t.match(exported.headers, {
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': 'attachment; filename="cloudmr-audit.csv"',
  });
  const [head, row, ...more] = exported.body.split('\r\n');
  t.equal(head, '"entryId","at","actor","action","subject","outcome","requestId","details"');
  t.match(row, /,"broker","test","'=1\+1","ok","",/);
  t.ok(row.endsWith('"{""roleSessionName"":""cloudmr-start-1"",""note"":""says \\""yes\\"", twice""}"'), row);
  t.equal(more.length, 2, 'the approval, and an empty end');
  t.equal((await ada.get('/api/audit/export?format=xml')).statusCode, 400);
});
