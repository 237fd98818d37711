/** Several broker processes share the pieces of background work, and take over from those that fall silent. */
import t from 'tap';
import { createShares, SILENT_MS } from '../../services/clockwork/shares.ts';
import { createMemberStore } from '../../src/aws/stores/member-store.ts';
import { createMemoryLog } from '../helpers/memory-log.ts';
import { createMemoryTable } from '../helpers/memory-table.ts';

const PIECES = ['a', 'b', 'c', 'd'];
let now = 1_700_000_000_000;
let made = 0;

function processOn(table: ReturnType<typeof createMemoryTable>, generation = 1) {
  const ids = { next: () => `broker-${++made}`, secret: () => '', random: () => 0 };
  const log = createMemoryLog();
  const members = createMemberStore(table);
  const shares = createShares({
    members,
    pieces: PIECES,
    generation,
    release: '1',
    figures: () => ({}),
    clock: () => now,
    ids,
    log,
  });
  return { ...shares, held: () => PIECES.filter(shares.mine) };
}

async function rounds(count: number, ...shares: ReturnType<typeof processOn>[]) {
  for (let round = 0; round < count; round++) {
    now += 2_000;
    for (const each of shares) await each.tick();
  }
}

t.test('F27: each piece has one holder, and the work is shared fairly', async (t) => {
  const table = createMemoryTable(createMemoryLog());
  const [one, two] = [processOn(table), processOn(table)];
  await rounds(1, one);
  t.same(one.held(), PIECES, 'alone it does everything');
  await rounds(3, one, two);
  t.same([...one.held(), ...two.held()].sort(), PIECES);
  t.equal(one.held().length, 2);
  t.equal(one.live(), 2);
});

t.test(
  'the pieces of a process that died are taken over; one that leaves gives them back at once',
  async (t) => {
    const table = createMemoryTable(createMemoryLog());
    const [one, two] = [processOn(table), processOn(table)];
    await rounds(3, one, two);
    now += SILENT_MS;
    t.same(two.held(), [], 'who could not say that it lives does not work either');
    await rounds(6, one);
    t.same(one.held(), PIECES);
    const three = processOn(table);
    await one.leave();
    await rounds(1, three);
    t.same(three.held(), PIECES);
  },
);

t.test('F34: processes of an older generation leave the work to the newer ones', async (t) => {
  const table = createMemoryTable(createMemoryLog());
  const [old, next] = [processOn(table, 1), processOn(table, 2)];
  await rounds(1, old);
  await rounds(3, old, next);
  t.same(old.held(), []);
  t.same(next.held(), PIECES);
});

t.test('F27: an old process beside hundreds that died keeps its work, and buries them', async (t) => {
  const table = createMemoryTable(createMemoryLog());
  const members = createMemberStore(table);
  // The list of members ends with the newest ones: ids grow with time.
  const [old, second] = [processOn(table), processOn(table)];
  await rounds(3, old, second);
  for (let dead = 0; dead < 300; dead++) {
    const brokerId = `broker-x${String(dead).padStart(3, '0')}`;
    const seenAt = now - 60_000 + dead;
    await members.beat({
      brokerId,
      startedAt: seenAt,
      seenAt,
      beat: seenAt,
      release: '1',
      generation: 1,
      figures: {},
    });
  }
  await rounds(1, old);
  t.ok(old.held().length >= 2, 'it sees itself, though the list is full of the dead');
  await rounds(100, old, second);
  t.same([...old.held(), ...second.held()].sort(), PIECES);
  t.equal(old.held().length, 2);
  t.equal(old.live(), 2);
  const left = old.view().members.filter(({ alive }) => !alive);
  t.equal(left.length, 20, 'the latest are still shown');
  t.match(
    left.map(({ brokerId }) => brokerId),
    ['broker-x299'],
  );
});

t.test('F27: the dead of a release that gave its signs of life no version are buried too', async (t) => {
  const table = createMemoryTable(createMemoryLog());
  const members = createMemberStore(table);
  const dead = { startedAt: now, seenAt: now, beat: now, release: '0', generation: 1, figures: {} };
  for (const brokerId of ['older', 'gone']) await members.beat({ ...dead, brokerId });
  table.damage('BROKERS', 'older', { version: undefined });
  await members.remove('gone');
  for (const brokerId of ['older', 'gone']) await members.bury({ ...dead, brokerId });
  t.same(await members.members(), []);
});

t.test('F27: a process that was only slow is not buried, and if it was it comes back', async (t) => {
  const table = createMemoryTable(createMemoryLog());
  const members = createMemberStore(table);
  const slow = processOn(table);
  await rounds(1, slow);
  const [before] = await members.members();
  await rounds(1, slow);
  await members.bury(before);
  t.match(await members.members(), [{ brokerId: before.brokerId }], 'it has said since that it lives');
  const [after] = await members.members();
  await members.bury(after);
  t.same(await members.members(), []);
  await rounds(1, slow);
  t.match(await members.members(), [{ brokerId: before.brokerId }]);
  t.same(slow.held(), PIECES);
});
