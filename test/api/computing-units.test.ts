import t from 'tap';
import { broker, MODE_1, MODE_2, RESEARCHER, taskWith } from '../helpers/http.ts';

t.test('Mode 1: only administrators register it, everybody sees it', async (t) => {
  const b = await broker(t);
  const admin = await b.administrator();
  const ada = await b.person('ada@example.org');
  const refused = await ada.post('/api/computing-unit/register', MODE_1);
  t.equal(refused.statusCode, 403);
  t.equal(refused.json().code, 'not_allowed');

  const created = await admin.post('/api/computing-unit/register', MODE_1);
  t.equal(created.statusCode, 201);
  t.match(created.json(), {
    success: true,
    action: 'created',
    alias: 'Mode 1',
    status: 'ready',
    missing: [],
  });
  const again = await admin.post('/api/computing-unit/register', { ...MODE_1, alias: 'Renamed' });
  t.equal(again.statusCode, 200);
  t.match(again.json(), {
    action: 'updated',
    alias: 'Renamed',
    computingUnitId: created.json().computingUnitId,
  });

  const list = await ada.get('/api/computing-unit/list?app_name=MR+Optimum&mode=mode_1');
  t.equal(list.json().count, 1);
  t.same(list.json().units, list.json().computingUnits);
  t.match(list.json().computingUnits[0], {
    computingUnitId: created.json().computingUnitId,
    appName: 'MR Optimum',
    mode: 'mode_1',
    provider: 'cloudmrhub',
    isShared: true,
    isDefault: true,
    createdAt: '2099-11-22T09:30:00.000Z',
  });
  t.equal((await ada.get('/api/computing-unit/list?mode=mode_2')).json().count, 0, 'mode filters');
  t.equal((await ada.get('/api/computing-unit/list?appId=other')).json().count, 0, 'app filters');
  t.same((await ada.del(`/api/computing-unit/${created.json().computingUnitId}`)).json(), {
    success: true,
    removed: false,
  });
  t.equal(
    (await ada.get(`/computing-unit/${created.json().computingUnitId}`)).statusCode,
    200,
    'still there',
  );
});

t.test('Mode 2: the external ID comes from the broker, and only its owner sees the unit', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const eve = await b.person('eve@example.org');
  const issued = await ada.post('/api/computing-unit/external-id', {});
  t.equal(issued.statusCode, 201);
  const { externalId, brokerRoleArn, expiresAt } = issued.json();
  t.match(externalId, /^cloudmr-[\w+=,.@:/-]{32}$/);
  t.match(brokerRoleArn, /^arn:aws:iam::\d{12}:role\//);
  t.equal(expiresAt, '2099-11-29T09:30:00.000Z');

  const pending = await ada.post('/computing-unit/register', { ...MODE_2, externalId });
  t.match(pending.json(), { status: 'pending', missing: [/^ownership_proof: /] });
  const ready = await b.proven(ada, { ...MODE_2, alias: 'Proven' });
  t.match(ready.json(), {
    status: 'ready',
    action: 'updated',
    missing: [],
    computingUnit: { alias: 'Proven' },
  });
  t.not(ready.json().computingUnit.externalId, externalId, 'the ID of the challenge took its place');
  const unitId = ready.json().computingUnitId;
  const again = await ada.post('/computing-unit/register', { ...MODE_2, externalId: 'cloudmr-my-own' });
  t.match(again.json(), { status: 'ready' }, 'the proof lasts while nothing changes');
  t.equal(
    again.json().computingUnit.externalId,
    ready.json().computingUnit.externalId,
    'T3: not from callers',
  );

  t.equal(
    (await ada.get(`/api/computing-unit/${unitId}`)).json().externalId,
    again.json().computingUnit.externalId,
  );
  const foreign = await eve.get(`/api/computing-unit/${unitId}`);
  t.equal(foreign.statusCode, 404);
  t.equal(foreign.json().code, 'not_found');
  t.equal((await eve.get('/api/computing-unit/list')).json().count, 0);

  const machine2 = { ...MODE_2, stateMachineArn: `${MODE_2.stateMachineArn}2` };
  const borrowed = await eve.post('/computing-unit/register', { ...machine2, externalId });
  t.equal(borrowed.statusCode, 403);
  t.match(borrowed.json(), { code: 'ownership_refused', remedy: /of your own/ });
  const taken = await b.proven(eve, machine2);
  t.equal(taken.statusCode, 409, 'said to nobody but who has credentials of the account');
  t.equal(taken.json().code, 'already_exists');
  t.equal((await eve.get('/computing-unit/list')).json().count, 0);
  t.same((await eve.post('/computing-unit/delete', { computingUnitId: unitId })).json().removed, false);
  t.equal((await ada.get(`/api/computing-unit/${unitId}`)).statusCode, 200);
});

t.test(
  'T24: whether somebody has registered a role cannot be found out without credentials of it',
  async (t) => {
    const b = await broker(t);
    const [ada, eve] = [await b.person('ada@example.org'), await b.person('eve@example.org')];
    await b.proven(ada);
    const adas = await b.unitStore.roleHolder(MODE_2.crossAccountRoleArn);
    t.equal(adas, ada.userId);
    const attempt = async (crossAccountRoleArn: string): Promise<unknown> => {
      const body = { ...MODE_2, crossAccountRoleArn, alias: 'guess' };
      const first = await eve.post('/computing-unit/register', body);
      const { computingUnitId } = first.json();
      const url = `/api/computing-unit/${computingUnitId}`;
      const answers = [
        first,
        await eve.post('/computing-unit/register', body),
        await eve.get(url),
        await eve.post(`${url}/preflight`),
        await eve.patch(url, { alias: 'again' }),
        await eve.post('/task/queue', {
          alias: 'x',
          computing_unit_id: computingUnitId,
          task: taskWith(body2),
        }),
      ];
      await eve.del(url);
      const blank = (text: string): string =>
        text
          .replaceAll(crossAccountRoleArn, 'ROLE')
          .replaceAll(computingUnitId, 'UNIT')
          .replace(/"requestId":"[^"]*"/g, '');
      return answers.map((answer) => [answer.statusCode, blank(answer.body)]);
    };
    const body2 = { bucket: MODE_2.dataBucket, key: `mroptimum/${eve.userId}/uploads/x.dat` };
    const probes = b.account.probes;
    t.same(
      await attempt(MODE_2.crossAccountRoleArn),
      await attempt(MODE_2.crossAccountRoleArn.replace('broker-access', 'never-seen')),
    );
    t.equal(b.account.probes, probes, 'and the account is not entered');
    t.equal(await b.unitStore.roleHolder(MODE_2.crossAccountRoleArn), ada.userId);
  },
);

t.test('a registration is understood in every dialect', async (t) => {
  const b = await broker(t);
  const admin = await b.administrator();
  const { appName, mode, provider, ...rest } = MODE_1;
  const dialects: Record<string, object> = {
    'the documents': { appId: 'mroptimum', mode: 'mode1', provider: 'cloudmrhub', isShared: true },
    'a pipeline': {
      appName: 'MR Optimum',
      mode: 'mode_1',
      provider: 'cloudmrhub',
      logoUrl: 'x',
      logoPosition: 'top',
    },
    'an old script': { appName: 'mroptimum', mode: 'MODE_1', provider: 'aws' },
    'the web client': { app_name: 'MR Optimum', mode: 'Mode 1' },
    'job words': { cloudapp_name: 'MR Optimum', mode: 'mode-1', provider: '', isDefault: 'true' },
    'nothing optional': {
      mode: 'mode_1',
      provider: null,
      crossAccountRoleArn: '',
      externalId: '',
      alias: '',
    },
  };
  const ids = new Set<string>();
  for (const [name, words] of Object.entries(dialects)) {
    const answer = await admin.post('/api/computing-unit/register', { ...rest, ...words });
    t.ok([200, 201].includes(answer.statusCode), `${name}: ${answer.body}`);
    t.match(
      answer.json().computingUnit,
      { mode: 'mode_1', provider: 'cloudmrhub', appId: 'mroptimum' },
      name,
    );
    ids.add(answer.json().computingUnitId);
  }
  t.equal(ids.size, 1, 'all of them are one unit');
});

t.test('a wrong registration is refused with everything that is wrong', async (t) => {
  const b = await broker(t);
  const admin = await b.administrator();
  const answer = await admin.post('/api/computing-unit/register', {
    ...MODE_1,
    mode: 'mode_1a',
    provider: 'azure',
    awsAccountId: '42',
    region: 'mars',
    stateMachineArn: 'arn:aws:lambda:x',
    resultsBucket: '',
    dataBucket: 'UPPER',
    failedBucket: undefined,
    crossAccountRoleArn: 'root',
  });
  t.equal(answer.statusCode, 400);
  t.equal(answer.json().details.in, 'body');
  const named = answer.json().details.issues.map((issue: string) => issue.split(':')[0]);
  t.same(named.sort(), [
    'awsAccountId',
    'crossAccountRoleArn',
    'dataBucket',
    'failedBucket',
    'mode',
    'provider',
    'region',
    'resultsBucket',
    'stateMachineArn',
  ]);
  t.match(answer.json().message, 'mode: must be mode_1 or mode_2');

  const foreign = await admin.post('/api/computing-unit/register', {
    ...MODE_1,
    stateMachineArn: MODE_2.stateMachineArn,
  });
  t.equal(foreign.statusCode, 400);
  t.match(foreign.json().message, 'stateMachineArn: belongs to another account');
});

t.test('a unit is removed in each of the known ways, and removing twice is fine', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const ways: Record<string, (id: string) => ReturnType<typeof ada.get>> = {
    'DELETE :id': (id) => ada.del(`/api/computing-unit/${id}`),
    'POST delete': (id) => ada.post('/computing-unit/delete', { computingUnitId: id }),
    'DELETE with a body': (id) =>
      ada.del('/computing-unit/delete', { computing_unit_id: id, app_name: 'MR Optimum', mode: 'mode_2' }),
    'POST deregister': () =>
      ada.post('/computing-unit/deregister', { appId: 'mroptimum', stateMachineArn: MODE_2.stateMachineArn }),
  };
  for (const [name, remove] of Object.entries(ways)) {
    const registered = await ada.post('/computing-unit/register', MODE_2);
    t.equal(registered.statusCode, 201, name);
    const { computingUnitId } = registered.json();
    t.same((await remove(computingUnitId)).json(), { success: true, removed: true }, name);
    t.same((await remove(computingUnitId)).json(), { success: true, removed: false }, name);
    t.equal((await ada.get(`/computing-unit/${computingUnitId}`)).statusCode, 404, name);
  }
  t.equal((await ada.post('/computing-unit/delete', {})).statusCode, 400);
});

t.test(
  'an account that does not answer is 503 with Retry-After, one that refuses says what is missing',
  async (t) => {
    const b = await broker(t);
    const ada = await b.person('ada@example.org');
    b.account.refuse = 'unavailable';
    const away = await b.proven(ada);
    t.equal(away.statusCode, 503);
    t.equal(away.json().code, 'unavailable');
    t.ok(Number(away.headers['retry-after']) > 0);
    b.account.refuse = 'trust_denied';
    const closed = await b.proven(ada);
    t.match(closed.json(), {
      status: 'pending',
      missing: [/^assume_role: /],
      computingUnit: { awsAccountId: RESEARCHER },
    });
  },
);
