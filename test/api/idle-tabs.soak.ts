/**
 * A thousand open tabs cost the store nothing while nothing changes, and one read per change and group of tabs that
 * look at the same. Two brokers on one table; time is moved by hand, and every read is counted. `npm run bench:broker`
 * prints the same figures.
 */
import t from 'tap';
import { FRESH_MS, LOOK_MS } from '../../services/clockwork/news.ts';
import { HUB } from '../helpers/http.ts';
import { newTable } from '../helpers/table.ts';
import { openTabs, POLLING, STREAMS } from '../helpers/tabs.ts';

t.test('1,000 tabs: nothing is read while nothing changes, and once per change and group', async (t) => {
  const { one, two, people, tabs, pass, pollAll, settled, reads, close } = await openTabs(
    t,
    await newTable(HUB),
  );
  t.equal(tabs.length, 1_000);

  await t.test('idle', async (t) => {
    await pollAll();
    reads.clear();
    for (let round = 0; round < 2; round++) {
      await pass(30);
      await pollAll();
    }
    t.same(reads.forTabs(), [], 'a minute of a thousand tabs reads nothing');
    t.equal(
      reads.ofProcesses() <= 2 * 60 * 2,
      true,
      `${reads.ofProcesses()} reads of the processes themselves`,
    );
  });

  await t.test('the same broker changes jobs', async (t) => {
    reads.clear();
    for (const { job } of people.slice(0, 10)) {
      await one.jobStore.replace({ ...job, version: 2, state: 'starting', updatedAt: one.clock() });
    }
    await settled();
    t.same(reads.forTabs(), [], 'who follows is told without a read');
    for (const { tabs } of people.slice(0, 10)) t.equal(tabs[0].state(), 'starting');
    await pollAll();
    t.equal(reads.forTabs().length, 10, 'one for the tabs of a person that ask again');
    for (const { tabs } of people.slice(0, 10))
      t.same(
        tabs.map((tab) => tab.state()),
        Array(8).fill('starting'),
      );
  });

  await t.test('another broker changes jobs', async (t) => {
    reads.clear();
    for (const { job } of people.slice(20, 40)) {
      await two.jobStore.replace({ ...job, version: 2, state: 'running', updatedAt: two.clock() });
    }
    await pass(FRESH_MS / LOOK_MS);
    t.equal(reads.forTabs().length, 20, 'one for all streams of a person');
    for (const { tabs } of people.slice(20, 40)) t.equal(tabs[0].state(), 'running');
    await pollAll();
    t.equal(reads.forTabs().length, 20, 'which those that ask again share');
    for (const { tabs } of people.slice(20, 40))
      t.same(
        tabs.map((tab) => tab.state()),
        Array(8).fill('running'),
      );
    await pass(30);
    await pollAll();
    t.equal(reads.forTabs().length, 20);
  });

  await t.test('tabs of a person that ask for the list share one read per change', async (t) => {
    const [{ job, token }] = people.slice(45);
    const etags = ['', '', ''];
    const ask = async (): Promise<number[]> => {
      const answers = await Promise.all(
        etags.map((etag) =>
          one.app.inject({
            url: '/api/job?limit=25',
            headers: { authorization: `Bearer ${token}`, 'if-none-match': etag || 'none' },
          }),
        ),
      );
      answers.forEach(({ headers }, tab) => {
        etags[tab] = String(headers.etag);
      });
      return answers.map(({ statusCode }) => statusCode);
    };
    await ask();
    reads.clear();
    t.same(await ask(), [304, 304, 304]);
    t.same(reads.forTabs(), [], 'nothing has changed');
    await one.jobStore.replace({ ...job, version: 2, state: 'starting', updatedAt: one.clock() });
    await settled();
    reads.clear();
    t.same(await ask(), [200, 200, 200]);
    t.equal(reads.forTabs().length, 1, 'changed here');
    await two.jobStore.replace({ ...job, version: 3, state: 'running', updatedAt: two.clock() });
    await pass(FRESH_MS / LOOK_MS);
    reads.clear();
    t.same(await ask(), [200, 200, 200]);
    t.equal(reads.forTabs().length, 1, 'changed at the other broker');
    t.same(await ask(), [304, 304, 304]);
    t.equal(reads.forTabs().length, 1);
  });

  await t.test('an account that another broker closes is shut out without being asked about', async (t) => {
    const [{ job, token, tabs }] = people.slice(50);
    reads.clear();
    await two.identity.disable({ userId: 'somebody', role: 'admin' }, job.ownerId);
    await pass(3);
    const answer = await one.app.inject({ url: '/api/job', headers: { authorization: `Bearer ${token}` } });
    t.equal(answer.statusCode, 401);
    reads.clear();
    await pass(10);
    t.ok(reads.forTabs().length <= 1, 'and its streams end');
    t.equal(tabs.length, STREAMS + POLLING);
  });

  await t.test('one that is left alone reads who lives and who holds what, as without a tab', async (t) => {
    await two.news.leave();
    await two.shares.leave();
    await pass(50);
    for (const { tabs } of people.slice(0, 50)) for (const tab of tabs) await tab.poll();
    reads.clear();
    await pass(30);
    for (const { tabs } of people.slice(0, 50)) for (const tab of tabs) await tab.poll();
    t.same(reads.forTabs(), []);
    t.equal(reads.ofProcesses(), 30);
  });

  close();
});
