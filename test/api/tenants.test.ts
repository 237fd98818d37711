/** Every route of the served document, as nobody, as somebody else and as a person without a role. */
import t, { type Test } from 'tap';
import { type Answer, broker, MODE_1, MODE_2, type Person, taskWith } from '../helpers/http.ts';

interface Operation {
  method: string;
  path: string;
  operationId: string;
  summary?: string;
  tags?: string[];
  security: Record<string, unknown>[];
  requestBody?: object;
  responses: Record<string, { description: string }>;
}

/** What takes a body and names nothing that could be another person's. */
const OF_ONESELF = new Set([
  'register',
  'login',
  'refresh',
  'logout',
  'forgotPassword',
  'resetPassword',
  'changePassword',
  'changeProfile',
  'createAccessToken',
  'createCloudApp',
  'createWebhook',
  'requestPipeline',
  // Name a person by a code only; test/api/unit-proofs.test.ts and enrolling.test.ts try codes of others.
  'enrolUnit',
  'withdrawUnit',
]);

type Setting = Awaited<ReturnType<typeof setting>>;

async function setting(t: Parameters<typeof broker>[0]) {
  const b = await broker(t);
  const admin = await b.administrator();
  await admin.post('/computing-unit/register', MODE_1);
  const ada = await b.person('ada@example.org');
  const eve = await b.person('eve@example.org');
  const { dataId, bucket, key } = (
    await ada.post('/data/presign', { operation: 'put', filename: 'a.dat' })
  ).json();
  const { jobId } = (await ada.post('/task/queue', { alias: 'a', task: taskWith({ bucket, key }) })).json();
  const { computingUnitId } = (await b.proven(ada)).json();
  const { webhookId } = (await ada.post('/webhooks', { url: 'https://hooks.ada.example.org' })).json();
  const { deliveryId } = (await ada.post(`/webhooks/${webhookId}/test`)).json();
  const { tokenId } = (
    await ada.post('/profile/tokens', { name: 'pipeline of ada', scopes: ['jobs:read'] })
  ).json();
  const ids: Record<string, string> = {
    jobId,
    tokenId,
    webhookId,
    deliveryId,
    pipelineId: jobId,
    dataId,
    computingUnitId,
    userId: ada.userId,
    appId: 'mroptimum',
    key,
  };
  const document = b.app.swagger() as unknown as {
    paths: Record<string, Record<string, Omit<Operation, 'method' | 'path'>>>;
  };
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Operation => ({ ...operation, method, path })),
  );
  return { ...b, admin, ada, eve, ids, operations };
}

/** Bodies of the operations that take one, naming things of the first person; one operation may have several. */
function bodiesOf({ operationId }: Operation, ids: Record<string, string>): (object | undefined)[] {
  const unit = { computing_unit_id: ids['computingUnitId'] };
  const bodies: Record<string, object | object[]> = {
    jobCallback: {},
    pipelineCompletedById: {},
    pipelineFailedById: {},
    retryJob: {},
    setUserRole: { role: 'developer' },
    beginUpload: { filename: 'a.dat', sizeBytes: 1, ...unit },
    uploadInitiate: { filename: 'a.dat', filesize: 1, ...unit },
    jobProgress: { attempt: 0, step: 'read', fraction: 0, message: '' },
    pipelineCompleted: { pipeline: ids['jobId'] },
    pipelineFailed: { pipeline: ids['jobId'] },
    deleteUnit: { computingUnitId: ids['computingUnitId'] },
    deleteUnitByBody: { computingUnitId: ids['computingUnitId'] },
    deregisterUnit: { appId: 'mroptimum', stateMachineArn: MODE_2.stateMachineArn },
    queueTask: { alias: 'x', ...unit, task: {} },
    queueJob: { alias: 'x', ...unit, task: {} },
    presign: [
      { operation: 'get', jobId: ids['jobId'] },
      { operation: 'get', dataId: ids['dataId'] },
      { operation: 'put', filename: 'a.dat', ...unit },
    ],
    registerUnit: MODE_2,
    challengeOwner: { computingUnitId: ids['computingUnitId'] },
    updateUnit: { alias: 'mine now' },
    shareUnit: { person: ids['userId'] },
    unshareUnit: { person: ids['userId'] },
    renameJob: { alias: 'mine now' },
    changeWebhook: { description: 'mine now' },
    signParts: { partNumbers: [1] },
    completeUpload: { parts: [{ partNumber: 1, etag: 'e' }] },
    uploadFinalize: { uploadId: 'u', Key: ids['key'], parts: [{ partNumber: 1, etag: 'e' }] },
    createData: { location: JSON.stringify({ Bucket: 'hub-data', Key: ids['key'] }) },
    updateData: { fileid: ids['dataId'], filename: 'mine now' },
    updateDataById: { filename: 'mine now' },
    setUnitLimits: { all: { jobsPerMonth: 0 } },
    estimateTask: { ...unit, task: {} },
    unzipResult: {
      Bucket: 'hub-results',
      Key: `mroptimum/${ids['userId']}/${ids['jobId']}/0/result.zip`,
    },
    uploadRoi: { filename: 'a.zip', pipeline_id: ids['jobId'] },
    deleteRoi: { roi_id: `${ids['jobId']}-01K9ZBXR1D3F5H7K9M2P4R6T8V` },
  };
  return [bodies[operationId]].flat();
}

/** Queries of the operations that name a thing of the first person there. */
const QUERIES: Record<string, string> = {
  deletePipeline: '?id={jobId}',
  monthCosts: '?month=2026-11',
  listRois: '?pipeline_id={jobId}',
};

const urlOf = ({ path, operationId }: Operation, ids: Record<string, string>): string =>
  `${path}${QUERIES[operationId] ?? ''}`.replace(/\{(\w+)\}/g, (_all, name: string) => {
    if (!ids[name]) throw new Error(`the test knows no ${name} for ${path}`);
    return ids[name];
  });

t.test('the document names every route with summary, tag, security and unique id', async (t) => {
  const { operations } = await setting(t);
  t.ok(operations.length >= 30, `${operations.length} operations`);
  t.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length);
  for (const { path, method, summary, tags, security, responses } of operations) {
    const name = `${method} ${path}`;
    t.ok(summary && tags?.length === 1 && Array.isArray(security), name);
    for (const status of ['429', '500', '503']) t.ok(responses[status], `${name}: ${status}`);
    for (const [status, { description }] of Object.entries(responses)) {
      t.not(description, 'Default Response', `${name}: ${status}`);
    }
  }
});

t.test("every operation with a body is tried with what is another person's, or names nothing", async (t) => {
  const { operations, ids } = await setting(t);
  const unknown = operations.filter(
    (operation) =>
      operation.requestBody &&
      !OF_ONESELF.has(operation.operationId) &&
      bodiesOf(operation, ids)[0] === undefined,
  );
  t.same(
    unknown.map(({ operationId }) => operationId),
    [],
  );
});

t.test('nobody gets in without a token', async (t) => {
  const { operations, app, ids } = await setting(t);
  const open: string[] = [];
  for (const operation of operations) {
    const { method, operationId, security, responses } = operation;
    if (security.length === 0) {
      open.push(operationId);
      continue;
    }
    const answer = await app.inject({
      method: method.toUpperCase() as 'GET',
      url: urlOf(operation, ids),
      payload: bodiesOf(operation, ids)[0],
    });
    t.equal(answer.statusCode, 401, operationId);
    t.ok(responses['401'], `${operationId} documents it`);
  }
  t.same(open.sort(), [
    'enrolUnit',
    'forgotPassword',
    'live',
    'login',
    'ready',
    'refresh',
    'register',
    'resetPassword',
    'withdrawUnit',
  ]);
});

t.test("T14: another person's things are not there; nobody but an administrator administers", async (t) => {
  const s = await setting(t);
  const before = await state(s.ada, s.ids);
  const listed: string[] = [];
  for (const operation of s.operations) {
    const { method, operationId, security, responses } = operation;
    const bodies = bodiesOf(operation, s.ids);
    const names = operation.path.includes('{') || bodies[0] || QUERIES[operationId]?.includes('{');
    if (security.length === 0 || !names) continue;
    listed.push(operationId);
    for (const payload of bodies) {
      const answer: Answer = await s.app.inject({
        method: method.toUpperCase() as 'GET',
        url: urlOf(operation, s.ids),
        payload,
        headers: { authorization: `Bearer ${s.eve.tokens.id_token}` },
      });
      t.ok(responses[answer.statusCode], `${operationId} documents ${answer.statusCode}`);
      if (operation.path.startsWith('/api/admin')) t.equal(answer.statusCode, 403, operationId);
      else if (operationId === 'listPipelinesOfApp') t.same(answer.json().jobs, [], operationId);
      else if ('jobToken' in security[0]) t.equal(answer.statusCode, 401, operationId);
      else if (operationId === 'registerUnit') await isEvesOwn(t, s, answer);
      else if (answer.statusCode === 200)
        t.same(answer.json(), { success: true, removed: false }, operationId);
      else t.equal(answer.json().code, 'not_found', `${operationId}: ${answer.body}`);
    }
  }
  t.ok(listed.length >= 22, listed.join(' '));
  t.same(await state(s.ada, s.ids), before, 'and nothing has changed');
});

/** An unproven registration says nothing of what others hold: it is a unit of one's own that runs nothing. */
async function isEvesOwn(t: Test, { ada, eve, ids }: Setting, answer: Answer): Promise<void> {
  const { computingUnitId, status, computingUnit } = answer.json();
  t.equal(answer.statusCode, 201, answer.body);
  t.equal(status, 'pending');
  t.not(computingUnitId, ids['computingUnitId']);
  t.notOk(computingUnit.externalId);
  t.equal((await ada.get(`/computing-unit/${computingUnitId}`)).statusCode, 404);
  t.equal((await eve.del(`/computing-unit/${computingUnitId}`)).json().removed, true);
}

async function state(ada: Person, ids: Record<string, string>): Promise<unknown[]> {
  const urls = [
    `/api/job/${ids['jobId']}`,
    '/api/job',
    '/data/read',
    `/computing-unit/${ids['computingUnitId']}`,
    '/profile',
    '/profile/tokens',
    '/webhooks',
    `/webhooks/${ids['webhookId']}/deliveries`,
  ];
  return Promise.all(urls.map(async (url) => (await ada.get(url)).json()));
}

t.test("lists and the profile show only what is one's own", async (t) => {
  const { eve, operations } = await setting(t);
  const lists = operations.filter(
    ({ method, path, operationId, security }) =>
      method === 'get' &&
      !path.includes('{') &&
      !QUERIES[operationId]?.includes('{') &&
      security[0] &&
      !path.startsWith('/api/admin') &&
      path !== '/metrics' &&
      // Its answer has no end; test/api/events.test.ts looks at what is in it.
      path !== '/api/job/events',
  );
  t.ok(lists.length >= 5);
  for (const { path, operationId } of lists) {
    const answer = await eve.get(path + (QUERIES[operationId] ?? ''));
    t.equal(answer.statusCode, 200, path);
    t.notMatch(answer.body, /ada|lab-data|a\.dat/, path);
  }
});
