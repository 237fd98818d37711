/** Pages of the list of computing units: for those who ask for them, and at the cost of the page. */
import t from 'tap';
import { broker, MODE_1, MODE_2 } from '../helpers/http.ts';
import { sampleUnit } from '../helpers/samples.ts';

const OWN = 12;

/** Ada with a unit of the platform, one that Bob shares with her, and twelve of her own. */
async function ready(t: Parameters<typeof broker>[0]) {
  const b = await broker(t);
  const admin = await b.administrator();
  await admin.post('/api/computing-unit/register', MODE_1);
  const [ada, bob] = [await b.person('ada@example.org'), await b.person('bob@example.org')];
  const shared = (await b.proven(bob, { ...MODE_2, alias: 'of Bob' })).json();
  await bob.post(`/api/computing-unit/${shared.computingUnitId}/share`, { person: 'ada@example.org' });
  for (let i = 0; i < OWN; i++) {
    await b.unitStore.put(
      sampleUnit({
        unitId: `UNIT${String(i).padStart(2, '0')}`,
        ownerId: ada.userId,
        alias: i % 3 === 0 ? `Knee lab ${i}` : `brain lab ${i}`,
        stateMachineArn: `arn:aws:states:us-east-1:222222222222:stateMachine:m-${i}`,
        createdAt: b.clock() + i,
        proof: undefined,
      }),
    );
  }
  /** Aliases of all pages, and how many pages there were. */
  const walk = async (query: string) => {
    const names: string[] = [];
    let pages = 0;
    for (let cursor: string | null = ''; cursor !== null; pages++) {
      const answer = await ada.get(`/api/computing-unit/list?${query}${cursor && `&cursor=${cursor}`}`);
      if (answer.statusCode !== 200) throw new Error(answer.body);
      const page: { units: { alias: string }[]; count: number; cursor: string | null } = answer.json();
      if (page.count !== page.units.length) throw new Error('count is that of the page');
      names.push(...page.units.map(({ alias }) => alias));
      cursor = page.cursor;
    }
    return { names, pages };
  };
  return { ...b, ada, bob, walk };
}

t.test('pages meet without gap or overlap: the platform, what is shared, one’s own', async (t) => {
  const { ada, walk } = await ready(t);
  const own = Array.from({ length: OWN }, (_, i) => OWN - 1 - i).map((i) =>
    i % 3 === 0 ? `Knee lab ${i}` : `brain lab ${i}`,
  );
  for (const limit of [1, 2, 5, 100]) {
    const { names, pages } = await walk(`limit=${limit}`);
    t.same(names, ['Mode 1', 'of Bob', ...own], `by ${limit}`);
    t.ok(pages <= Math.ceil((OWN + 2) / limit) + 1, `${pages} pages`);
  }
  t.same(await walk('limit=3&mode=mode_1'), { names: ['Mode 1'], pages: 1 });
  t.same((await walk('limit=5&mode=mode_2')).names, ['of Bob', ...own]);
  t.same(await walk('own=true&limit=5&mode=mode_1'), { names: [], pages: 1 });
  t.same((await walk('limit=2&search=KNEE')).names, ['Knee lab 9', 'Knee lab 6', 'Knee lab 3', 'Knee lab 0']);
  t.equal((await walk('search=222222222222')).names.length, OWN + 1, 'by the number of the account');
  t.same((await walk('search=nowhere')).names, []);
  t.same((await walk('own=true&limit=5')).names, own);
  t.same((await walk('own=true&search=knee')).pages, 1);

  const whole = (await ada.get('/api/computing-unit/list')).json();
  t.equal(whole.count, OWN + 2);
  t.notOk('cursor' in whole, 'who asks for no page gets the whole list, as before');
});

t.test('a cursor is good for its list and its person alone', async (t) => {
  const { ada, bob } = await ready(t);
  const { cursor } = (await ada.get('/api/computing-unit/list?limit=4')).json();
  t.equal((await bob.get(`/api/computing-unit/list?limit=4&cursor=${cursor}`)).statusCode, 400);
  for (const wrong of ['x', '9.', '2.abc', `0${cursor.slice(1)}`, 'not a cursor', '..']) {
    const answer = await ada.get(`/api/computing-unit/list?cursor=${encodeURIComponent(wrong)}`);
    t.match([answer.statusCode, answer.json()], [400, { code: 'invalid_request' }], `${wrong} is refused`);
  }
  for (const limit of ['0', '101', 'many']) {
    t.equal((await ada.get(`/api/computing-unit/list?limit=${limit}`)).statusCode, 400, limit);
  }
});

t.test('a page costs what it shows, however many units there are', async (t) => {
  const { ada, unitStore, documents, clock } = await ready(t);
  let reads = 0;
  documents.middlewareStack.add((next) => (call) => {
    reads++;
    return next(call);
  });
  const cost = async (query: string): Promise<number> => {
    await ada.get(`/api/computing-unit/list?${query}`);
    reads = 0;
    await ada.get(`/api/computing-unit/list?${query}`);
    return reads;
  };
  const few = await cost('limit=5');
  const platform = await cost('limit=25&mode=mode_1');
  for (let i = 0; i < 60; i++) {
    await unitStore.put(
      sampleUnit({
        unitId: `MORE${i}`,
        ownerId: ada.userId,
        stateMachineArn: `arn:aws:states:us-east-1:222222222222:stateMachine:n-${i}`,
        createdAt: clock() + 100 + i,
        proof: undefined,
      }),
    );
  }
  t.equal(await cost('limit=5'), few, `${few} requests to the table`);
  t.equal(await cost('limit=25&mode=mode_1'), platform, `${platform} for those of the platform`);
});
