/** Accounts: profile, roles, and every way in which a person is shut out. */
import t from 'tap';
import { type Broker, broker, MODE_1, MODE_2, type Person, taskWith } from '../helpers/http.ts';

async function setting(t: Parameters<typeof broker>[0]) {
  const b = await broker(t);
  const admin = await b.administrator();
  const ada = await b.person('ada@example.org');
  const { token } = (
    await ada.post('/api/profile/tokens', { name: 'pipeline', scopes: ['profile:read', 'jobs:read'] })
  ).json();
  const pipeline = { authorization: `Bearer ${token}` };
  return { ...b, admin, ada, pipeline };
}

const setRole = (b: Pick<Broker, 'app'>, who: Person, userId: string, role: string) =>
  b.app.inject({
    method: 'PUT',
    url: `/api/admin/users/${userId}/role`,
    payload: { role },
    headers: { authorization: `Bearer ${who.tokens.id_token}` },
  });

/** Statuses of everything that a person may still try with what was handed out before. */
async function leftOf({
  ada,
  pipeline,
}: {
  ada: Person;
  pipeline: Record<string, string>;
}): Promise<number[]> {
  const answers = [
    await ada.get('/profile'),
    await ada.get('/profile', { authorization: `Bearer ${ada.tokens.access_token}` }),
    await ada.get('/profile', pipeline),
    await ada.post('/auth/refresh', { refresh_token: ada.tokens.refresh_token }),
  ];
  return answers.map(({ statusCode }) => statusCode);
}

t.test('the profile can be changed; what is left out stays, an empty text goes', async (t) => {
  const { ada } = await setting(t);
  const first = await ada.patch('/api/profile', { firstName: 'Ada', lastName: 'King', institution: 'Lab' });
  t.match(first.json(), {
    name: 'Ada King',
    institution: 'Lab',
    username: 'ada',
    token: { kind: 'session' },
  });
  await ada.patch('/api/profile', { lastName: 'Lovelace', institution: '', username: '' });
  const profile = (await ada.get('/profile')).json();
  t.match(profile, { name: 'Ada Lovelace', username: 'ada', email: 'ada@example.org', level: 'user' });
  t.notOk('institution' in profile);
  await ada.patch('/api/profile', { role: 'admin', level: 'admin', email: 'root@example.org', status: 'x' });
  t.match((await ada.get('/profile')).json(), { level: 'user', email: 'ada@example.org', status: 'active' });
  t.equal((await ada.patch('/api/profile', { firstName: 'x'.repeat(101) })).statusCode, 400);
});

t.test('roles: what a user, a developer and an administrator may see', async (t) => {
  const { admin, ada, ...b } = await setting(t);
  const may = async () => [
    (await ada.get('/api/admin/health')).statusCode,
    (await ada.get('/api/admin/users')).statusCode,
    (await ada.get('/profile')).json().level,
  ];
  t.same(await may(), [403, 403, 'user']);
  t.match((await setRole(b, admin, ada.userId, 'developer')).json(), { level: 'developer' });
  t.same(await may(), [200, 403, 'developer'], 'at once');
  await setRole(b, admin, ada.userId, 'admin');
  t.same(await may(), [200, 200, 'admin']);
  t.equal((await setRole(b, ada, admin.userId, 'user')).statusCode, 200);
  t.equal((await setRole(b, admin, ada.userId, 'user')).statusCode, 403, 'no longer');
  t.equal((await setRole(b, ada, ada.userId, 'user')).statusCode, 409, 'one never loses the last one');
  t.equal((await setRole(b, ada, 'nobody', 'user')).statusCode, 404);
  t.equal((await setRole(b, ada, admin.userId, 'root')).statusCode, 400);
});

t.test('T26: Mode 1 is registered by administrators alone, whatever a user sends', async (t) => {
  const { admin, ada, ...b } = await setting(t);
  for (const body of [
    MODE_1,
    { ...MODE_1, isShared: true, isDefault: true, provider: 'cloudmrhub' },
    { ...MODE_1, mode: 'mode1', provider: 'user' },
    { ...MODE_1, role: 'admin', isAdmin: true },
  ]) {
    const answer = await ada.post('/computing-unit/register', body);
    t.equal(answer.statusCode, 403, answer.body);
    t.equal(answer.json().code, 'not_allowed');
  }
  await setRole(b, admin, ada.userId, 'developer');
  t.equal((await ada.post('/computing-unit/register', MODE_1)).statusCode, 403, 'nor by developers');
  t.same(
    (await ada.get('/computing-unit/list?app_name=mroptimum')).json().computingUnits,
    [],
    'nothing stored',
  );

  await ada.post('/computing-unit/register', { ...MODE_2, isShared: true, provider: 'cloudmrhub' });
  const [mine] = (await ada.get('/computing-unit/list?app_name=mroptimum')).json().computingUnits;
  t.match(mine, { mode: 'mode_2', provider: 'user' }, "who provides it is not the caller's to say");
  const eve = await b.person('eve@example.org');
  t.same((await eve.get('/computing-unit/list?app_name=mroptimum')).json().computingUnits, [], 'not shared');
  t.equal((await admin.post('/computing-unit/register', MODE_1)).statusCode, 201);
});

t.test('disabling an account kills all its tokens at once and for good', async (t) => {
  const s = await setting(t);
  const { admin, ada, login } = s;
  t.equal((await ada.get('/profile')).statusCode, 200, 'seen and remembered');
  t.equal((await ada.get('/profile', s.pipeline)).statusCode, 200);
  t.match((await admin.post(`/api/admin/users/${ada.userId}/disable`)).json(), { status: 'disabled' });
  t.same(await leftOf(s), [401, 401, 401, 401]);
  const closed = await s.app.inject({
    method: 'POST',
    url: '/auth/login',
    payload: { email: 'ada@example.org', password: 'Correct-horse.7' },
  });
  t.equal(closed.statusCode, 403);
  t.equal((await admin.post(`/api/admin/users/${ada.userId}/approve`)).json().status, 'active');
  t.same(await leftOf(s), [401, 401, 401, 401], 'what was handed out before stays dead');
  t.equal((await (await login('ada@example.org')).get('/profile')).statusCode, 200);
  t.equal((await admin.post(`/api/admin/users/${admin.userId}/disable`)).statusCode, 409, 'not oneself');
});

t.test('all tokens of a person can be ended; the person signs in again', async (t) => {
  const s = await setting(t);
  t.equal((await s.admin.post(`/api/admin/users/${s.ada.userId}/end-tokens`)).statusCode, 200);
  t.same(await leftOf(s), [401, 401, 401, 401]);
  const again = await s.login('ada@example.org');
  t.equal((await again.get('/profile')).statusCode, 200);
});

t.test('signing out: one session, or all of them', async (t) => {
  const { ada, login } = await setting(t);
  const other = await login('ada@example.org');
  const eve = await login('ada@example.org');
  t.equal((await ada.post('/auth/logout', { refresh_token: other.tokens.refresh_token })).statusCode, 200);
  const refresh = async ({ tokens }: Person) =>
    (await ada.post('/auth/refresh', { refresh_token: tokens.refresh_token })).statusCode;
  t.equal(await refresh(other), 401);
  t.equal(await refresh(eve), 200, 'the others go on');
  t.equal((await ada.post('/auth/logout', {})).statusCode, 200);
  t.equal((await ada.get('/profile')).statusCode, 200, 'nothing was named, nothing ended');
  t.equal((await ada.post('/auth/logout', { everywhere: true })).statusCode, 200);
  for (const person of [ada, other, eve]) t.equal((await person.get('/profile')).statusCode, 401);
});

t.test("nobody ends somebody else's session by its refresh token", async (t) => {
  const { ada, person } = await setting(t);
  const eve = await person('eve@example.org');
  await eve.post('/auth/logout', { refresh_token: ada.tokens.refresh_token });
  t.equal((await ada.post('/auth/refresh', { refresh_token: ada.tokens.refresh_token })).statusCode, 200);
});

t.test('T35: of a deleted person nothing is usable, and jobs under way come to their end', async (t) => {
  const s = await setting(t);
  const { admin, ada, jobStore, ticker, pass } = s;
  await admin.post('/computing-unit/register', MODE_1);
  await ada.patch('/api/profile', { firstName: 'Ada', institution: 'Lab' });
  const { bucket, key } = (await ada.post('/data/presign', { operation: 'put', filename: 'a.dat' })).json();
  const { jobId } = (await ada.post('/task/queue', { alias: 'a', task: taskWith({ bucket, key }) })).json();
  await ticker.tick();
  t.equal((await jobStore.get(jobId))?.state, 'starting');

  const gone = await admin.del(`/api/admin/users/${ada.userId}`);
  t.match(gone.json(), { userId: ada.userId, status: 'deleted', username: 'deleted', level: 'user' });
  t.same(await leftOf(s), [401, 401, 401, 401]);
  t.equal((await ada.post('/data/presign', { operation: 'get', jobId })).statusCode, 401);
  const stored = await s.stored();
  for (const trace of ['ada@example.org', 'institution', '"hint"']) t.notOk(stored.includes(trace), trace);

  const [execution] = [...s.cloud.executions.values()];
  s.cloud.executions.set(execution.arn, { ...execution, status: 'FAILED', error: 'x', stoppedAt: s.clock() });
  pass(3_600_000);
  await ticker.tick();
  t.equal((await jobStore.get(jobId))?.state, 'failed', 'settled without its owner');
});

t.test('T35: a computing unit that a person shared goes with that person', async (t) => {
  const { admin, ada, person, proven } = await setting(t);
  const eve = await person('eve@example.org');
  const { computingUnitId } = (await proven(ada)).json();
  const shared = await ada.post(`/computing-unit/${computingUnitId}/share`, { person: 'eve@example.org' });
  t.equal(shared.statusCode, 200, shared.body);
  const ask = async () =>
    eve.post('/data/presign', { operation: 'put', filename: 'a.dat', computing_unit_id: computingUnitId });
  t.equal((await ask()).statusCode, 200, 'control');
  await admin.post(`/api/admin/users/${ada.userId}/disable`);
  t.equal((await ask()).statusCode, 404, 'disabled');
  await admin.post(`/api/admin/users/${ada.userId}/approve`);
  t.equal((await ask()).statusCode, 200);
  await admin.del(`/api/admin/users/${ada.userId}`);
  t.equal((await ask()).statusCode, 404, 'deleted');
});

t.test('T35: what others left in a shared unit cannot be fetched once its owner is gone', async (t) => {
  const { admin, ada, person, proven, cloud, clock, pass, ticker, jobStore } = await setting(t);
  const eve = await person('eve@example.org');
  const unit = (await proven(ada)).json();
  const unitId = unit.computingUnitId;
  await ada.post(`/computing-unit/${unitId}/share`, { person: 'eve@example.org' });
  const file = (
    await eve.post('/data/presign', { operation: 'put', filename: 'a.dat', computing_unit_id: unitId })
  ).json();
  const queued = await eve.post('/task/queue', {
    alias: 'eve',
    computing_unit_id: unitId,
    task: taskWith({ bucket: file.bucket, key: file.key }),
  });
  const { jobId } = queued.json();
  await ticker.tick();
  const result = (await jobStore.get(jobId))?.result ?? { bucket: '', key: '' };
  const sha256 = 'a'.repeat(64);
  const summary = { medianSnr: 40, maxSnr: 90, slices: 1, matrix: [96, 96, 1], coils: 16, warnings: 0 };
  const output = JSON.stringify({ ...result, sizeBytes: 4, sha256, seconds: 1, summary });
  const [run] = [...cloud.executions.values()];
  cloud.executions.set(run.arn, { ...run, status: 'SUCCEEDED', output, stoppedAt: clock() });
  for (const { bucket, key } of [result, file]) {
    cloud.objects.set(`${bucket}/${key}`, {
      sizeBytes: 4,
      etag: 'e',
      metadata: { 'job-id': jobId, sha256 },
    });
  }
  pass(60_000);
  await ticker.tick();
  t.equal((await jobStore.get(jobId))?.state, 'succeeded');
  await eve.post(`/data/${file.dataId}/confirm`);
  const presigned = async (what: object) =>
    (await eve.post('/data/presign', { operation: 'get', ...what })).statusCode;
  const asked = async () => [
    await presigned({ jobId }),
    await presigned({ dataId: file.dataId }),
    (await eve.get(`/api/job/${jobId}/result`)).statusCode,
    (await eve.get(`/api/job/${jobId}/logs`)).body.includes('X-Amz-Signature'),
    (await eve.get(`/api/pipeline/${jobId}`)).body.includes('X-Amz-Signature'),
    (await eve.get('/data/read')).body.includes('X-Amz-Signature'),
  ];
  cloud.objects.set(`${result.bucket}/${result.key.replace('result.zip', 'log.json')}`, {
    sizeBytes: 4,
    etag: 'e',
    metadata: {},
  });
  t.same(await asked(), [200, 200, 200, true, true, true], 'control');
  await admin.post(`/api/admin/users/${ada.userId}/disable`);
  t.same(await asked(), [404, 404, 404, false, false, false], 'disabled');
  await admin.del(`/api/admin/users/${ada.userId}`);
  t.same(await asked(), [404, 404, 404, false, false, false], 'deleted');
});

t.test('T35: an address of a deleted account is free, its id stays dead', async (t) => {
  const { admin, ada, person, identity } = await setting(t);
  await admin.del(`/api/admin/users/${ada.userId}`);
  t.equal((await admin.del(`/api/admin/users/${ada.userId}`)).statusCode, 200, 'repeated');
  t.equal((await admin.post(`/api/admin/users/${ada.userId}/approve`)).statusCode, 404, 'no way back');
  t.equal((await admin.post(`/api/admin/users/${ada.userId}/reset-code`)).statusCode, 404);
  t.equal((await admin.del(`/api/admin/users/${admin.userId}`)).statusCode, 409, 'not oneself');
  t.equal((await admin.del('/api/admin/users/nobody')).statusCode, 404);
  const ids = async (query = '') =>
    (await admin.get(`/api/admin/users${query}`)).json().users.map((u: { userId: string }) => u.userId);
  t.same(await ids(), [admin.userId]);
  t.same(await ids('?status=deleted'), [ada.userId]);
  const again = await person('ada@example.org');
  t.not(again.userId, ada.userId);
  t.equal((await again.get('/profile')).json().name, 'ada');
  t.equal((await identity.account(ada.userId)).status, 'deleted');
});

t.test('acts of administrators are in the trail of both', async (t) => {
  const { admin, ada, login } = await setting(t);
  for (const act of ['end-tokens', 'reset-code', 'disable', 'approve']) {
    await admin.post(`/api/admin/users/${ada.userId}/${act}`);
  }
  const actsOf = async (who: Person) =>
    (await who.get('/api/audit'))
      .json()
      .entries.filter(({ actor }: { actor: string }) => actor === `user:${admin.userId}`)
      .map(
        ({ action, subject }: { action: string; subject: string }) => `${action} ${subject === ada.userId}`,
      );
  const acts = ['user.approve', 'user.disable', 'user.reset-code', 'user.end-tokens', 'user.approve'];
  const mine = await actsOf(await login('ada@example.org'));
  t.same(
    mine.slice(0, 4),
    acts.slice(0, 4).map((act) => `${act} true`),
  );
  t.same(
    (await actsOf(admin)).slice(0, 4),
    acts.slice(0, 4).map((act) => `${act} true`),
  );
});
