/** The promise over 10,000 random sequences; see promise.test.ts. */
import t from 'tap';
import { check } from './check.ts';

const RUNS = 10_000;

t.test(`${RUNS} sequences keep the promise`, { timeout: 900_000 }, async (t) => {
  const { runs, seed, failure, again, events } = await check(RUNS);
  // First of all, and in the name of the assertion: of long outputs the beginning is kept.
  t.equal(failure, undefined, again || 'the promise is kept');
  t.comment(`${runs} sequences, seed ${seed}`);
  for (const [event, count] of [...events].sort(([a], [b]) => (a < b ? -1 : 1)))
    t.comment(`${event}: ${count}`);
});
