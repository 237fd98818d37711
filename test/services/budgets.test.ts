/** AWS is asked no faster than its quotas allow: per account, region and operation, shared among the processes. */
import t from 'tap';
import { createBudgets } from '../../services/clockwork/budgets.ts';
import { QUOTAS } from '../../src/schemas/quotas.ts';

function budgets(live = 1) {
  let now = 1_000_000;
  let processes = live;
  const waits: { ms: number; go: () => void }[] = [];
  const made = createBudgets({
    quotas: { ...QUOTAS, DescribeExecution: { bucket: 4, perSecond: 2 } },
    live: () => processes,
    clock: () => now,
    timers: {
      after(ms, go) {
        waits.push({ ms, go });
        return () => {};
      },
    },
  });
  /** What becomes of so many calls at once. */
  async function ask(count: number, account = '111111111111', region = 'us-east-1') {
    const outcomes = { at: 0, waited: 0, refused: 0 };
    for (let i = 0; i < count; i++) {
      const before = waits.length;
      const call = made.take(account, region, 'DescribeExecution').then(
        () => 'done',
        (error: { problem: string; awsCode: string }) => `${error.problem} ${error.awsCode}`,
      );
      await Promise.resolve();
      if (waits.length > before) {
        outcomes.waited++;
        waits[before].go();
        t.equal(await call, 'done');
      } else if ((await call) === 'done') outcomes.at++;
      else {
        t.equal(await call, 'throttled BudgetSpent');
        outcomes.refused++;
      }
    }
    return outcomes;
  }
  return {
    ...made,
    ask,
    waits,
    pass: (ms: number) => (now += ms),
    grow: (to: number) => (processes = to),
  };
}

t.test(
  'a burst takes the bucket, then calls wait for up to two seconds, then they are told to come back',
  async (t) => {
    const b = budgets();
    t.same(await b.ask(12), { at: 4, waited: 4, refused: 4 });
    t.same(
      b.waits.map(({ ms }) => ms),
      [500, 1_000, 1_500, 2_000],
      'each waits for its own turn',
    );
    t.equal(b.refused(), 4);
    b.pass(1_000);
    t.same(await b.ask(1), { at: 0, waited: 1, refused: 0 }, 'what waits was taken already');
    b.pass(60_000);
    t.same(await b.ask(4), { at: 4, waited: 0, refused: 0 }, 'full again, and not fuller');
    t.same(await b.ask(1), { at: 0, waited: 1, refused: 0 });
  },
);

t.test('accounts and regions have budgets of their own', async (t) => {
  const b = budgets();
  await b.ask(8);
  t.equal((await b.ask(1)).refused, 1);
  t.equal((await b.ask(4, '222222222222')).at, 4);
  t.equal((await b.ask(4, '111111111111', 'eu-west-1')).at, 4);
  const [most] = b.view();
  t.match(most, { account: /\d{12}/, region: String, operation: 'DescribeExecution', used: 1 });
});

t.test('processes share a budget: each has its part, also after others have come', async (t) => {
  const b = budgets(2);
  t.equal((await b.ask(4)).at, 2, 'half of the bucket');
  b.pass(60_000);
  b.grow(4);
  t.equal((await b.ask(2)).at, 1);
  b.grow(1_000);
  t.equal((await b.ask(1, '333333333333')).at, 1, 'one call at a time is always possible');
});

t.test('a clock that goes back gives nothing away and takes nothing', async (t) => {
  const b = budgets();
  await b.ask(4);
  b.pass(-3_600_000);
  t.same(await b.ask(1), { at: 0, waited: 1, refused: 0 });
});
