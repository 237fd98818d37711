/** Computing units in DynamoDB: natural keys, role claims, sharing; races included. */
import t from 'tap';
import type { Unit } from '../../src/schemas/unit.ts';
import { startTestCloud } from '../helpers/cloud.ts';
import { sampleUnit } from '../helpers/samples.ts';

const cloud = await startTestCloud(t);
const { units } = cloud.stores;

let serial = 0;
/** A unit with its own id, state machine and (unless given) role. */
function newUnit(over: Partial<Unit> = {}): Unit {
  const n = ++serial;
  return sampleUnit({
    unitId: `01JGK${String(n).padStart(21, '0')}`,
    ownerId: `owner-${n}`,
    stateMachineArn: `arn:aws:states:us-east-1:222222222222:stateMachine:machine-${n}`,
    crossAccountRoleArn: `arn:aws:iam::222222222222:role/role-${n}`,
    ...over,
  });
}

/** Attributes of an item that `put` wrote, by its key. */
const raw = cloud.rawItem;

t.test('a unit comes back as it was stored, by id and by what makes it the same', async (t) => {
  const unit = newUnit();
  t.equal(await units.put(unit), 'stored');
  t.same(await units.get(unit.unitId), unit);
  t.same(await units.findSame(unit), unit);
  t.equal(await units.findSame({ ...unit, appId: 'other' }), undefined);
  t.equal(await units.get('nobody'), undefined);
});

t.test('a unit is replaced only on the version before it', async (t) => {
  const unit = newUnit();
  t.equal(await units.put({ ...unit, version: 2 }), 'conflict', 'a second version of nothing');
  t.equal(await units.put(unit), 'stored');
  t.equal(await units.put(unit), 'conflict');
  t.equal(await units.put({ ...unit, version: 3 }), 'conflict');
  t.equal(await units.put({ ...unit, version: 2, status: 'degraded' }), 'stored');
  t.equal((await units.get(unit.unitId))?.status, 'degraded');
});

t.test('the same registration under another id is a conflict', async (t) => {
  const unit = newUnit();
  await units.put(unit);
  t.equal(await units.put({ ...unit, unitId: 'another' }), 'conflict');
  t.equal(await units.get('another'), undefined);
  t.same(await units.findSame(unit), unit);
});

t.test('a role of another owner is taken, whatever else differs', async (t) => {
  const mine = newUnit();
  await units.put(mine);
  const theirs = newUnit({ crossAccountRoleArn: mine.crossAccountRoleArn });
  t.equal(await units.put(theirs), 'role_taken');
  t.equal(await units.get(theirs.unitId), undefined);
  t.equal(await units.findSame(theirs), undefined);

  const other = newUnit();
  await units.put(other);
  const moved = { ...other, version: 2, crossAccountRoleArn: mine.crossAccountRoleArn };
  t.equal(await units.put(moved), 'role_taken', 'nor by changing a unit');
  t.same(await units.get(other.unitId), other);
});

t.test('a role serves several units of one owner, and is free when the last is gone', async (t) => {
  const first = newUnit();
  const second = newUnit({ ownerId: first.ownerId, crossAccountRoleArn: first.crossAccountRoleArn });
  const stranger = newUnit({ crossAccountRoleArn: first.crossAccountRoleArn });
  t.equal(await units.put(first), 'stored');
  t.equal(await units.put(second), 'stored');
  await units.remove(first);
  t.equal(await units.put(stranger), 'role_taken');
  await units.remove(second);
  t.equal(await raw(`ROLE#${first.crossAccountRoleArn}`, 'ROLE'), undefined);
  t.equal(await units.put(stranger), 'stored');
});

t.test('changing the role releases the old one', async (t) => {
  const unit = newUnit();
  await units.put(unit);
  const role = 'arn:aws:iam::222222222222:role/new-role';
  t.equal(await units.put({ ...unit, version: 2, crossAccountRoleArn: role }), 'stored');
  t.equal(await units.put(newUnit({ crossAccountRoleArn: role })), 'role_taken');
  t.equal(await units.put(newUnit({ crossAccountRoleArn: unit.crossAccountRoleArn })), 'stored');
  t.equal(await units.put({ ...unit, version: 3, crossAccountRoleArn: undefined }), 'stored');
  t.equal(await units.put(newUnit({ crossAccountRoleArn: role })), 'stored');
});

t.test('a new state machine moves the natural key', async (t) => {
  const unit = newUnit();
  await units.put(unit);
  const moved = { ...unit, version: 2, stateMachineArn: `${unit.stateMachineArn}-2` };
  t.equal(await units.put(moved), 'stored');
  t.equal(await units.findSame(unit), undefined);
  t.same(await units.findSame(moved), moved);
});

t.test('remove takes the claims along, and twice is fine', async (t) => {
  const unit = newUnit();
  await units.put(unit);
  await units.put({ ...unit, version: 2 });
  await units.remove(unit);
  await units.remove(unit);
  t.equal(await units.get(unit.unitId), undefined);
  t.equal(await units.findSame(unit), undefined);
  t.same((await units.listVisible(unit.ownerId, unit.appId)).length, 0);
  t.equal(await units.put(unit), 'stored', 'everything is free again');
});

t.test('a person sees their own units and the shared ones of the app', async (t) => {
  const appId = 'app-1';
  const [mine, alsoMine] = [newUnit({ ownerId: 'me', appId }), newUnit({ ownerId: 'me', appId })];
  const shared = newUnit({ ownerId: 'admin', appId, isShared: true, mode: 'mode_1' });
  const hidden = newUnit({ ownerId: 'you', appId });
  const otherApp = newUnit({ ownerId: 'me', appId: 'app-2' });
  const sharedElsewhere = newUnit({ ownerId: 'admin', appId: 'app-2', isShared: true });
  for (const unit of [mine, alsoMine, shared, hidden, otherApp, sharedElsewhere]) await units.put(unit);
  const visible = async (owner: string): Promise<string[]> =>
    (await units.listVisible(owner, appId)).map((unit) => unit.unitId).sort();
  t.same(await visible('me'), [mine.unitId, alsoMine.unitId, shared.unitId].sort());
  t.same(await visible('you'), [hidden.unitId, shared.unitId].sort());
  t.same(await visible('admin'), [shared.unitId]);

  t.equal(await units.put({ ...shared, version: 2, isShared: false }), 'stored');
  t.same(await visible('me'), [mine.unitId, alsoMine.unitId].sort(), 'no longer shared');
  t.same(await visible('admin'), [shared.unitId]);
});

t.test('25 owners at once for one role: one gets it', async (t) => {
  const role = 'arn:aws:iam::222222222222:role/wanted';
  const wishes = Array.from({ length: 25 }, () => newUnit({ crossAccountRoleArn: role }));
  const answers = await Promise.all(wishes.map((unit) => units.put(unit)));
  t.equal(answers.filter((answer) => answer === 'stored').length, 1);
  t.equal(answers.filter((answer) => answer === 'role_taken').length, 24);
  const stored = await Promise.all(wishes.map((unit) => units.get(unit.unitId)));
  t.equal(stored.filter(Boolean).length, 1);
});

t.test('25 times the same registration at once: one unit', async (t) => {
  const unit = newUnit();
  const wishes = Array.from({ length: 25 }, (_, i) => ({ ...unit, unitId: `same-${i}` }));
  const answers = await Promise.all(wishes.map((wish) => units.put(wish)));
  t.equal(answers.filter((answer) => answer === 'stored').length, 1, answers.join(' '));
  t.match((await units.findSame(unit))?.unitId, /^same-/);
});

t.test('units of one owner that share a role can come and go at once', async (t) => {
  const role = 'arn:aws:iam::222222222222:role/busy';
  const mine = Array.from({ length: 5 }, () => newUnit({ ownerId: 'busy', crossAccountRoleArn: role }));
  t.same(
    await Promise.all(mine.map((unit) => units.put(unit))),
    mine.map(() => 'stored'),
  );
  await Promise.all(mine.map((unit) => units.remove(unit)));
  t.equal(await raw(`ROLE#${role}`, 'ROLE'), undefined);
});
