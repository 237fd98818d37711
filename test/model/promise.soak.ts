/** The promise over 10,000 random sequences; see promise.test.ts. */
import t from 'tap';
import { check } from './check.ts';
import { missed, tableOf } from './coverage.ts';

const RUNS = 10_000;

t.setTimeout(900_000);

t.test(`${RUNS} sequences keep the promise`, { timeout: 900_000 }, async (t) => {
  const verdict = await check(RUNS);
  const { runs, seed, failure, again } = verdict;
  // First of all, and in the name of the assertion: of long outputs the beginning is kept.
  t.equal(failure, undefined, again || 'the promise is kept');
  if (runs >= RUNS) t.same(missed(verdict), [], 'everything that may happen has happened');
  t.comment(`${runs} sequences, seed ${seed}`);
  for (const line of tableOf(verdict)) t.comment(line);
});
