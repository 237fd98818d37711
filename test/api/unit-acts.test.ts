/** What owners do with their units: change, share, choose a default, look at findings. */
import t from 'tap';
import { broker, MODE_1, MODE_2, type Person, RESEARCHER, taskWith } from '../helpers/http.ts';
import { signedBy } from '../helpers/memory-account.ts';

const challenge = async (who: Person, body: object = {}) =>
  (await who.post('/api/computing-unit/challenges', body)).json();

t.test('T4: a changed unit takes no job until it is proven again', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const { computingUnitId } = (await b.proven(ada)).json();
  const url = `/api/computing-unit/${computingUnitId}`;
  t.match((await ada.patch(url, { alias: 'Scanner 3' })).json(), { alias: 'Scanner 3', status: 'ready' });
  const changed = await ada.patch(url, { dataBucket: 'another-bucket' });
  t.match(changed.json(), { status: 'pending', missing: [/^ownership_proof: /], whoMustAct: ['unit_owner'] });
  const submit = await ada.post('/task/queue', {
    alias: 'x',
    computing_unit_id: computingUnitId,
    task: taskWith({ bucket: 'another-bucket', key: `mroptimum/${ada.userId}/uploads/x.dat` }),
  });
  t.equal(submit.statusCode, 409);
  t.match(submit.json(), { code: 'unit_not_ready', details: { computingUnitId } });
  const made = await challenge(ada, { computingUnitId });
  t.equal(made.externalId, changed.json().externalId, 'the external ID stays');
  const proof = signedBy(RESEARCHER, made.request.headers['x-cloudmr-challenge']);
  t.match((await ada.patch(url, { dataBucket: 'another-bucket', proof })).json(), { status: 'ready' });
  t.equal((await ada.patch(url, { stateMachineArn: 'x' })).statusCode, 400);
});

t.test('one default per person and mode', async (t) => {
  const b = await broker(t);
  const admin = await b.administrator();
  await admin.post('/computing-unit/register', MODE_1);
  const ada = await b.person('ada@example.org');
  const machine = (n: number) => ({ ...MODE_2, stateMachineArn: `${MODE_2.stateMachineArn}${n}` });
  const [first, second] = [
    (await b.proven(ada, { ...machine(1), isDefault: true })).json().computingUnitId,
    (await b.proven(ada, machine(2))).json().computingUnitId,
  ];
  const defaults = async () => {
    const { units } = (await ada.get('/computing-unit/list?mode=mode_2')).json();
    return units
      .filter((unit: { isDefault: boolean }) => unit.isDefault)
      .map((unit: { computingUnitId: string }) => unit.computingUnitId);
  };
  t.same(await defaults(), [first]);
  t.match((await ada.post(`/computing-unit/${second}/default`)).json(), { isDefault: true });
  t.same(await defaults(), [second]);
  await ada.post(`/computing-unit/${second}/default`);
  t.same(await defaults(), [second], 'twice is fine');
  const { units } = (await ada.get('/computing-unit/list?mode=mode_2')).json();
  t.equal(units[0].computingUnitId, second, 'and comes first');
  await b.proven(ada, { ...machine(3), isDefault: true });
  t.equal((await defaults()).length, 1, 'a registration as the default takes its place');
  const shared = (await ada.get('/computing-unit/list?mode=mode_1')).json().units[0];
  t.equal((await ada.post(`/computing-unit/${shared.computingUnitId}/default`)).statusCode, 404);
});

t.test('a unit is shared with named people, and no longer', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const bob = await b.person('bob@example.org');
  const { computingUnitId } = (await b.proven(ada)).json();
  const url = `/api/computing-unit/${computingUnitId}`;
  t.equal((await bob.get(url)).statusCode, 404);
  t.equal((await ada.post(`${url}/share`, { person: 'nobody@example.org' })).statusCode, 404);
  t.equal((await bob.post(`${url}/share`, { person: 'bob@example.org' })).statusCode, 404);
  t.match((await ada.post(`${url}/share`, { person: 'Bob@Example.org' })).json(), {
    sharedWith: [bob.userId],
  });
  t.match((await ada.post(`${url}/share`, { person: bob.userId })).json(), { sharedWith: [bob.userId] });

  const seen = (await bob.get(url)).json();
  t.match(seen, { computingUnitId, status: 'ready' });
  for (const field of ['externalId', 'checks', 'sharedWith'])
    t.notOk(field in seen, `${field} is the owner's`);
  t.match((await bob.get('/computing-unit/list?mode=mode_2')).json(), { count: 1 });
  const upload = await bob.post('/data/presign', { operation: 'put', filename: 'a.dat', computingUnitId });
  t.equal(upload.statusCode, 200, upload.body);
  t.match(upload.json().key, `mroptimum/${bob.userId}/`, 'in a prefix of his own');
  for (const act of ['default', 'preflight']) {
    t.equal((await bob.post(`${url}/${act}`)).statusCode, 404, `${act} is the owner's`);
  }
  t.equal((await bob.patch(url, { alias: 'mine' })).statusCode, 404);
  t.same((await bob.del(url)).json(), { success: true, removed: false });

  t.match((await ada.post(`${url}/unshare`, { person: bob.userId })).json(), { sharedWith: [] });
  t.equal((await bob.get(url)).statusCode, 404);
  t.equal((await bob.get('/computing-unit/list')).json().count, 0);

  await ada.post(`${url}/share`, { person: bob.userId });
  await ada.del(url);
  t.equal((await bob.get('/computing-unit/list')).json().count, 0, 'it goes with the unit');
});

t.test('R140: findings: what, since when, who must act, and the line to paste', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const { computingUnitId } = (await b.proven(ada)).json();
  const url = `/api/computing-unit/${computingUnitId}/preflight`;
  t.match((await ada.get(url)).json(), {
    status: 'ready',
    testJob: 'planned',
    whoMustAct: [],
    lastValidatedAt: '2099-11-22T09:30:00.000Z',
    nextCheckAt: '2099-11-22T09:31:00.000Z',
  });
  b.account.closedBuckets = ['lab-results', 'lab-data'];
  b.pass(5 * 60_000);
  const report = (await ada.post(url)).json();
  t.match(report, {
    status: 'degraded',
    statusSince: '2099-11-22T09:35:00.000Z',
    lastValidatedAt: '2099-11-22T09:30:00.000Z',
    whoMustAct: ['unit_owner'],
  });
  const failed = report.checks.filter(({ status }: { status: string }) => status === 'failed');
  t.same(
    failed.map(({ code }: { code: string }) => code),
    ['data_bucket', 'results_bucket'],
    'R140: all of them together',
  );
  t.match(failed[1], {
    evidence: /^PutObject is not allowed in lab-results, or the bucket is not of account 222222222222$/,
    remedy: /role/,
    actor: 'unit_owner',
    checkedAt: '2099-11-22T09:35:00.000Z',
  });
  t.same(JSON.parse(failed[1].policy), {
    Effect: 'Allow',
    Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
    Resource: 'arn:aws:s3:::lab-results/mroptimum/*',
  });
  b.account.closedBuckets = [];
  t.match((await ada.post(url)).json(), { status: 'ready', whoMustAct: [], testJob: 'under way' });
});

t.test('T2: a role that lets in whoever asks', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  b.account.open = ['without an external ID'];
  const answer = await b.proven(ada);
  t.equal(answer.statusCode, 409);
  t.match(answer.json(), {
    code: 'trust_unsafe',
    message: /without an external ID/,
    remedy: /sts:ExternalId/,
  });
  t.equal((await ada.get('/computing-unit/list')).json().count, 0);
  b.account.open = [];
  const { computingUnitId } = (await b.proven(ada)).json();
  b.account.open = ['with a wrong external ID'];
  b.pass(7 * 3_600_000);
  await b.watch.tick();
  const later = await b.login('ada@example.org');
  t.match((await later.get(`/api/computing-unit/${computingUnitId}`)).json(), {
    status: 'degraded',
    missing: [/^external_id_required: /],
  });
});

t.test('R54: the owner reads every entry into the account, and every change of a unit', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const bob = await b.person('bob@example.org');
  const { computingUnitId } = (await b.proven(ada)).json();
  await ada.post(`/api/computing-unit/${computingUnitId}/share`, { person: bob.userId });
  await ada.patch(`/api/computing-unit/${computingUnitId}`, { dataBucket: 'other-bucket' });
  const { entries } = (await ada.get('/api/audit')).json();
  const acts = entries.map(({ action, outcome }: Record<string, string>) => `${action}: ${outcome}`);
  t.same(acts.slice(0, 3), ['unit.update: pending', 'unit.share: 1 people', 'unit.register: created, ready']);
  t.match(entries[2].details, { provenBy: `arn:aws:iam::${RESEARCHER}:user/deployer` });
});
