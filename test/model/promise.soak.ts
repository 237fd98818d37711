/** The promise over 10,000 random sequences; see promise.test.ts. */
import t from 'tap';
import { check } from './check.ts';

const RUNS = 10_000;

t.test(`${RUNS} sequences keep the promise`, { timeout: 900_000 }, async (t) => {
  const { runs, seed, failure, events } = await check(RUNS);
  t.comment(`${runs} sequences, seed ${seed}`);
  for (const [event, count] of [...events].sort(([a], [b]) => (a < b ? -1 : 1)))
    t.comment(`${event}: ${count}`);
  t.equal(failure, undefined);
});
