/** What owners do with their units: prove, enrol a stack, change, share, choose a default, look at findings. */
import { createHash } from 'node:crypto';
import t from 'tap';
import { broker, HUB, MODE_1, MODE_2, type Person, RESEARCHER, taskWith } from '../helpers/http.ts';
import { signedBy } from '../helpers/memory-account.ts';

const challenge = async (who: Person, body: object = {}) =>
  (await who.post('/api/computing-unit/challenges', body)).json();

t.test('T9: a challenge is good once, for 10 minutes, for one person', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const eve = await b.person('eve@example.org');
  const made = await challenge(ada);
  t.match(made, {
    nonce: /^[0-9a-f]{64}$/,
    audience: `arn:aws:iam::${HUB}:role/broker`,
    externalId: /^cloudmr-/,
    enrolmentCode: /^[\w-]{43}$/,
    expiresAt: '2099-11-22T09:40:00.000Z',
    request: { method: 'POST', url: /^https:\/\/sts\./ },
  });
  const header = made.request.headers['x-cloudmr-challenge'];
  t.equal(header, `${made.audience};${made.nonce}`);
  const proof = signedBy(RESEARCHER, header);
  const register = (who: Person, over: object) =>
    who.post('/computing-unit/register', { ...MODE_2, ...over });

  t.match((await register(eve, { proof })).json(), { code: 'challenge_used' }, "somebody else's");
  const once = await register(ada, { proof, externalId: made.externalId });
  t.match(once.json(), { status: 'ready' });
  const twice = await register(ada, { proof, externalId: made.externalId });
  t.equal(twice.statusCode, 409);
  t.match(twice.json(), { code: 'challenge_used', remedy: /challenges/ });

  const late = signedBy(RESEARCHER, (await challenge(ada)).request.headers['x-cloudmr-challenge']);
  b.pass(10 * 60_000 + 1);
  t.match((await register(ada, { proof: late })).json(), { code: 'challenge_used' }, 'too late');

  const other = await challenge(ada);
  const elsewhere = signedBy(RESEARCHER, `arn:aws:iam::999999999999:role/another-broker;${other.nonce}`);
  const refused = await register(ada, { proof: elsewhere });
  t.equal(refused.statusCode, 403);
  t.match(refused.json(), { code: 'ownership_refused' }, 'signed for another broker');
  const foreign = signedBy('333333333333', other.request.headers['x-cloudmr-challenge']);
  t.match((await register(ada, { proof: foreign })).json(), {
    code: 'ownership_refused',
    message: /account 333333333333, not of 222222222222/,
  });
  t.match((await ada.get('/computing-unit/list')).json(), { count: 1, units: [{ status: 'ready' }] });
});

t.test('25 registrations with one proof at once: one of them is proven', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const made = await challenge(ada);
  const proof = signedBy(RESEARCHER, made.request.headers['x-cloudmr-challenge']);
  const answers = await Promise.all(
    Array.from({ length: 25 }, (_, i) =>
      ada.post('/computing-unit/register', {
        ...MODE_2,
        stateMachineArn: `${MODE_2.stateMachineArn}-${i}`,
        externalId: made.externalId,
        proof,
      }),
    ),
  );
  t.equal(answers.filter(({ statusCode }) => statusCode === 201).length, 1);
  t.equal(answers.filter((answer) => answer.json().code === 'challenge_used').length, 24);
});

t.test('a proof with headers too many, too few or twice is no request', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const { headers } = signedBy(RESEARCHER, 'x;y');
  const cases: Record<string, object> = {
    'x-evil': { ...headers, 'X-Evil': '1' },
    authorization: { 'x-amz-date': 'd', 'x-cloudmr-challenge': 'c' },
    'x-amz-date': { ...headers, 'x-amz-date': 'again' },
  };
  for (const [name, wrong] of Object.entries(cases)) {
    const answer = await ada.post('/computing-unit/register', { ...MODE_2, proof: { headers: wrong } });
    t.equal(answer.statusCode, 400, name);
    t.match(answer.json().message.toLowerCase(), `proof.headers.${name}`);
  }
});

t.test('T27: a stack registers with the code of a challenge, and with nothing else', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const { enrolmentCode, externalId, audience } = await challenge(ada);
  const nonce = createHash('sha256').update(enrolmentCode).digest('hex');
  const proof = signedBy(RESEARCHER, `${audience};${nonce}`);
  const enrol = (over: object) =>
    b.app.inject({
      method: 'POST',
      url: '/api/computing-unit/enrol',
      payload: { ...MODE_2, externalId, enrolmentCode, proof, ...over },
    });
  t.equal((await enrol({ enrolmentCode: 'guessed' })).json().code, 'challenge_used');
  t.equal((await enrol({ proof: undefined })).statusCode, 400);
  const second = await challenge(ada);
  const other = signedBy(RESEARCHER, second.request.headers['x-cloudmr-challenge']);
  t.equal((await enrol({ proof: other })).json().code, 'challenge_used', 'the proof of another challenge');
  t.equal((await enrol(MODE_1)).json().code, 'not_allowed', 'Mode 1 is for administrators');
  const done = await enrol({});
  t.equal(done.statusCode, 201, done.body);
  t.match(done.json(), { status: 'ready' });
  t.equal((await enrol({})).json().code, 'challenge_used', 'once');
  t.match((await ada.get('/computing-unit/list')).json(), { count: 1, units: [{ status: 'ready' }] });
  t.notMatch(await b.stored(), enrolmentCode, 'the code itself is stored nowhere');
});

t.test('T5: ARNs of another account, region or partition', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const mixed = {
    'stateMachineArn: belongs to another account': {
      stateMachineArn: MODE_2.stateMachineArn.replace(RESEARCHER, '333333333333'),
    },
    'crossAccountRoleArn: belongs to another account': {
      crossAccountRoleArn: MODE_2.crossAccountRoleArn.replace(RESEARCHER, '333333333333'),
    },
    'stateMachineArn: lies in another region': { region: 'eu-west-1' },
    'crossAccountRoleArn: lies in another partition': {
      crossAccountRoleArn: MODE_2.crossAccountRoleArn.replace('arn:aws:', 'arn:aws-cn:'),
    },
    'awsAccountId: Mode 2 units run in your own account': {
      awsAccountId: HUB,
      stateMachineArn: MODE_1.stateMachineArn,
      crossAccountRoleArn: MODE_2.crossAccountRoleArn.replace(RESEARCHER, HUB),
    },
  };
  for (const [message, over] of Object.entries(mixed)) {
    const answer = await b.proven(ada, { ...MODE_2, ...over });
    t.equal(answer.statusCode, 400, message);
    t.match(answer.json().message, message);
  }
  t.equal((await ada.get('/computing-unit/list')).json().count, 0);
  t.equal(b.account.probes, 0, 'nobody was asked');
});

t.test('R136: a region that does not exist, or that is not the one of the stack', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const nowhere = 'eu-middle-9';
  const cases: [over: object, message: RegExp][] = [
    [
      { region: nowhere, stateMachineArn: MODE_2.stateMachineArn.replace('us-east-1', nowhere) },
      /^region: AWS has no region eu-middle-9 in the partition of stateMachineArn$/,
    ],
    [{ region: 'eu-west-1' }, /^stateMachineArn: lies in another region than region$/],
    [
      { stateMachineArn: MODE_2.stateMachineArn.replace('us-east-1', 'eu-west-1') },
      /^stateMachineArn: lies in another region than region$/,
    ],
    [
      { region: 'cn-north-1' },
      /^region: AWS has no region cn-north-1 in the partition .*; stateMachineArn: lies in another region/,
    ],
  ];
  for (const [over, message] of cases) {
    const refused = await b.proven(ada, { ...MODE_2, ...over });
    t.equal(refused.statusCode, 400, message.source);
    t.match(refused.json(), {
      code: 'invalid_request',
      message,
      remedy: /^Register with the region in which the stack was deployed/,
    });
  }
  const unit = (await b.proven(ada)).json();
  const moved = await ada.patch(`/api/computing-unit/${unit.computingUnitId}`, {
    stateMachineArn: MODE_2.stateMachineArn.replace('us-east-1', 'eu-west-1'),
  });
  t.match(moved.json(), { code: 'invalid_request', message: /another region/ }, 'nor afterwards');
  t.match((await ada.get('/computing-unit/list')).json(), { count: 1, units: [{ region: 'us-east-1' }] });
});

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
