/** Computing units whose owner has been disabled or deleted. */
import t from 'tap';
import { broker, type Person } from '../helpers/http.ts';

const HOUR = 3_600_000;
type Broker = Awaited<ReturnType<typeof broker>>;

/** A ready unit of ada's that is shared with bob. */
async function shared(b: Broker) {
  const admin = await b.administrator();
  const ada = await b.person('ada@example.org');
  const bob = await b.person('bob@example.org');
  const { computingUnitId: unitId } = (await b.proven(ada)).json();
  await ada.post(`/api/computing-unit/${unitId}/share`, { person: bob.userId });
  return { admin, ada, bob, unitId };
}
const listed = async (who: Person): Promise<number> =>
  (await who.get('/api/computing-unit/list')).json().count;

t.test(
  'the units of a deleted owner go: no look by the schedule, no list, and the role is free',
  async (t) => {
    const b = await broker(t);
    const { admin, ada, bob, unitId } = await shared(b);
    t.equal(await listed(bob), 1, 'control');
    t.equal((await admin.del(`/api/admin/users/${ada.userId}`)).statusCode, 200);
    t.equal(await b.unitStore.get(unitId), undefined);
    t.ok(await b.unitStore.getRemoved(unitId), 'kept for jobs that are under way');
    t.equal(await listed(bob), 0);
    t.equal((await bob.get(`/api/computing-unit/${unitId}`)).statusCode, 404);
    const { probes } = b.account;
    b.pass(7 * HOUR);
    await b.watch.tick();
    t.equal(b.account.probes, probes);
    const kim = await b.person('kim@example.org');
    const taken = await b.proven(kim);
    t.equal(taken.statusCode, 201, taken.body);
  },
);

t.test('a removal that was interrupted is completed by the schedule', async (t) => {
  const b = await broker(t);
  const { ada, bob, unitId } = await shared(b);
  const user = await b.userStore.get(ada.userId);
  if (!user) throw new Error('no such account');
  await b.userStore.replace({ ...user, status: 'deleted', version: user.version + 1 });
  const { probes } = b.account;
  t.equal(await listed(bob), 0, 'not listed from that moment on');
  t.equal((await bob.get(`/api/computing-unit/${unitId}`)).statusCode, 404);
  b.pass(7 * HOUR);
  await b.watch.tick();
  t.equal(await b.unitStore.get(unitId), undefined);
  t.equal(b.account.probes, probes, 'without entering the account');
});

t.test('the units of a disabled owner rest until the owner is back', async (t) => {
  const b = await broker(t);
  const { admin, ada, bob, unitId } = await shared(b);
  await admin.post(`/api/admin/users/${ada.userId}/disable`);
  t.equal(await listed(bob), 0);
  t.equal((await bob.get(`/api/computing-unit/${unitId}`)).statusCode, 404);
  const { probes } = b.account;
  b.pass(7 * HOUR);
  await b.watch.tick();
  t.equal(b.account.probes, probes);
  await b.identity.approve(ada.userId);
  b.pass(7 * HOUR);
  await b.watch.tick();
  t.ok(b.account.probes > probes, 'looked at again');
  t.equal(await listed(await b.login(bob.email)), 1);
});
