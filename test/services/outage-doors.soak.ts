/**
 * Every door of a whole broker while a service of AWS is away, throttles or refuses: it is answered, or refused in words
 * with the time to come back; a refusal has changed nothing; and afterwards the same request is served as ever.
 */
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import t, { type Test } from 'tap';
import type { FaultInput } from '../../infra/local/faults.ts';
import { HUB, startTestCloud, type TestCloud } from '../helpers/cloud.ts';
import { bodiesOf, type Operation, urlOf } from '../helpers/doors.ts';
import { taskWith } from '../helpers/http.ts';
import type { Answer } from '../helpers/person.ts';
import { giveUnit, wholeBroker } from '../helpers/whole-broker.ts';

const HOUR = 3_600_000;
const PASSWORD = 'Correct-horse.7';
/** What takes something away comes last: others need it. Answers without an end have tests of their own. */
const TAKES =
  /^(delete|remove|revoke|abort|disable|end|logout|changePassword|setUserRole|deregister|unshare)/;
const ENDLESS = new Set(['followJobs', 'followJob']);
/** Asked of their own process. */
const OF_ITSELF = new Set(['live', 'ready', 'metrics']);

/** A broker, an administrator, and a person with a unit, a file, a job that has succeeded and an upload under way. */
async function world(t: Test) {
  const cloud = await startTestCloud(t);
  const b = await wholeBroker(t, cloud);
  const first = await b.person('ada@example.org');
  const { userId } = await b.person('root@example.org');
  const user = await cloud.stores.users.get(userId);
  if (!user) throw new Error('nobody was registered');
  await cloud.stores.users.replace({ ...user, role: 'admin', version: user.version + 1 });
  const { unitId } = await giveUnit(cloud, cloud.mode2, first);
  const unit = { computing_unit_id: unitId };

  const link = (await first.post('/data/presign', { operation: 'put', filename: 'a.dat', ...unit })).json();
  const arrived = await fetch(link.url, { method: 'PUT', body: 'abc', headers: link.headers });
  t.equal(arrived.status, 200);
  const wish = { alias: 'a', ...unit, task: taskWith(link) };
  const { jobId } = (await first.post('/task/queue', wish)).json();
  const body = JSON.parse(String((await cloud.rawItem(`JOB#${jobId}`, 'JOB'))?.['body']));
  const done = { ...body, state: 'succeeded', dueAt: undefined, finishedAt: cloud.clock() };
  await cloud.damage(`JOB#${jobId}`, 'JOB', { body: JSON.stringify(done) });
  const parts = { filename: 'p.dat', sizeBytes: 11_000_000, computingUnitId: unitId };
  const { dataId } = (await first.post('/api/data/uploads', parts)).json();
  const { tokenId } = (await first.post('/profile/tokens', { name: 'x', scopes: ['jobs:read'] })).json();
  // The file is known to have arrived; and the session in the account of the unit ends.
  await first.get('/data/read');
  cloud.clock.advance(HOUR);
  const [ada, admin] = [await b.signIn('ada@example.org'), await b.signIn('root@example.org')];

  const nobodys = '01JGK000000000000000NOBODY';
  const ids: Record<string, string> = {
    ...{ jobId, pipelineId: jobId, tokenId, dataId, computingUnitId: unitId, userId: ada.userId },
    ...{ appId: 'mroptimum', key: link.key, webhookId: nobodys, deliveryId: nobodys },
  };
  const better: Record<string, object> = {
    queueTask: { ...wish, alias: 'task' },
    queueJob: { ...wish, alias: 'job' },
    estimateTask: wish,
    presign: { operation: 'put', filename: 'b.dat', ...unit },
    beginUpload: parts,
    uploadInitiate: { filename: 'q.dat', filesize: 11_000_000, ...unit },
    register: { email: 'new@example.org', password: PASSWORD },
    login: { email: 'ada@example.org', password: PASSWORD },
    refresh: { refresh_token: ada.tokens.refresh_token },
    logout: { refresh_token: ada.tokens.refresh_token },
    forgotPassword: { email: 'ada@example.org' },
    createAccessToken: { name: 'y', scopes: ['jobs:read'] },
    requestPipeline: { application: 'MR Optimum', alias: 'p' },
  };
  const document = b.app.swagger() as unknown as { paths: Record<string, Record<string, Operation>> };
  const operations = Object.entries(document.paths)
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, one]): Operation => ({ ...one, method, path })),
    )
    .filter(({ operationId }) => !ENDLESS.has(operationId))
    .sort((one, other) => Number(TAKES.test(one.operationId)) - Number(TAKES.test(other.operationId)));
  const ask = (operation: Operation): Promise<Answer> => {
    const { tokens } = operation.path.includes('/admin') ? admin : ada;
    return b.app.inject({
      method: operation.method.toUpperCase() as 'GET',
      url: urlOf(operation, ids),
      payload: better[operation.operationId] ?? bodiesOf(operation, ids)[0],
      headers: { authorization: `Bearer ${tokens.id_token}` },
    });
  };
  const ready = (await cloud.rawItem(`UNIT#${unitId}`, 'UNIT')) ?? {};
  /** What is remembered for a moment is forgotten, and the unit is in order. */
  const anew = async (): Promise<void> => {
    cloud.clock.advance(3_000);
    await cloud.damage(`UNIT#${unitId}`, 'UNIT', ready);
  };
  return { cloud, operations, ask, anew };
}

/** All that is stored, but for the trail of who asked for what, and the signs of life. */
async function stored({ rootClients }: TestCloud): Promise<Record<string, unknown>> {
  const { documents } = rootClients(HUB).clients;
  const { Items = [] } = await documents.send(new ScanCommand({ TableName: 'cloudmr' }));
  const things = Items.map((item): [string, unknown] => [`${item['pk']} ${item['sk']}`, item['body']]);
  return Object.fromEntries(things.filter(([key]) => !/AUDIT|MEMBER/.test(key)));
}

type Fault = Pick<FaultInput, 'service' | 'kind'>;
const TROUBLES: Readonly<Record<string, Fault & { served: string[]; refused: number }>> = {
  'store away': { service: 'dynamodb', kind: 'timeout_before', served: [], refused: 80 },
  'store throttling': { service: 'dynamodb', kind: 'throttle', served: [], refused: 25 },
  'STS away': { service: 'sts', kind: 'timeout_before', served: ['queueTask'], refused: 7 },
  'STS throttling': { service: 'sts', kind: 'throttle', served: ['queueTask'], refused: 2 },
  'STS refusing': { service: 'sts', kind: 'deny', served: ['queueTask'], refused: 7 },
  'Step Functions away': { service: 'states', kind: 'timeout_before', served: ['queueTask'], refused: 0 },
  'S3 away': { service: 's3', kind: 'timeout_before', served: ['queueTask', 'presign'], refused: 7 },
  'S3 throttling': { service: 's3', kind: 'throttle', served: ['queueTask', 'presign'], refused: 1 },
  'S3 refusing': { service: 's3', kind: 'deny', served: ['queueTask', 'presign'], refused: 7 },
};
const KNOWN = [
  'getJob',
  'listJobs',
  'renameJob',
  'listUnits',
  'listData',
  'profile',
  'login',
  'estimateTask',
];

for (const [what, { service, kind, served, refused }] of Object.entries(TROUBLES)) {
  t.test(`F25, F33: ${what}: doors answer, or say when to come back`, { timeout: 300_000 }, async (t) => {
    const { cloud, operations, ask, anew } = await world(t);
    const must = service === 'dynamodb' ? served : [...KNOWN, ...served];
    const turnedAway: Operation[] = [];
    // The SDK waits long before it tries again what was throttled: every third door speaks for all.
    for (const operation of operations.filter((_, n) => kind !== 'throttle' || n % 3 === 0)) {
      const { operationId } = operation;
      await anew();
      const before = await stored(cloud);
      await cloud.control(HUB).addFault({ service, operation: '*', kind });
      const answer = await ask(operation);
      await cloud.control(HUB).clearFaults();
      const name = `${operationId}: ${answer.statusCode} ${answer.body.slice(0, 200)}`;
      t.not(answer.statusCode, 500, name);
      if (must.includes(operationId)) t.ok(answer.statusCode < 300, name);
      if (answer.statusCode >= 500 && !OF_ITSELF.has(operationId)) {
        turnedAway.push(operation);
        const code = kind === 'deny' ? 'cloud_refused' : 'unavailable';
        t.match(answer.json(), { code, message: /\S/, remedy: /\S/, requestId: /\S/ }, name);
        if (code === 'unavailable') t.ok(Number(answer.headers['retry-after']) > 0, name);
        t.notMatch(answer.body, /\.ts:\d|"stack"/, name);
        t.same(await stored(cloud), before, `${operationId} has changed nothing`);
      }
    }
    t.ok(turnedAway.length >= refused, `${turnedAway.length} doors need it`);
    for (const operation of turnedAway) {
      await anew();
      const { statusCode, body } = await ask(operation);
      t.ok(statusCode < 500, `${operation.operationId} afterwards: ${statusCode} ${body.slice(0, 200)}`);
    }
  });
}
