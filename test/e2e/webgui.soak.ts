/** The 28 calls of the MR Optimum web GUI, by their numbers, with the fields it reads; real broker, real buckets. */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { createGui, fetchBytes } from '../browser/gui.js';
import { CAPTURED, type Listed, ownBody } from '../helpers/gui-jobs.ts';
import { startLaptop } from '../helpers/laptop.ts';

const ORIGIN = 'https://gui.example.org';
const EMAIL = 'researcher@example.org';
const PASSWORD = 'Correct-horse.7-battery';
const laptop = await startLaptop(t, { CORS_ORIGINS: ORIGIN });
const base = `${laptop.url}/Prod/api`;
const gui = createGui(base);
/** What the GUI sees of an error. */
const refused = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    ({ status, data, message }) => ({ status, data, message }),
  );
const isTime = (text: string): boolean => !Number.isNaN(new Date(text).getTime());

t.test('calls 1, 2, 3: sign in, profile with the access token, refresh', async (t) => {
  const signed = await gui.login(EMAIL, PASSWORD);
  t.match(signed, {
    id_token: String,
    access_token: String,
    refresh_token: String,
    token_type: 'Bearer',
    expires_in: Number,
  });
  const claims = signed.id_token.split('.')[1];
  t.notMatch(claims, /[-_]/, 'trap 0.3: bare atob can read it');
  t.ok(gui.tokens().exp - Date.now() / 1000 > 900, 'trap 0.4: not refreshed before every call');
  t.match(await gui.profile(), {
    email: EMAIL,
    level: 'user',
    status: 'active',
    username: 'researcher',
    isAdmin: false,
  });
  const before = gui.tokens();
  await Promise.all([gui.refresh(), gui.refresh()]);
  t.not(gui.tokens().refreshToken, before.refreshToken, 'one refresh for both');
  t.equal((await gui.profile()).email, EMAIL, 'the new access token is good');
  t.match(await refused(createGui(base).login(EMAIL, 'wrong')), { status: 401, data: { message: String } });
});

t.test('calls 4, 5, 6, 7: register, forgotten, reset and changed password', async (t) => {
  const email = 'new@example.org';
  const names = {
    firstname: 'Nora',
    lastname: 'Newcomer',
    username: 'nora',
    institution: 'Lab',
    title: 'Dr',
  };
  await gui.open('/auth/register', { email, password: 'First-horse.7', ...names });
  t.match(await refused(createGui(base).login(email, 'First-horse.7')), {
    status: 403,
    data: { message: String },
  });
  const { users } = await laptop.admin.call<{ users: { userId: string; email: string }[] }>(
    'GET',
    '/api/admin/users',
  );
  const { userId } = users.find((user) => user.email === email)!;
  await laptop.admin.call('POST', `/api/admin/users/${userId}/approve`);

  await gui.open('/auth/forgot-password', { email });
  const { code } = await laptop.admin.call<{ code: string }>('POST', `/api/admin/users/${userId}/reset-code`);
  const wrong = gui.open('/auth/reset-password', { email, code: 'no', newPassword: 'Second-horse.7' });
  t.match(await refused(wrong), { data: { message: String } });
  await gui.open('/auth/reset-password', { email, code, newPassword: 'Second-horse.7' });
  const nora = createGui(base);
  await nora.login(email, 'Second-horse.7');
  await nora.changePassword('Second-horse.7', 'Third-horse.7');
  await nora.login(email, 'Third-horse.7');
  t.equal((await nora.profile()).username, 'nora');
});

t.test('calls 8 to 14: files are uploaded in parts, listed, renamed, fetched and deleted', async (t) => {
  t.same(await gui.dataRead(), [], 'a bare array');
  const bytes = new Uint8Array(11 * 1024 ** 2).map((_, i) => i % 251);
  const { begun, parts } = await gui.upload(new Blob([bytes]), 'big.npy');
  t.match(begun, {
    uploadId: String,
    Key: String,
    response: { id: String, filename: 'big.npy', onlineLink: String, status: 'notavailable', md5: '' },
  });
  t.equal(begun.partUrls.length, 2, 'parts of 10 MiB');
  t.same(Object.keys(JSON.parse(begun.response.location)), ['Bucket', 'Key'], 'trap 0.10: a JSON text');
  t.ok(parts.every(({ etag }) => /^\w+$/.test(etag)));
  const [row] = await gui.dataRead();
  t.match(row, {
    id: begun.response.id,
    filename: 'big.npy',
    link: String,
    md5: '',
    size: String(bytes.length),
    status: 'available',
    database: 's3',
    location: begun.response.location,
    is_demo_data: false,
  });
  t.ok(isTime(row.created_at) && isTime(row.updated_at));
  t.ok(Buffer.from(bytes).equals(await fetchBytes(row.link)), 'call 14: fetched without a token');
  const head = await fetch(row.link);
  t.match(head.headers.get('content-disposition'), /attachment; filename="big.npy"/);
  await head.body?.cancel();
  await gui.dataUpdate(row.id, 'small.npy');
  t.equal((await gui.dataRead())[0].filename, 'small.npy');
  await Promise.all([gui.dataDelete(row.id), gui.dataDelete(row.id)]);
  t.same(await gui.dataRead(), []);
  const empty = await gui.upload(new Blob([]), 'empty.dat');
  t.same([empty.begun.partUrls, empty.parts], [[], []], 'an empty file: no PUT, and parts: []');
  t.match(await gui.dataRead(), [{ id: empty.begun.response.id, status: 'available', size: '0' }]);
  await gui.dataDelete(empty.begun.response.id);
});

t.test('calls 15, 16: counts and units for each mode, with the access token', async (t) => {
  for (const mode of ['mode_1', 'mode_2']) {
    t.match(await gui.count(mode), { count: 0 }, mode);
    const { computingUnits } = await gui.units(mode);
    t.equal(computingUnits.length, 1, `${mode}: the filter is honoured`);
    t.match(computingUnits[0], {
      computingUnitId: String,
      alias: String,
      appName: 'MR Optimum',
      mode,
      status: 'ready',
      provider: String,
      region: 'us-east-1',
      awsAccountId: String,
      isDefault: Boolean,
      stateMachineArn: String,
      resultsBucket: String,
      failedBucket: String,
      dataBucket: String,
    });
    t.ok(isTime(computingUnits[0].createdAt) && isTime(computingUnits[0].updatedAt));
  }
});

for (const mode of ['mode_1', 'mode_2'] as const) {
  t.test(`calls 18 to 28 in ${mode}: queue, list, open, draw, fetch, delete`, async (t) => {
    const [unit] = (await gui.units(mode)).computingUnits;
    // The GUI does not say for which unit it uploads: it is the person's default one.
    if (mode === 'mode_2')
      await laptop.researcher.call('POST', `/api/computing-unit/${unit.computingUnitId}/default`);
    const files: Listed = {};
    for (const [name, fixture] of [
      ['BrainSingleSliceSignal.dat', 'gre.dat'],
      ['BrainSingleSliceNoise.dat', 'noise.dat'],
    ]) {
      const content = readFileSync(new URL(`../fixtures/raw/${fixture}`, import.meta.url));
      const { begun } = await gui.upload(new Blob([content]), name);
      files[name] = begun.response;
      t.match(begun.partUrls[0], `/${unit.dataBucket}/`, 'straight to the bucket of the unit');
    }
    t.equal(await gui.queue(ownBody(CAPTURED['ac-rss'], files, unit)), 202);
    const early = (await gui.jobs())[0];
    t.match(early, { alias: 'ac-rss', status: 'pending', files: Array });
    await laptop.ended(early.id);

    const [job] = await gui.jobs();
    t.match(job, {
      id: early.id,
      alias: 'ac-rss',
      status: 'completed',
      pipeline_id: String,
      setup: { version: 'v0', alias: 'ac-rss', task: { id: 0, name: 'ac' } },
      files: [
        {
          fileName: 'ac-rss',
          filename: 'ac-rss.zip',
          link: String,
          status: 'available',
          database: 's3',
          size: String,
        },
      ],
    });
    t.ok(isTime(job.createdAt) && isTime(job.updatedAt));
    t.match(await gui.count(mode), { count: 1 });

    const opened = await gui.unzip(job.files[0].location);
    t.match(opened.headers.options, {
      id: 0,
      name: 'ac',
      options: { reconstructor: { id: 0, name: 'rss' } },
    });
    t.equal(opened.info.slices, 1);
    t.ok(opened.log.every(({ what }: { what: unknown }) => typeof what === 'string'));
    t.match(
      opened.data.map(({ name, filename, dim, id }: Record<string, unknown>) => [id, name, filename, dim]),
      [
        [0, 'SNR', 'data/SNR.nii.gz', 3],
        [1, 'Noise Covariance', 'data/NC.nii.gz', 2],
        [2, 'Noise Coefficients', 'data/NCC.nii.gz', 2],
      ],
    );
    for (const { link, type } of opened.data) {
      t.equal(type, 'output');
      t.match(link, `/${unit.resultsBucket}/`);
      const nifti = gunzipSync(await fetchBytes(link));
      t.equal(nifti.toString('latin1', 344, 347), 'n+1', 'call 22: a NIfTI file');
    }
    const answer = await fetch(opened.data[0].link, { headers: { origin: ORIGIN } });
    t.match(answer.headers.get('access-control-allow-origin'), /^(\*|https:\/\/gui\.example\.org)$/);
    await answer.body?.cancel();
    const { data, ...rest } = opened;
    t.notMatch(JSON.stringify(rest), /eyJ|Bearer/, 'never a token');
    const { idToken, accessToken, refreshToken } = gui.tokens();
    for (const { link } of data) {
      t.notOk([idToken, accessToken, refreshToken].some((token) => link.includes(token)));
    }

    t.same(await gui.rois(job.pipeline_id), []);
    const zip = new Uint8Array([80, 75, 5, 6, ...new Array(18).fill(0)]);
    const place = { '0': '1.5', '1': -20, '2': 3 };
    const saved = await gui.saveRoi(job.pipeline_id, 'left.zip', zip, place);
    t.same(saved.bytes, zip, 'calls 24, 25, 26');
    const [roi] = await gui.rois(job.pipeline_id);
    t.match(roi, { id: String, filename: 'left.zip', link: String, data: { sliceMM: place } });
    t.same(await fetchBytes(roi.link), zip);
    await gui.roiDelete(roi.id);
    t.same(await gui.rois(job.pipeline_id), [], 'call 27');
    const nothing = await gui.saveRoi(job.pipeline_id, 'empty.zip', new Uint8Array(), place);
    t.equal(nothing.bytes.length, 0, 'an empty region is answered, not refused');
    const [bare] = await gui.rois(job.pipeline_id);
    t.match(bare, { filename: 'empty.zip', status: 'available', size: '0' });
    await gui.roiDelete(bare.id);

    t.match(job.files[0].link, /result\.zip\?/, 'call 28: the ending of the address is that of the file');
    t.equal(String.fromCharCode(...(await fetchBytes(job.files[0].link)).slice(0, 2)), 'PK');
    await gui.jobDelete(job.id);
    t.same(await gui.jobs(), []);
    t.match(await refused(gui.unzip(job.files[0].location)), { status: 404 });
    await t.rejects(fetchBytes(opened.data[0].link), /GET 404/, 'its maps are gone');
  });
}

t.test('call 17: a unit of one’s own is deleted, by a POST that answers JSON', async (t) => {
  const [unit] = (await gui.units('mode_2')).computingUnits;
  t.match(await refused(gui.unitDelete('')), { status: 400 });
  t.match(await gui.unitDelete(unit.computingUnitId), { success: true });
  t.same((await gui.units('mode_2')).computingUnits, []);
});

t.test(
  'trap 0.8: an empty Content-Type is no reason to refuse; trap 0.9: what preflights ask is allowed',
  async (t) => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const url = new URL(`${base}/pipeline/list`);
      const headers = { 'content-type': '', authorization: `Bearer ${gui.tokens().accessToken}` };
      request(url, { headers }, (answer) => resolve(answer.resume().statusCode))
        .on('error', reject)
        .end();
    });
    t.equal(status, 200);
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
      const answer = await fetch(`${base}/roi/delete`, {
        method: 'OPTIONS',
        headers: {
          origin: ORIGIN,
          'access-control-request-method': method,
          'access-control-request-headers': 'authorization,Content-Type,X-Api-Key',
        },
      });
      t.equal(answer.status, 204, method);
      t.equal(answer.headers.get('access-control-allow-origin'), ORIGIN);
      t.match(answer.headers.get('access-control-allow-headers'), /authorization.*content-type.*x-api-key/i);
      t.match(answer.headers.get('access-control-allow-methods'), method);
    }
  },
);
