/** Every route of the served document, as nobody, as somebody else and as a person without a role. */
import t, { type Test } from 'tap';
import { bodiesOf, doors, QUERIES, urlOf } from '../helpers/doors.ts';
import type { Answer, Person } from '../helpers/http.ts';

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

type Setting = Awaited<ReturnType<typeof doors>>;

t.test('the document names every route with summary, tag, security and unique id', async (t) => {
  const { operations } = await doors(t);
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
  const { operations, ids } = await doors(t);
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
  const { operations, app, ids } = await doors(t);
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
  const s = await doors(t);
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
  const { eve, operations } = await doors(t);
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
