/**
 * Every accepted job reaches exactly one terminal state per attempt, in order, in time, and is started at most
 * once per attempt: random interleavings of everything that may happen, on the real services. Many more of them
 * in promise.soak.ts.
 */
import t from 'tap';
import { check } from './check.ts';

t.test('the promise holds', async (t) => {
  const { runs, seed, failure, again } = await check(400);
  t.comment(`${runs} sequences, seed ${seed}`);
  t.equal(failure, undefined, again || 'the promise is kept');
});
