/** Presigned URLs as people use them: plain fetch, no SDK, no headers. */
import { createHash } from 'node:crypto';
import t from 'tap';
import { createUnitCloud } from '../../src/aws/accounts/unit-cloud.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);
const { unitCloud, clock, mode1, mode2, sessions, clients } = cloud;
const MINUTE = 60_000;
const BODY = new Uint8Array(200_000).map((_, i) => i * 7);

const upload = (unit: Unit, name = 'f.h5') => ({
  bucket: unit.dataBucket,
  key: `${unit.appId}/u1/uploads/${name}`,
});

/** Without a Content-Type of fetch's own, as the web client sends it. */
async function putTo(url: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: 'PUT', body: BODY, headers });
}

/** Status of a GET, its body read to the end. */
async function statusOf(url: string): Promise<number> {
  const response = await fetch(url);
  await response.arrayBuffer();
  return response.status;
}

for (const unit of [mode1, mode2]) {
  t.test(`R47, ${unit.mode}: a file goes up and comes down`, async (t) => {
    const location = upload(unit, "scan (1) ä+b&c='x'.h5");
    const up = await unitCloud.presignPut(unit, location, 900);
    t.match(up, { method: 'PUT', headers: {} });
    t.equal((await putTo(up.url, { 'content-type': 'application/x-anything' })).status, 200);
    t.equal((await unitCloud.headObject(unit, location)).sizeBytes, BODY.length);

    const down = await unitCloud.presignGet(unit, location, 'Schädel "1".h5', 900);
    const response = await fetch(down.url);
    t.equal(response.status, 200);
    t.equal(
      response.headers.get('content-disposition'),
      'attachment; filename="Sch_del _1_.h5"; filename*=UTF-8\'\'Sch%C3%A4del%20%221%22.h5',
    );
    const got = Buffer.from(await response.arrayBuffer());
    t.equal(createHash('sha256').update(got).digest('hex'), createHash('sha256').update(BODY).digest('hex'));
    const part = await fetch(down.url, { headers: { range: 'bytes=7-8' } });
    t.equal(part.status, 206);
    t.same(Buffer.from(await part.arrayBuffer()), Buffer.from(BODY.slice(7, 9)));
  });
}

t.test('T16: a URL is good for its method, key, query and owner of the bucket only', async (t) => {
  const location = upload(mode2);
  const { url } = await unitCloud.presignPut(mode2, location, 900);
  t.equal((await putTo(url)).status, 200);
  const get = await unitCloud.presignGet(mode2, location, 'f.h5', 900);
  const other = (from: string, change: (url: URL) => void): string => {
    const changed = new URL(from);
    change(changed);
    return changed.href;
  };
  t.equal(await statusOf(url), 403, 'GET with the URL of a PUT');
  t.equal((await putTo(get.url)).status, 403, 'PUT with the URL of a GET');
  t.equal(await statusOf(other(get.url, (u) => (u.pathname += 'x'))), 403, 'another key');
  for (const parameter of [
    'X-Amz-Expires',
    'X-Amz-Date',
    'response-content-disposition',
    'x-amz-expected-bucket-owner',
    'X-Amz-Credential',
  ]) {
    const without = other(get.url, (u) => u.searchParams.delete(parameter));
    t.ok([400, 403].includes(await statusOf(without)), `without ${parameter}`);
    const changed = other(get.url, (u) => u.searchParams.set(parameter, '333333333333'));
    t.ok([400, 403].includes(await statusOf(changed)), `with another ${parameter}`);
  }
  t.ok(
    [400, 403].includes(await statusOf(other(get.url, (u) => u.searchParams.delete('X-Amz-Security-Token')))),
  );
});

t.test('S3 enforces the owner of the bucket that the URL names', async (t) => {
  const strange = {
    ...mode1,
    awsAccountId: '333333333333',
    stateMachineArn: mode1.stateMachineArn.replace(/\d{12}/, '333333333333'),
  };
  const session = await sessions.get(mode1, { kind: 'start' });
  const asIfOurs = { ...sessions, get: async () => session };
  const confused = createUnitCloud({ clients, sessions: asIfOurs, clock });
  const { url } = await confused.presignPut(strange, upload(mode1), 900);
  t.equal((await putTo(url)).status, 403);
});

t.test('R48, T16: a URL ends when it says, or with the session that signed it', async (t) => {
  const location = upload(mode2);
  const start = clock();
  const short = await unitCloud.presignGet(mode2, location, 'f', 120);
  t.ok(short.expiresAt >= start + 119_000 && short.expiresAt <= clock() + 120_000);
  t.equal(await statusOf(short.url), 200);
  clock.advance(121_000);
  t.equal(await statusOf(short.url), 403);

  sessions.forget(mode2.unitId);
  const session = await sessions.get(mode2, { kind: 'presign', ownerId: 'u1' });
  clock.advance(40 * MINUTE);
  const long = await unitCloud.presignGet(mode2, location, 'f', 3_600);
  t.ok(long.expiresAt <= session.expiresAt, 'not longer than the session');
  t.ok(long.expiresAt > session.expiresAt - 2_000, 'and not shorter');
  clock.advance(18 * MINUTE);
  t.equal(await statusOf(long.url), 200);
  clock.advance(3 * MINUTE);
  t.ok([400, 403].includes(await statusOf(long.url)));
});

t.test('a session that ends soon is renewed before it signs', async (t) => {
  sessions.forget(mode2.unitId);
  const session = await sessions.get(mode2, { kind: 'presign', ownerId: 'u1' });
  clock.advance(52 * MINUTE);
  const brief = await unitCloud.presignPut(mode2, upload(mode2), 600);
  t.ok(brief.expiresAt <= session.expiresAt, 'eight minutes are enough for one, and it says so');
  t.equal(await sessions.get(mode2, { kind: 'presign', ownerId: 'u1' }), session);
  clock.advance(4 * MINUTE);
  const asked = clock();
  const link = await unitCloud.presignPut(mode2, upload(mode2), 600);
  t.ok(link.expiresAt > session.expiresAt, 'signed by a new session');
  t.ok(link.expiresAt >= asked + 599_000);
  t.equal((await putTo(link.url)).status, 200);
});

t.test('URLs for a browser behind another address name that address', async (t) => {
  const publicEndpoint = cloud.endpoint.replace('127.0.0.1', 'localhost');
  const proxied = createUnitCloud({ clients, sessions, clock, publicEndpoint });
  const { url } = await proxied.presignPut(mode2, upload(mode2), 600);
  t.ok(url.startsWith(publicEndpoint));
  t.equal((await putTo(url)).status, 200);
});
