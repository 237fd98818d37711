/** Caps on what one person may hold or ask for: over the routes, at the brim, by two requests at once. */
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import t, { type Test } from 'tap';
import { MOST_A_DAY, MOST_HELD } from '../../src/schemas/holdings.ts';
import { type Answer, type Broker, broker, MODE_1, MODE_2, type Person } from '../helpers/http.ts';

async function ready(t: Parameters<typeof broker>[0]) {
  const b = await broker(t);
  await (await b.administrator()).post('/computing-unit/register', MODE_1);
  return { b, ada: await b.person('ada@example.org'), eve: await b.person('eve@example.org') };
}

/** Changes the stored counts of a person, who has some already. */
async function count({ documents, tableName: TableName }: Broker, { userId }: Person, over: object) {
  const Key = { pk: `HOLDINGS#${userId}`, sk: 'HOLDINGS' };
  const { Item } = await documents.send(new GetCommand({ TableName, Key, ConsistentRead: true }));
  const body = { ...JSON.parse(Item?.['body'] ?? 'null'), ...over };
  await documents.send(new PutCommand({ TableName, Item: { ...Item, body: JSON.stringify(body) } }));
}

const put = (who: Person): Promise<Answer> =>
  who.post('/data/presign', { operation: 'put', filename: 'a.dat' });
const begin = (who: Person): Promise<Answer> =>
  who.post('/api/data/uploads', { filename: 'b.dat', sizeBytes: 30_000_000 });
const statuses = (answers: Answer[]): number[] => answers.map(({ statusCode }) => statusCode).sort();

function isFull(t: Test, answer: Answer, what: keyof typeof MOST_HELD) {
  t.equal(answer.statusCode, 409, answer.body);
  t.match(answer.json(), {
    code: 'too_many',
    details: { what, limit: MOST_HELD[what] },
    remedy: /DELETE \/api/,
  });
}

t.test('files: the last place goes to one of two at once, and a deletion makes room', async (t) => {
  const { b, ada, eve } = await ready(t);
  const first = (await put(ada)).json();
  await count(b, ada, { files: MOST_HELD.files - 1 });
  const both = await Promise.all([put(ada), put(ada)]);
  t.same(statuses(both), [200, 409]);
  isFull(t, await put(ada), 'files');
  isFull(t, await begin(ada), 'files');
  t.equal(b.cloud.uploads.size, 0, 'the upload that found no place is not left behind');
  t.equal((await put(eve)).statusCode, 200, 'another person has their own count');
  t.equal((await ada.del(`/api/data/${first.dataId}`)).statusCode, 200);
  t.equal((await ada.del(`/api/data/${first.dataId}`)).statusCode, 200, 'a second time counts nothing');
  t.same(statuses([await put(ada), await put(ada)]), [200, 409]);
});

t.test('uploads in parts: those that end, in whichever way, make room', async (t) => {
  const { b, ada } = await ready(t);
  const begun = [(await begin(ada)).json(), (await begin(ada)).json(), (await begin(ada)).json()];
  await count(b, ada, { uploads: MOST_HELD.uploads });
  isFull(t, await begin(ada), 'uploads');
  t.equal((await put(ada)).statusCode, 200, 'a file in one piece is none of them');

  b.cloud.uploadedBytes = 30_000_000;
  const parts = Array.from({ length: begun[0].parts }, (_, i) => ({ partNumber: i + 1, etag: `e${i}` }));
  const complete = () => ada.post(`/api/data/${begun[0].dataId}/complete`, { parts });
  t.same(statuses([await complete(), await complete()]), [200, 200], 'told twice');
  t.equal((await ada.post(`/api/data/update/${begun[0].dataId}`, { filename: 'c.dat' })).statusCode, 200);
  t.same(statuses([await begin(ada), await begin(ada)]), [200, 409], 'counted once');
  await ada.post(`/api/data/${begun[1].dataId}/abort`);
  await ada.del(`/api/data/${begun[2].dataId}`);
  t.same(statuses([await begin(ada), await begin(ada), await begin(ada)]), [200, 200, 409]);
});

t.test('computing units: pending ones count, the same again does not, and removal makes room', async (t) => {
  const { ada, eve } = await ready(t);
  const register = (who: Person, index: number) =>
    who.post('/api/computing-unit/register', {
      ...MODE_2,
      stateMachineArn: `${MODE_2.stateMachineArn}-${index}`,
    });
  const made: string[] = [];
  for (let index = 0; index < MOST_HELD.units - 1; index++) {
    const { computingUnitId, status } = (await register(ada, index)).json();
    t.equal(status, 'pending');
    made.push(computingUnitId);
  }
  const last = await Promise.all([register(ada, 100), register(ada, 101)]);
  t.same(last.map(({ statusCode }) => statusCode >= 400).sort(), [false, true]);
  isFull(t, await register(ada, 102), 'units');
  t.equal((await register(ada, 0)).json().computingUnitId, made[0], 'an upsert is none more');
  t.ok((await register(eve, 102)).statusCode < 300);
  await ada.del(`/api/computing-unit/${made[0]}`);
  t.ok((await register(ada, 102)).statusCode < 300);
  isFull(t, await register(ada, 103), 'units');
});

t.test('webhooks: the last place goes to one of two at once, and a deletion makes room', async (t) => {
  const { b, ada, eve } = await ready(t);
  const make = (who: Person) => who.post('/api/webhooks', { url: 'https://hooks.example.org/' });
  const { webhookId: id } = (await make(ada)).json();
  for (let made = 1; made < MOST_HELD.webhooks - 1; made++) await make(ada);
  t.same(statuses(await Promise.all([make(ada), make(ada), make(ada)])), [201, 409, 409]);
  isFull(t, await make(ada), 'webhooks');
  t.equal((await ada.get('/api/webhooks')).json().count, MOST_HELD.webhooks);
  t.equal((await make(eve)).statusCode, 201, 'another person has their own count');
  const gone = await Promise.all([ada.del(`/api/webhooks/${id}`), ada.del(`/api/webhooks/${id}`)]);
  t.ok(gone.some(({ statusCode }) => statusCode === 200));
  t.same(statuses(await Promise.all([make(ada), make(ada)])), [201, 409], 'two deletions of one count once');
  await count(b, ada, { webhooks: undefined });
  t.equal((await make(ada)).statusCode, 201, 'counts of before there were these are read');
});

t.test('tokens: the last place goes to one of two at once; revoked and ended ones make room', async (t) => {
  const { b, ada, eve } = await ready(t);
  const make = (who: Person, expiresInDays = 30) =>
    who.post('/api/profile/tokens', { name: 'a', scopes: ['jobs:read'], expiresInDays });
  const { tokenId } = (await make(ada)).json();
  await make(ada, 1);
  const later = b.clock() + 30 * 86_400_000;
  const held = Array.from({ length: MOST_HELD.tokens - 3 }, () => later);
  await count(b, ada, { tokenEnds: [...held, later, b.clock() + 86_400_000] });
  t.same(statuses(await Promise.all([make(ada), make(ada)])), [201, 409]);
  isFull(t, await make(ada), 'tokens');
  t.equal((await make(eve)).statusCode, 201, 'another person has their own count');
  t.equal((await ada.del(`/api/profile/tokens/${tokenId}`)).statusCode, 200);
  t.equal((await ada.del(`/api/profile/tokens/${tokenId}`)).statusCode, 404);
  t.same(statuses(await Promise.all([make(ada), make(ada)])), [201, 409]);
  b.pass(86_400_001);
  const renewed = await b.login('ada@example.org');
  t.same(statuses(await Promise.all([make(renewed), make(renewed)])), [201, 409], 'one has ended by itself');
});

t.test('what ends by itself is counted by day', async (t) => {
  const { b } = await ready(t);
  const asked = {
    drafts: (who: Person) => who.post('/api/pipeline/request', { cloudapp_name: 'MR Optimum', alias: 'a' }),
    challenges: (who: Person) => who.post('/api/computing-unit/challenges', {}),
    externalIds: (who: Person) => who.post('/api/computing-unit/external-id', {}),
  };
  for (const [what, ask] of Object.entries(asked)) {
    const [ada, eve] = [await b.login('ada@example.org'), await b.login('eve@example.org')];
    t.ok((await ask(ada)).statusCode < 300, what);
    const day = new Date(b.clock()).toISOString().slice(0, 10);
    const today = {
      drafts: 0,
      challenges: 0,
      externalIds: 0,
      ...{ [what]: MOST_A_DAY[what as 'drafts'] - 1 },
    };
    await count(b, ada, { day, today });
    const both = await Promise.all([ask(ada), ask(ada)]);
    t.same(both.map(({ statusCode }) => statusCode >= 400).sort(), [false, true], what);
    const refused = await ask(ada);
    t.equal(refused.statusCode, 429);
    t.match(refused.json(), {
      code: 'limit_reached',
      details: { what, limit: MOST_A_DAY[what as 'drafts'] },
    });
    const wait = Number(refused.headers['retry-after']);
    t.ok(wait > 0 && wait <= 86_400, `Retry-After: ${wait}`);
    t.ok((await ask(eve)).statusCode < 300, 'another person has their own count');
    b.pass(wait * 1_000);
    const renewed = await b.login('ada@example.org');
    t.ok((await ask(renewed)).statusCode < 300, 'the next day');
  }
});
