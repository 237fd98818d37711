/** The loop that calls the ticker. */
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { createLoop, together } from '../../src/loop.ts';
import { eventually } from '../helpers/eventually.ts';
import { createMemoryLog } from '../helpers/memory-log.ts';

/** A ticker that records when it is called. `work` is what one tick does. */
function recorder(work: () => Promise<void>) {
  const seen = { ticks: 0, atOnce: 0, most: 0, idleMs: 60_000 };
  let wake = (): void => {};
  return {
    seen,
    wake: () => wake(),
    async tick() {
      seen.ticks++;
      seen.most = Math.max(seen.most, ++seen.atOnce);
      try {
        await work();
      } finally {
        seen.atOnce--;
      }
      return 0;
    },
    idleMs: () => seen.idleMs,
    onWake(callback: () => void) {
      wake = callback;
    },
  };
}

t.test('ticks at once, then when there is something to do, and never twice at a time', async (t) => {
  const log = createMemoryLog();
  const ticker = recorder(() => pause(20));
  const loop = createLoop({ ticker, clock: Date.now, log });
  t.equal(loop.healthy(), false, 'not started');
  loop.start();
  await eventually(() => ticker.seen.ticks === 1 && ticker.seen.atOnce === 0);
  await pause(40);
  t.equal(ticker.seen.ticks, 1, 'then it waits');
  t.equal(loop.healthy(), true);
  ticker.seen.idleMs = 0;
  ticker.wake();
  ticker.wake();
  await pause(10);
  ticker.wake();
  await eventually(() => ticker.seen.ticks >= 4);
  t.equal(ticker.seen.most, 1);
  await loop.stop();
  t.equal(ticker.seen.atOnce, 0, 'the tick under way has finished');
  const { ticks } = ticker.seen;
  ticker.wake();
  await pause(50);
  t.equal(ticker.seen.ticks, ticks, 'and no other follows');
  t.equal(loop.healthy(), false);
});

t.test('an error is logged and the loop goes on', async (t) => {
  const log = createMemoryLog();
  let fail = true;
  const ticker = recorder(async () => {
    if (fail) throw new Error('the store is away');
  });
  let now = 1_000_000;
  const loop = createLoop({ ticker, clock: () => now, log });
  loop.start();
  await eventually(() => log.entries.length > 0);
  t.match(log.entries, [{ level: 'error', message: 'a tick failed' }]);
  t.equal(loop.healthy(), true, 'once is nothing');
  now += 61_000;
  t.equal(loop.healthy(), false, 'for a minute is');
  fail = false;
  ticker.seen.idleMs = 0;
  ticker.wake();
  await eventually(loop.healthy);
  t.equal(loop.healthy(), true, 'and it recovers');
  await loop.stop();
});

t.test('a loop that has nothing to do for ten minutes is healthy until then', async (t) => {
  let now = 1_000_000;
  const ticker = recorder(async () => {});
  ticker.seen.idleMs = 600_000;
  const loop = createLoop({ ticker, clock: () => now, log: createMemoryLog() });
  loop.start();
  await eventually(() => ticker.seen.ticks === 1 && ticker.seen.atOnce === 0);
  now += 601_000;
  t.equal(loop.healthy(), true, 'it is due now');
  now += 60_000;
  t.equal(loop.healthy(), false, 'and does not come');
  await loop.stop();
});

t.test(
  'a tick that others make long is healthy while it makes progress, and stuck without any',
  async (t) => {
    let now = 1_000_000;
    let tell = (): void => {};
    let end = (): void => {};
    const ticker = {
      ...recorder(async () => {}),
      tick: (beat: () => void) => {
        tell = beat;
        return new Promise<number>((resolve) => {
          end = () => resolve(0);
        });
      },
    };
    const other = createLoop({ ticker: recorder(async () => {}), clock: () => now, log: createMemoryLog() });
    const loop = createLoop({ ticker, clock: () => now, log: createMemoryLog() });
    const both = together([other, loop]);
    loop.start();
    await pause(10);
    for (let part = 0; part < 10; part++) {
      now += 600_000;
      t.equal(loop.healthy(), true, 'a part has taken ten minutes');
      tell();
    }
    now += 899_000;
    t.same([loop.healthy(), both.stuck()], [true, false]);
    now += 1_000;
    t.same([loop.healthy(), loop.stuck(), both.stuck()], [false, true, true]);
    end();
    await eventually(loop.healthy);
    t.equal(both.stuck(), false);
    await loop.stop();
  },
);

t.test(
  'F25: ticks that fail for hours, because the store is away, are no reason for a new process',
  async (t) => {
    let now = 1_000_000;
    const ticker = recorder(() => Promise.reject(new Error('the store is away')));
    ticker.seen.idleMs = 0;
    const log = createMemoryLog();
    const loop = createLoop({ ticker, clock: () => now, log });
    loop.start();
    await eventually(() => ticker.seen.ticks > 0 && ticker.seen.atOnce === 0);
    for (let hour = 0; hour < 3; hour++) {
      now += 3_600_000;
      ticker.wake();
      const before = log.entries.length;
      await eventually(() => log.entries.length > before);
      t.same([loop.healthy(), loop.stuck()], [false, false]);
    }
    await loop.stop();
  },
);
