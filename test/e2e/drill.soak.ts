/** The drill in small: brokers killed, AWS failing, callbacks lost; nothing is lost and nothing runs twice. */
import t from 'tap';
import { drill } from '../../bench/drill/drill.ts';

const SMALL = { jobs: 40, kills: 5, failing: 20, lostCallbacks: 30, settleLimitSeconds: 120 };

t.test('40 jobs, 5 kills, every fifth call failing', { timeout: 300_000 }, async (t) => {
  const { report, wrong } = await drill(SMALL, () => undefined);
  t.comment(JSON.stringify(report));
  t.same(wrong, [], 'every job ended once, as its run and its result say');
  t.match(report, { accepted: 40, terminal: 40, lost: 0, startedTwice: 0, kills: 5 });
  t.ok(report.faults > 50, `${report.faults} calls failed`);
});
