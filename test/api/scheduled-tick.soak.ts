/** The schedule of the stack starts a process every quarter of an hour: that reads nothing for those who only look on. */
import t from 'tap';
import { broker, HUB } from '../helpers/http.ts';
import { newTable } from '../helpers/table.ts';
import { openTabs } from '../helpers/tabs.ts';

const SECONDS = 45;

t.test('1,000 idle tabs read nothing while a process comes, works and leaves', async (t) => {
  const table = await newTable(HUB);
  const { one, pass, pollAll, reads, close } = await openTabs(t, table);
  await pollAll();
  reads.clear();
  const three = await broker(t, { table });
  three.pass(one.clock() - three.clock());
  three.news.fresh();
  for (let second = 1; second <= SECONDS; second++) {
    three.pass(1_000);
    if (second % 2 === 1) await three.shares.tick();
    await three.news.tick();
    await pass(1);
    if (second % 10 === 0) await pollAll();
  }
  t.same(reads.forTabs(), [], 'while it works');
  await three.news.leave();
  await three.shares.leave();
  for (let round = 0; round < 9; round++) {
    await pass(10);
    await pollAll();
  }
  t.same(reads.forTabs(), [], 'and when it has gone');
  close();
});
