/** Crowds of submits are let in a few at a time, and whoever only looks is answered in between. */
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { createTurnstile } from '../../src/plugins/turnstile.ts';

t.test('so many per turn, in the order of coming', async (t) => {
  const enter = createTurnstile({ perTurn: 2, waiting: 10 });
  const entered: number[] = [];
  for (let i = 0; i < 5; i++) void enter().then(() => entered.push(i));
  await Promise.resolve();
  t.same(entered, [], 'nobody before the turn is over');
  await turn();
  t.same(entered, [0, 1]);
  await turn();
  t.same(entered, [0, 1, 2, 3]);
  await turn();
  t.same(entered, [0, 1, 2, 3, 4]);
  await enter();
  t.pass('and whoever comes later enters as well');
});

t.test('who finds too many waiting is told when to come again, and how', async (t) => {
  const enter = createTurnstile({ perTurn: 1, waiting: 3 });
  const inside = [enter(), enter(), enter()];
  await t.rejects(enter(), {
    code: 'unavailable',
    status: 503,
    remedy: /same Idempotency-Key/,
    details: { retryAfterSeconds: 1 },
  });
  await Promise.all(inside);
  await enter();
});
