/** Crowds of submits are let in a few at a time, and whoever only looks is answered in between. */
import { setImmediate as turn } from 'node:timers/promises';
import Fastify from 'fastify';
import t from 'tap';
import { createTurnstile, type TurnstileOptions, throughTurnstile } from '../../src/plugins/turnstile.ts';
import { createHandTimers } from '../helpers/hand-timers.ts';

const PATIENCE_MS = 100;

function newTurnstile(options: Partial<TurnstileOptions>) {
  const timers = createHandTimers();
  const enter = createTurnstile({
    perTurn: 10,
    inside: 1_000,
    waiting: 1_000,
    patienceMs: PATIENCE_MS,
    timers,
    ...options,
  });
  return { enter, timers };
}

t.test('so many per turn, in the order of coming', async (t) => {
  const { enter } = newTurnstile({ perTurn: 2 });
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

t.test('so many inside at once; the next one enters when one leaves', async (t) => {
  const { enter, timers } = newTurnstile({ inside: 2 });
  const leaves: (() => void)[] = [];
  for (let i = 0; i < 4; i++) void enter().then((leave) => leaves.push(leave));
  for (let i = 0; i < 3; i++) await turn();
  t.equal(leaves.length, 2);
  leaves[0]();
  leaves[0]();
  for (let i = 0; i < 3; i++) await turn();
  t.equal(leaves.length, 3, 'who leaves twice frees one place');
  leaves[1]();
  for (let i = 0; i < 3; i++) await turn();
  t.equal(leaves.length, 4);
  for (const leave of leaves) leave();
  t.same(timers.set(), [], 'no timer is left behind');
});

t.test('who is inside for long holds no place, and frees none later', async (t) => {
  const { enter, timers } = newTurnstile({ inside: 1 });
  const leaves: (() => void)[] = [];
  for (let i = 0; i < 3; i++) void enter().then((leave) => leaves.push(leave));
  for (let i = 0; i < 3; i++) await turn();
  t.equal(leaves.length, 1);
  t.equal(timers.fire(PATIENCE_MS), 1);
  for (let i = 0; i < 3; i++) await turn();
  t.equal(leaves.length, 2, 'the next one is in although the first has not left');
  leaves[0]();
  for (let i = 0; i < 3; i++) await turn();
  t.equal(leaves.length, 2);
});

t.test('who finds too many waiting is told when to come again, and how', async (t) => {
  const { enter } = newTurnstile({ perTurn: 1, waiting: 3 });
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

t.test('a route: every answer frees its place, a refusal too', async (t) => {
  const { enter, timers } = newTurnstile({ inside: 1 });
  const app = Fastify();
  app.post('/', throughTurnstile(enter), async (request) => {
    if ((request.body as { wrong?: boolean }).wrong) throw new Error('refused');
    return { ok: true };
  });
  const answers = await Promise.all(
    [{}, { wrong: true }, undefined, {}].map((payload) =>
      app.inject({
        method: 'POST',
        url: '/',
        headers: { 'content-type': 'application/json' },
        payload: payload === undefined ? '{' : JSON.stringify(payload),
      }),
    ),
  );
  t.same(
    answers.map(({ statusCode }) => statusCode),
    [200, 500, 400, 200],
  );
  t.same(timers.set(), [], 'nobody had to wait for patience to end');
});
