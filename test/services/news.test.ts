/** What broker processes tell each other: when it is believed, what it costs, and that nothing is lost silently. */
import t from 'tap';
import { createNews, FRESH_MS, LOOK_MS, type News } from '../../services/clockwork/news.ts';
import type { Tidings } from '../../services/clockwork/news-ports.ts';
import { createShares, SILENT_MS } from '../../services/clockwork/shares.ts';
import { storesOn } from '../../src/aws/stores/stores.ts';
import { createMemoryLog } from '../helpers/memory-log.ts';
import { createMemoryTable } from '../helpers/memory-table.ts';

let now = 1_700_000_000_000;
const clock = (): number => now;
let made = 0;

/** Processes on one table, of which some may be silent. */
function world() {
  const table = createMemoryTable(createMemoryLog());
  const calls = { put: 0, list: 0 };
  function start() {
    const stores = storesOn(table, clock);
    const ids = { next: () => `broker-${++made}`, secret: () => '', random: () => 0 };
    const log = createMemoryLog();
    const shares = createShares({
      members: stores.members,
      pieces: [],
      generation: 1,
      release: '1',
      figures: () => ({}),
      clock,
      ids,
      log,
    });
    const { bulletins } = stores;
    const counted = {
      ...bulletins,
      put: (bulletin: Parameters<typeof bulletins.put>[0]) => {
        calls.put++;
        return bulletins.put(bulletin);
      },
      list: () => {
        calls.list++;
        return bulletins.list();
      },
    };
    const news = createNews({ news: counted, view: shares.view, clock, log });
    const heard: (Tidings | undefined)[] = [];
    news.onHeard((tidings) => void heard.push(tidings));
    return { shares, news, heard };
  }
  return { start, calls, table };
}
type Process = ReturnType<ReturnType<typeof world>['start']>;

async function pass(seconds: number, ...processes: Process[]): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    now += 1_000;
    for (const { shares } of processes) await shares.tick();
    for (const { news } of processes) if (news.idleMs() === 0) await news.tick();
  }
}
const wanted = (...processes: { news: News }[]): boolean[] => processes.map(({ news }) => news.fresh());

t.test('what one writes the others hear within three seconds, once', async (t) => {
  const { start } = world();
  const [one, two] = [start(), start()];
  t.same(wanted(one, two), [false, false], 'nothing is known at first');
  await pass(10, one, two);
  t.same(wanted(one, two), [true, true]);
  two.heard.length = 0;
  one.news.tell({ ownerId: 'ada', jobId: 'a' });
  one.news.tell({ ownerId: 'ada', jobId: 'a' });
  one.news.tell({ ownerId: 'bob', jobId: 'b' });
  await pass(FRESH_MS / LOOK_MS, one, two);
  t.same(two.heard, [
    { ownerId: 'ada', jobId: 'a' },
    { ownerId: 'bob', jobId: 'b' },
  ]);
  await pass(5, one, two);
  t.equal(two.heard.length, 2);
  one.news.tell({ ownerId: 'ada' });
  t.equal(one.news.idleMs(), 0, 'an account does not wait');
});

t.test('alone nothing is written; nobody who wants to know, nothing is read', async (t) => {
  const { start, calls } = world();
  const one = start();
  one.news.fresh();
  await pass(10, one);
  t.ok(one.news.fresh());
  one.news.tell({ ownerId: 'ada', jobId: 'a' });
  await pass(5, one);
  t.equal(calls.put, 0);
  await pass(100, one);
  const before = calls.list;
  await pass(100, one);
  t.equal(calls.list, before);
  t.notOk(one.news.fresh(), 'and nothing is believed');
});

t.test('what was written alone is heard by who comes', async (t) => {
  const { start } = world();
  const one = start();
  await pass(2, one);
  const two = start();
  two.news.fresh();
  await pass(1, two);
  t.notOk(two.news.fresh(), 'of the other nothing is known yet');
  one.news.tell({ ownerId: 'ada', jobId: 'a' });
  await pass(10, one, two);
  t.ok(two.news.fresh());
  t.ok(two.heard.includes(undefined) || two.heard.some((each) => each?.jobId === 'a'));
});

t.test('who was away too long to hear everything is told that anything may have changed', async (t) => {
  const { start } = world();
  const [one, two] = [start(), start()];
  wanted(one, two);
  await pass(10, one, two);
  two.heard.length = 0;
  for (let i = 0; i < 30; i++) {
    one.news.tell({ ownerId: 'ada', jobId: `job ${i}` });
    await pass(1, one);
  }
  for (let i = 0; i < 6; i++) {
    t.notOk(two.news.fresh(), 'the other may believe that it is alone, and tell nothing');
    await pass(1, one, two);
  }
  t.ok(two.heard.includes(undefined));
  await pass(3, one, two);
  t.ok(two.news.fresh());
});

t.test('of a process that died or left anything may be untold; its last words do not stay', async (t) => {
  const { start, table } = world();
  const [one, two, three] = [start(), start(), start()];
  wanted(one, two, three);
  await pass(5, one, two, three);
  one.heard.length = 0;
  two.news.tell({ ownerId: 'ada', jobId: 'a' });
  for (let i = 0; i < SILENT_MS / 1_000 + 4; i++) {
    one.news.fresh();
    await pass(1, one, three);
  }
  t.same(one.heard, [undefined]);
  one.heard.length = 0;
  three.news.tell({ ownerId: 'bob', jobId: 'b' });
  await three.news.leave();
  await three.shares.leave();
  one.news.fresh();
  await pass(4, one);
  t.ok(one.heard.includes(undefined));
  for (let i = 0; i < 70; i++) {
    one.news.fresh();
    await pass(1, one);
  }
  const left = await storesOn(table, clock).bulletins.list();
  t.same(
    left.map(({ brokerId }) => brokerId),
    [one.shares.view().self],
  );
});

t.test('a store that is away makes nothing fresh, and loses nothing', async (t) => {
  const { start, table } = world();
  const [one, two] = [start(), start()];
  wanted(one, two);
  await pass(10, one, two);
  two.heard.length = 0;
  const { write } = table;
  table.write = async () => {
    throw new Error('away');
  };
  one.news.tell({ ownerId: 'ada', jobId: 'a' });
  now += 1_000;
  await t.rejects(one.news.tick());
  table.write = write;
  await pass(3, one, two);
  t.same(two.heard, [{ ownerId: 'ada', jobId: 'a' }]);
});
