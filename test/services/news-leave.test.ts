/** Processes that leave in order, and more news than fit: nobody forgets more than has changed. */
import t from 'tap';
import { LATE_WRITE_MS } from '../../services/clockwork/news.ts';
import { NEWS_PARTITION } from '../../src/aws/table/table.ts';
import { cut, type Process, pass, wanted, world } from '../helpers/news-world.ts';

t.test('who comes for a minute and leaves makes nobody forget anything', async (t) => {
  const { start } = world();
  const [one, two] = [start(), start()];
  wanted(one, two);
  await pass(10, one, two);
  one.heard.length = 0;
  const wanting = async (seconds: number, ...processes: Process[]): Promise<boolean> => {
    let always = true;
    for (let i = 0; i < seconds; i++) {
      await pass(1, ...processes);
      always = one.news.fresh() && always;
    }
    return always;
  };
  const three = start();
  t.ok(await wanting(45, three, one, two), 'while it is there');
  three.news.tell({ ownerId: 'ada', jobId: 'a' });
  await three.news.leave();
  await three.shares.leave();
  t.ok(await wanting(5, one, two));
  t.same(one.heard, [{ ownerId: 'ada', jobId: 'a' }]);
  three.news.tell({ ownerId: 'bob', jobId: 'late' });
  three.news.tell({ ownerId: 'bob', jobId: 'later' });
  t.ok(await wanting(LATE_WRITE_MS / 1_000 + 60, one, two), 'also a minute later');
  t.same(one.heard.slice(1), [
    { ownerId: 'bob', jobId: 'late' },
    { ownerId: 'bob', jobId: 'later' },
  ]);
});

t.test('who leaves and cannot say so is taken for dead', async (t) => {
  const { start, table } = world();
  const [one, two] = [start(), start()];
  wanted(one, two);
  await pass(10, one, two);
  one.heard.length = 0;
  const away = cut(table).add(NEWS_PARTITION);
  two.news.tell({ ownerId: 'ada', jobId: 'a' });
  await two.news.leave();
  away.clear();
  await two.shares.leave();
  one.news.fresh();
  await pass(4, one);
  t.same(one.heard, [undefined]);
});

t.test('of more changes than fit the others hear whose they were, and forget nothing else', async (t) => {
  const { start } = world();
  const [one, two] = [start(), start()];
  wanted(one, two);
  await pass(10, one, two);
  for (const [changes, people, missed] of [
    [2_000, 300, false],
    [5_000, 900, false],
    [5_000, 5_000, true],
  ] as const) {
    two.heard.length = 0;
    for (let i = 0; i < changes; i++) one.news.tell({ ownerId: `${i % people}`, jobId: `job ${i}` });
    await pass(3, one, two);
    wanted(one, two);
    t.equal(two.heard.includes(undefined), missed, `${changes} changes of ${people} people`);
    if (!missed) t.equal(new Set(two.heard.map((each) => each?.ownerId)).size, people);
    t.ok(two.heard.length <= 400 + people);
    await pass(12, one, two);
    wanted(one, two);
  }
});
