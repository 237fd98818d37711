/** kill -9 of the broker and of the embedded cloud in the middle of jobs. `bench/kill-nine.ts` does it 40 times. */
import t from 'tap';
import { killAtRandom } from '../helpers/kill.ts';

t.test(
  'after kill -9 and a restart every job ends once and none was started twice',
  { timeout: 240_000 },
  async (t) => {
    // In the middle of a round: the first while jobs start, the second while they run.
    const moments = [0.35, 0.5];
    const report = await killAtRandom(['broker', 'cloud'], () => moments.shift() ?? 0.5);
    t.equal(report.jobs, 4);
    t.same(report.unfinished, []);
    t.same(report.endedTwice, []);
    t.same(report.notOnce, []);
    t.same(report.otherEnds, []);
  },
);
