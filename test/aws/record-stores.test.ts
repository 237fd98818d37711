/** Users, tokens, files and audit entries in DynamoDB. */
import t from 'tap';
import { startTestCloud } from '../helpers/cloud.ts';
import {
  SAMPLE_TIME,
  sampleAuditEntry,
  sampleDataRecord,
  sampleToken,
  sampleUser,
} from '../helpers/samples.ts';

const cloud = await startTestCloud(t);
const { users, tokens, data, audit } = cloud.stores;

t.test('users are found by id and by e-mail address, however it is written', async (t) => {
  const user = sampleUser();
  t.equal(await users.create(user), true);
  t.same(await users.get(user.userId), user);
  t.same(await users.findByEmail(' ADA@example.ORG'), user);
  t.equal(await users.findByEmail('nobody@example.org'), undefined);
  t.equal(await users.get('nobody'), undefined);
});

t.test('an e-mail address belongs to one user', async (t) => {
  const taken = sampleUser({ userId: 'u2', email: 'ADA@EXAMPLE.ORG' });
  t.equal(await users.create(taken), false);
  t.equal(await users.get('u2'), undefined);
  const racers = Array.from({ length: 25 }, (_, i) =>
    sampleUser({ userId: `r${i}`, email: 'race@example.org' }),
  );
  const won = await Promise.all(racers.map((user) => users.create(user)));
  t.equal(won.filter(Boolean).length, 1);
  t.equal((await users.findByEmail('race@example.org'))?.userId, `r${won.indexOf(true)}`);
});

t.test('a user is replaced on the version before; a new address moves the claim', async (t) => {
  const user = sampleUser({ userId: 'u3', email: 'old@example.org' });
  await users.create(user);
  t.equal(await users.replace({ ...user, version: 3 }), false);
  t.equal(await users.replace({ ...user, version: 2, status: 'disabled' }), true);
  t.equal(await users.replace({ ...user, version: 2 }), false, 'somebody was faster');
  t.equal(await users.replace({ ...user, version: 3, email: 'ada@example.org' }), false, 'taken');
  t.equal(await users.replace({ ...user, version: 3, email: 'new@example.org' }), true);
  t.equal(await users.findByEmail('old@example.org'), undefined);
  t.equal((await users.findByEmail('new@example.org'))?.userId, 'u3');
  t.equal(await users.create(sampleUser({ userId: 'u4', email: 'old@example.org' })), true, 'free again');
  t.equal(await users.replace(sampleUser({ userId: 'nobody', version: 2 })), false);
});

t.test('users are listed newest first', async (t) => {
  for (const i of [1, 2, 3]) {
    const later = { userId: `list-${i}`, email: `list-${i}@example.org`, createdAt: SAMPLE_TIME + i };
    await users.create(sampleUser(later));
  }
  const first = await users.list({ limit: 2 });
  t.same(
    first.items.map((user) => user.userId),
    ['list-3', 'list-2'],
  );
  const second = await users.list({ limit: 1, cursor: first.cursor });
  t.equal(second.items[0].userId, 'list-1');
});

t.test('a token is found until it ends, by the clock and not by its deletion', async (t) => {
  const now = cloud.clock();
  const token = sampleToken({ createdAt: now, expiresAt: now + 60_000 });
  await tokens.put(token);
  t.same(await tokens.get(token.hash), token);
  const { expiresAtSeconds } = (await cloud.rawItem(`TOKEN#${token.hash}`, 'TOKEN')) ?? {};
  t.equal(expiresAtSeconds, Math.ceil((now + 60_000) / 1000), 'TTL in whole seconds, not too early');
  cloud.clock.advance(50_000);
  t.ok(await tokens.get(token.hash));
  cloud.clock.advance(10_000);
  t.equal(await tokens.get(token.hash), undefined);

  const { expiresAt: _, ...endless } = sampleToken({ hash: 'c'.repeat(64), kind: 'oidc' });
  await tokens.put(endless);
  cloud.clock.advance(10 * 365 * 24 * 3_600_000);
  t.same(await tokens.get(endless.hash), endless);
  t.equal((await cloud.rawItem(`TOKEN#${endless.hash}`, 'TOKEN'))?.['expiresAtSeconds'], undefined);
  await tokens.remove(endless.hash);
  await tokens.remove(endless.hash);
  t.equal(await tokens.get(endless.hash), undefined);
});

t.test('files are the owner’s alone', async (t) => {
  const record = sampleDataRecord();
  await data.create(record);
  t.same(await data.get(record.ownerId, record.dataId), record);
  t.equal(await data.get('owner-2', record.dataId), undefined, 'knowing the id is not enough');
  await data.remove('owner-2', record.dataId);
  t.ok(await data.get(record.ownerId, record.dataId), 'nor for deleting');
  t.equal(await data.replace({ ...record, version: 2, status: 'available' }), true);
  t.equal((await data.get(record.ownerId, record.dataId))?.status, 'available');
  for (const i of [1, 2]) await data.create({ ...record, dataId: `d${i}`, createdAt: SAMPLE_TIME + i });
  const { items } = await data.listByOwner(record.ownerId, { limit: 10 });
  t.same(
    items.map(({ dataId }) => dataId),
    ['d2', 'd1', record.dataId],
  );
  await data.remove(record.ownerId, record.dataId);
  t.equal(await data.get(record.ownerId, record.dataId), undefined);
  t.same((await data.listByOwner('owner-2', { limit: 10 })).items, []);
});

t.test('a file is replaced on the version before, and never brought back', async (t) => {
  const record = sampleDataRecord({ ownerId: 'owner-3' });
  await data.create(record);
  await t.rejects(data.create({ ...record, filename: 'other.h5' }), { code: 'conflict' });
  t.equal(await data.replace({ ...record, version: 3 }), false);
  t.equal(await data.replace({ ...record, version: 2, filename: 'new.h5' }), true);
  t.equal(await data.replace({ ...record, version: 2, status: 'available' }), false, 'somebody was faster');
  t.equal(await data.replace({ ...record, version: 1 }), false, 'nor as one from before versions');
  await data.remove(record.ownerId, record.dataId);
  t.equal(await data.replace({ ...record, version: 3 }), false);
  t.equal(await data.replace({ ...record, version: 1 }), false);
  t.equal(await data.get(record.ownerId, record.dataId), undefined);
});

t.test('a file of a broker that knew no versions is read as version 0, and changed once', async (t) => {
  const record = sampleDataRecord({ ownerId: 'owner-4' });
  await data.create(record);
  const { version: _, ...old } = record;
  await cloud.damage(`DATA#owner-4#${record.dataId}`, 'DATA', {
    version: undefined,
    body: JSON.stringify(old),
  });
  t.same(await data.get('owner-4', record.dataId), { ...record, version: 0 });
  const next = { ...record, filename: 'new.h5' };
  t.equal(await data.replace(next), true);
  t.equal(await data.replace(next), false);
  t.same(await data.get('owner-4', record.dataId), next);
});

t.test('audit entries are kept as first written, newest first', async (t) => {
  const entry = sampleAuditEntry();
  await audit.append(entry);
  await audit.append({ ...entry, outcome: 'rewritten' });
  await audit.append(sampleAuditEntry({ entryId: 'e2', at: SAMPLE_TIME + 5 }));
  await audit.append(sampleAuditEntry({ entryId: 'e3', ownerId: 'owner-2' }));
  const first = await audit.listByOwner('owner-1', { limit: 1 });
  t.equal(first.items[0].entryId, 'e2');
  const second = await audit.listByOwner('owner-1', { limit: 1, cursor: first.cursor });
  t.same(second, { items: [entry], cursor: undefined });
});
