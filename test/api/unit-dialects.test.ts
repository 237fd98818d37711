/** R39-R43: every body that a deploy script, a pipeline or a stack has ever sent to register, list and remove. */
import t from 'tap';
import { broker, HUB, MODE_1, MODE_2, RESEARCHER } from '../helpers/http.ts';

const COMMON_1 = {
  awsAccountId: HUB,
  region: 'us-east-1',
  stateMachineArn: MODE_1.stateMachineArn,
  resultsBucket: 'cloudmr-results',
  failedBucket: 'cloudmr-failed',
  dataBucket: 'cloudmr-data',
};
const COMMON_2 = {
  awsAccountId: RESEARCHER,
  region: 'us-east-1',
  stateMachineArn: MODE_2.stateMachineArn,
  resultsBucket: 'user-results-bucket',
  failedBucket: 'user-failed-bucket',
  dataBucket: 'user-data-bucket',
};

t.test('R39, R40, R42: the Mode 1 registration of the documents and of every pipeline', async (t) => {
  const b = await broker(t);
  const admin = await b.administrator();
  const documented = {
    appId: 'mroptimum',
    mode: 'mode1',
    provider: 'cloudmrhub',
    ...COMMON_1,
    isDefault: true,
    isShared: true,
  };
  const first = await admin.post('/api/computing-unit/register', documented);
  t.equal(first.statusCode, 201, first.body);
  t.match(first.json(), {
    success: true,
    action: 'created',
    computingUnit: {
      appId: 'mroptimum',
      appName: 'MR Optimum',
      mode: 'mode_1',
      provider: 'cloudmrhub',
      isDefault: true,
      isShared: true,
      resultsBucket: 'cloudmr-results',
    },
  });
  const { computingUnitId } = first.json();
  t.equal(first.json().data.computingUnitId, computingUnitId);
  t.equal(first.json().computingUnitID, computingUnitId);
  const dialects: Record<string, object> = {
    'deploy.yml of the seeds': { ...documented, imageTag: 'latest' },
    'deploy-mode1.yml': { appName: 'MR Optimum', mode: 'mode1', provider: 'cloudmrhub', isDefault: true },
    'register-mode1.sh with the mode spelt out': { appName: 'MR Optimum', mode: 'mode_1', provider: 'aws' },
    'register-computing-unit.yml': {
      appName: 'MR Optimum',
      mode: 'mode_1',
      provider: 'aws',
      isDefault: 'true',
      alias: '',
    },
    'deploy-and-register.yml': {
      appName: 'MR Optimum',
      mode: 'mode_1',
      provider: 'cloudmrhub',
      alias: 'Mode 1',
      logoUrl: 'https://example.org/logo.png',
      logoPosition: 'top',
      isDefault: true,
    },
    'register-computing-unit.sh': {
      appName: 'MR Optimum',
      mode: 'mode_1',
      provider: 'cloudmrhub',
      alias: 'Mode 1',
      logo: 'https://example.org/logo.png',
      logoPosition: 'top',
      isDefault: true,
    },
  };
  for (const [name, body] of Object.entries(dialects)) {
    const answer = await admin.post('/computing-unit/register', { ...COMMON_1, ...body });
    t.match(answer.json(), { success: true, action: 'updated', computingUnitId }, `${name}: ${answer.body}`);
  }
  const spelt = await admin.post('/computing-unit/register', { ...documented, mode: 'mode_1a' });
  t.match(spelt.json(), { code: 'invalid_request', message: /mode: must be mode_1 or mode_2/ });
});

t.test('R39, R41, R42, R52: the Mode 2 registration of the documents and of every script', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const role = MODE_2.crossAccountRoleArn;
  const documented = {
    appId: 'mroptimum',
    mode: 'mode2',
    provider: 'user-owned',
    ...COMMON_2,
    crossAccountRoleArn: role,
    externalId: `cloudmr-${RESEARCHER}-mroptimum`,
  };
  const first = await ada.post('/api/computing-unit/register', documented);
  t.equal(first.statusCode, 201, first.body);
  t.match(first.json(), {
    action: 'created',
    status: 'pending',
    missing: [/^ownership_proof: /, /^registration: missing: externalId, issued by this broker/],
    computingUnit: { mode: 'mode_2', provider: 'user', isDefault: false, isShared: false, alias: 'Mode 2' },
  });
  t.notOk('externalId' in first.json().computingUnit, 'the guessable one is not taken');
  const dialects: Record<string, object> = {
    'the registration Lambda of the seeds': { ...documented, isDefault: false, imageTag: 'latest' },
    'register-computing-unit.sh': {
      appName: 'MR Optimum',
      mode: 'mode_2',
      provider: 'user',
      alias: 'Mode 2',
      crossAccountRoleArn: role,
      externalId: 'x',
      isDefault: false,
    },
    'deploy-and-register-mode2.sh': {
      appName: 'MR Optimum',
      mode: 'mode_2',
      provider: 'user',
      alias: 'Mode 2',
      crossAccountRoleArn: role,
      externalId: '',
      isDefault: false,
    },
    'the same with notes on trust': {
      appName: 'MR Optimum',
      mode: 'mode_2',
      provider: 'user',
      crossAccountRoleArn: role,
      externalId: '',
      autoUpdatedTrust: true,
      trustUpdatedBy: 'x',
      trustUpdatedAt: '2026-02-05',
      trustUpdatedAutomatic: true,
    },
    'its retry without a role': { appName: 'MR Optimum', mode: 'mode_2', provider: 'user', isDefault: false },
  };
  for (const [name, body] of Object.entries(dialects)) {
    const answer = await ada.post('/computing-unit/register', { ...COMMON_2, ...body });
    t.match(answer.json(), { action: 'updated', status: 'pending' }, `${name}: ${answer.body}`);
  }
  const hosted = await ada.post('/computing-unit/register', {
    appName: 'MR Optimum',
    mode: 'mode_2',
    provider: 'self-hosted',
    apiEndpoint: 'https://worker.example.org',
    apiKey: 'k',
    alias: 'mine',
  });
  t.match(hosted.json(), { code: 'invalid_request', message: /stateMachineArn: / }, 'says what it needs');
});

t.test('R43, R49, R51: the list by any name of the app, at once', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const { computingUnitId } = (await b.proven(ada)).json();
  for (const query of [
    'app_name=MR+Optimum',
    'appName=MR%20Optimum',
    'appId=mroptimum',
    '',
    'app_name=MR+Optimum&mode=mode_2',
    'appId=mroptimum&mode=mode2',
  ]) {
    const list = await ada.get(`/api/computing-unit/list?${query}`);
    t.equal(list.statusCode, 200, query);
    const { computingUnits, units, count } = list.json();
    t.equal(count, 1, query);
    t.same(units, computingUnits);
    t.match(computingUnits[0], {
      computingUnitId,
      mode: 'mode_2',
      provider: 'user',
      isDefault: false,
      awsAccountId: RESEARCHER,
      status: 'ready',
      stateMachineArn: MODE_2.stateMachineArn,
      alias: 'Lab',
      crossAccountRoleVerified: true,
      whoMustAct: [],
    });
  }
  t.equal((await ada.get('/computing-unit/list?mode=mode_1')).json().count, 0);
  t.equal((await ada.get('/computing-unit/list?mode=3')).statusCode, 400);
});

t.test('the three forms of deregistration', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const forms: Record<string, (id: string) => ReturnType<typeof ada.get>> = {
    'a stack that is deleted': () =>
      ada.post('/api/computing-unit/deregister', {
        appId: 'mroptimum',
        stateMachineArn: MODE_2.stateMachineArn,
      }),
    'manage.py teardown': (id) => ada.post('/api/computing-unit/delete', { computingUnitId: id }),
    'the web client': (id) =>
      ada.del('/api/computing-unit/delete', {
        computingUnitId: id,
        computing_unit_id: id,
        id,
        app_name: 'MR Optimum',
        mode: 'mode_2',
      }),
  };
  for (const [name, remove] of Object.entries(forms)) {
    const { computingUnitId } = (await b.proven(ada)).json();
    t.same((await remove(computingUnitId)).json(), { success: true, removed: true }, name);
    t.same((await remove(computingUnitId)).json(), { success: true, removed: false }, `${name}, twice`);
    t.equal((await ada.get(`/computing-unit/${computingUnitId}`)).statusCode, 404);
  }
});
