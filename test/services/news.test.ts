/** What broker processes tell each other: when it is believed, what it costs, and that nothing is lost silently. */
import t from 'tap';
import { FRESH_MS, LATE_WRITE_MS, LOOK_MS, STANDS_MS } from '../../services/clockwork/news.ts';
import { SILENT_MS } from '../../services/clockwork/shares.ts';
import { storesOn } from '../../src/aws/stores/stores.ts';
import { MEMBERS_PARTITION, NEWS_PARTITION } from '../../src/aws/table/table.ts';
import { advance, clock, cut, type Process, pass, wanted, world } from '../helpers/news-world.ts';

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
  t.same(calls, { put: 0, list: 1 }, 'read once: who lives is known from the signs of life');
  for (let i = 0; i < 60; i++) {
    await pass(1, one);
    t.ok(one.news.fresh());
  }
  t.same(calls, { put: 0, list: 1 });
  await pass(200, one);
  t.equal(calls.list, 1);
  t.notOk(one.news.fresh(), 'and nothing is believed');
});

t.test(
  'who was alone hears who comes from its first word on, and reads as long as somebody may',
  async (t) => {
    const { start, calls } = world();
    const one = start();
    one.news.fresh();
    await pass(20, one);
    t.ok(one.news.fresh());
    one.heard.length = 0;
    const [before, two] = [clock(), start()];
    two.news.tell({ ownerId: 'ada', jobId: 'a' });
    while (!one.heard.some((each) => each?.jobId === 'a') && clock() - before < 30_000) {
      one.news.fresh();
      await pass(1, two, one);
    }
    t.ok(clock() - before <= FRESH_MS + LOOK_MS, `${clock() - before} ms after it was written`);
    await two.news.leave();
    await two.shares.leave();
    const wanting = async (seconds: number): Promise<void> => {
      for (let i = 0; i < seconds; i++) {
        one.news.fresh();
        await pass(1, one);
      }
    };
    await wanting(LATE_WRITE_MS / 1_000 + 5);
    const left = calls.list;
    await wanting(30);
    t.equal(calls.list, left, 'it is alone again');
    t.ok(one.news.fresh());
  },
);

t.test('of who died it is not known that it will not write: it is listened to', async (t) => {
  const { start, calls } = world();
  const [one, two] = [start(), start()];
  wanted(one, two);
  await pass(10, one, two);
  for (let i = 0; i < 120; i++) {
    one.news.fresh();
    await pass(1, one);
  }
  const before = calls.list;
  one.news.fresh();
  await pass(5, one);
  t.equal(calls.list, before + 5);
});

t.test('a list of processes that could not be read again proves nothing', async (t) => {
  const { start, table, calls } = world();
  const one = start();
  one.news.fresh();
  await pass(20, one);
  const { page } = table;
  table.page = async (kind, list, options) => {
    if (list.partition === MEMBERS_PARTITION) throw new Error('away');
    return page(kind, list, options);
  };
  const before = calls.list;
  await trying(8, one);
  one.news.fresh();
  t.ok(calls.list > before, 'the news themselves are read');
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
  t.same(one.heard, [{ ownerId: 'bob', jobId: 'b' }], 'who leaves has said everything');
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
  advance(1_000);
  await t.rejects(one.news.tick());
  table.write = write;
  await pass(3, one, two);
  t.same(two.heard, [{ ownerId: 'ada', jobId: 'a' }]);
});

/** As `pass`; what cannot be written is tried again, as the loop does. */
async function trying(seconds: number, ...processes: Process[]): Promise<void> {
  const quiet = (error: Error) => t.equal(error.message, 'away');
  for (let i = 0; i < seconds; i++) {
    advance(1_000);
    for (const { shares } of processes) await shares.tick().catch(quiet);
    for (const { news } of processes) if (news.idleMs() === 0) await news.tick().catch(quiet);
  }
}

t.test(
  'a process that cannot tell what it writes: the others stop believing, until they know again',
  async (t) => {
    const { start, table } = world();
    const [one, two] = [start(), start()];
    wanted(one, two);
    await pass(10, one, two);
    t.same(wanted(one, two), [true, true]);
    const away = cut(table).add(NEWS_PARTITION);
    two.heard.length = 0;
    one.news.tell({ ownerId: 'ada', jobId: 'a' });
    let seconds = 0;
    for (; two.news.fresh() && seconds < 30; seconds++) await trying(1, one, two);
    t.ok(seconds <= 8, `believed for ${seconds} s`);
    await trying(2, one, two);
    t.same(two.heard, [undefined], 'what was remembered is forgotten');
    await one.news.sure();
    t.pass('and it may go on writing: the others know that they do not hear it');
    away.clear();
    two.heard.length = 0;
    for (seconds = 0; !two.news.fresh() && seconds < 30; seconds++) await trying(1, one, two);
    t.ok(two.heard.includes(undefined), 'before anything is believed again');
    t.ok(seconds <= 6, `${seconds} s`);
  },
);

t.test('who cannot say that it lives says so before it writes, or does not write', async (t) => {
  const { start, table } = world();
  const [one, two] = [start(), start()];
  wanted(one, two);
  await pass(10, one, two);
  const away = cut(table).add(MEMBERS_PARTITION);
  // Only one of them: the other still says that it lives.
  await trying(6, one);
  const before = clock();
  await one.news.sure();
  away.clear();
  await trying(2, two);
  t.notOk(two.news.fresh(), 'the other is told that it may miss something');
  t.equal(clock() - before, 2_000);
  away.add(MEMBERS_PARTITION).add(NEWS_PARTITION);
  advance(STANDS_MS);
  await t.rejects(one.news.sure(), { message: 'away' }, 'nothing is written that nobody may hear of');
  away.clear();
  wanted(one, two);
  await trying(12, one, two);
  await one.news.sure();
  t.same(wanted(one, two), [true, true]);
});

t.test('what a process had begun to write when it fell silent is looked for again later', async (t) => {
  const { start } = world();
  const [one, two] = [start(), start()];
  wanted(one, two);
  await pass(10, one, two);
  await pass(SILENT_MS / 1_000 + 2, one);
  one.heard.length = 0;
  for (let i = 0; i < LATE_WRITE_MS / 1_000; i++) {
    one.news.fresh();
    await pass(1, one);
  }
  t.same(one.heard, [undefined]);
});
