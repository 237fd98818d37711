/** Opening results map by map, and drawing on them: names, links, what a unit's account may not smuggle in. */
import t from 'tap';
import { MAX_INDEX_BYTES } from '../../src/schemas/result-index.ts';
import { type Broker, broker, MODE_1, type Person, taskWith } from '../helpers/http.ts';

const MAP = { filename: 'data/SNR.nii.gz', id: 0, name: 'SNR', type: 'output', dim: 3 };
const INDEX = {
  headers: {
    options: { token: 'eyJhbGciOi.eyJzdWIi.c2ln', user: 'somebody' },
    log: [
      {
        type: 'start',
        when: '22/11/2026, 09:30:00',
        what: 'CloudMR SNR worker',
        settings: { path: '/tmp/x' },
      },
      { type: 'END', when: '22/11/2026, 09:30:02', what: { no: 'text' } },
    ],
  },
  data: [
    MAP,
    { ...MAP, filename: 'data/NC.nii.gz', id: 1, name: 'Noise Covariance', dim: 2, pixelType: 'complex' },
  ],
  previews: [{ filename: 'data/SNR.png', id: 0, name: 'SNR' }],
  info: { calculation_time: 2.5, slices: 1 },
  user_id: 'somebody',
};

async function ready(t: Parameters<typeof broker>[0]) {
  const b = await broker(t);
  const admin = await b.administrator();
  await admin.post('/computing-unit/register', MODE_1);
  const ada = await b.person('ada@example.org');
  const eve = await b.person('eve@example.org');
  return { ...b, ada, eve };
}

/** A job of a person that has ended well, with files beside its result. */
async function succeeded(b: Broker, who: Person, index: unknown = INDEX) {
  const { bucket, key } = (await who.post('/data/presign', { operation: 'put', filename: 's.dat' })).json();
  const { jobId } = (
    await who.post('/task/queue', { alias: 'brain', task: taskWith({ bucket, key }) })
  ).json();
  await b.ticker.tick();
  const job = (await b.jobStore.get(jobId))!;
  const summary = { medianSnr: 17.5, maxSnr: 40, slices: 1, matrix: [96, 96], coils: 8, warnings: 0 };
  const output = JSON.stringify({ ...job.result, sizeBytes: 4, sha256: 'abc', seconds: 2.5, summary });
  const place = (name: string) => `${job.result.bucket}/${job.result.key.replace('result.zip', name)}`;
  b.cloud.objects.set(place('result.zip'), { sizeBytes: 4, etag: 'e', metadata: { sha256: 'abc' } });
  for (const name of ['data/SNR.nii.gz', 'data/NC.nii.gz', 'data/SNR.png', 'overview.png']) {
    b.cloud.objects.set(place(`files/${name}`), { sizeBytes: 9, etag: 'e', metadata: {} });
  }
  b.cloud.contents.set(place('files/info.json'), index);
  const execution = b.cloud.executions.get(job.executionArn!)!;
  b.cloud.executions.set(job.executionArn!, { ...execution, status: 'SUCCEEDED', output });
  b.pass(31_000);
  await b.ticker.tick();
  const [listed] = (await who.get('/pipeline/list')).json().jobs;
  return { jobId, job, place, location: JSON.parse(listed.files[0].location) };
}

t.test(
  'a result is opened map by map; nothing of the account but maps, log and times is passed on',
  async (t) => {
    const b = await ready(t);
    const { jobId, job, location } = await succeeded(b, b.ada);
    const answer = await b.ada.post('/api/unzip', { ...location, cloudapp_name: 'MR Optimum' });
    t.equal(answer.statusCode, 200, answer.body);
    const opened = answer.json();
    t.same(opened.headers.options, job.task, 'the task as it was submitted, not as the account tells it');
    t.same(opened.log, [
      { type: 'start', when: '22/11/2026, 09:30:00', what: 'CloudMR SNR worker' },
      { type: 'END', when: '22/11/2026, 09:30:02', what: '{"no":"text"}' },
    ]);
    t.same(opened.headers.log, opened.log);
    t.same(opened.info, { calculation_time: 2.5, slices: 1 });
    t.equal(opened.expiresAt, '2099-11-22T21:30:31.000Z', 'hours, where the account allows it');
    const folder = `mroptimum/${b.ada.userId}/${jobId}/0/files`;
    t.match(opened.data, [
      { ...MAP, link: `https://s3.test/hub-results/${folder}/data/SNR.nii.gz?X-Amz-Signature=` },
      { filename: 'data/NC.nii.gz', id: 1, dim: 2, pixelType: 'complex' },
    ]);
    t.notMatch(answer.body, /eyJ|somebody|Bearer|settings/, 'no token, nothing that was not asked for');
    t.same((await b.ada.post('/api/unzip', location)).json(), opened, 'again, without another copy');

    const maps = (await b.ada.get(`/api/job/${jobId}/maps`)).json();
    t.match(maps, { jobId, alias: 'brain', maps: opened.data, info: opened.info });
    t.match(maps.pictures, [{ filename: 'data/SNR.png', id: 0, link: `${folder}/data/SNR.png` }]);
    t.match(maps.overview, `${folder}/overview.png`);
  },
);

t.test('only a result of one’s own is opened, and only where it lies', async (t) => {
  const b = await ready(t);
  const { jobId, location } = await succeeded(b, b.ada);
  const places = [
    [b.eve, location],
    [b.ada, { ...location, Bucket: 'another' }],
    [b.ada, { ...location, Key: location.Key.replace('/0/', '/1/') }],
    [b.ada, { ...location, Key: `x/../${location.Key}` }],
    [b.ada, { ...location, Key: 'anything.zip' }],
  ] as const;
  for (const [who, place] of places) {
    const answer = await who.post('/api/unzip', place);
    t.equal(answer.statusCode, 404, JSON.stringify(place));
    t.equal(answer.json().code, 'not_found');
  }
  t.equal((await b.eve.get(`/api/job/${jobId}/maps`)).statusCode, 404);
  t.equal((await b.ada.post('/api/unzip', {})).statusCode, 400);
  b.cloud.refuse = 'denied';
  t.equal((await b.ada.post('/api/unzip', location)).json().code, 'cloud_refused');
});

t.test('what cannot be opened says so, and a table of contents that lies opens nothing', async (t) => {
  const b = await ready(t);
  const { bucket, key } = (await b.ada.post('/data/presign', { operation: 'put', filename: 's.dat' })).json();
  const { jobId: waiting } = (
    await b.ada.post('/task/queue', { alias: 'early', task: taskWith({ bucket, key }) })
  ).json();
  const early = await b.ada.post('/unzip', {
    Bucket: 'hub-results',
    Key: `mroptimum/${b.ada.userId}/${waiting}/0/result.zip`,
  });
  t.equal(early.statusCode, 409);
  t.match(early.json().message, /queued/);

  const { location, place } = await succeeded(b, b.ada);
  const bad: [name: string, index: unknown][] = [
    ['nothing', undefined],
    ['no object', 'text'],
    ['no maps', { ...INDEX, data: [] }],
    ['a way out', { ...INDEX, data: [{ ...MAP, filename: '../../secret.nii.gz' }] }],
    ['a hidden way out', { ...INDEX, data: [{ ...MAP, filename: 'data/../../x.nii.gz' }] }],
    ['an absolute path', { ...INDEX, data: [{ ...MAP, filename: '/etc/passwd.nii' }] }],
    ['a backslash', { ...INDEX, data: [{ ...MAP, filename: 'data\\x.nii' }] }],
    ['a deep path', { ...INDEX, data: [{ ...MAP, filename: `${'a/'.repeat(5)}x.nii` }] }],
    ['no map', { ...INDEX, data: [{ ...MAP, filename: 'data/run.exe' }] }],
    ['a thousand and one maps', { ...INDEX, data: Array(1_001).fill(MAP) }],
  ];
  for (const [name, index] of bad) {
    if (index === undefined) b.cloud.contents.delete(place('files/info.json'));
    else b.cloud.contents.set(place('files/info.json'), index);
    const answer = await b.ada.post('/unzip', location);
    t.equal(answer.statusCode, 409, `${name}: ${answer.body}`);
    t.match(answer.json().remedy, /Download the zip/, name);
  }
  t.ok(MAX_INDEX_BYTES <= 4 * 1024 ** 2, 'and it is not read if it is large');
});

t.test('a region is named, listed, seen when its bytes have come, and deleted', async (t) => {
  const b = await ready(t);
  const { jobId } = await succeeded(b, b.ada);
  b.cloud.prompt = false;
  const sliceMM = { '0': 1.5, '1': '-20', '2': 3 };
  const body = {
    filename: 'left.zip',
    pipeline_id: jobId,
    type: 'image',
    contentType: 'application/octet-stream',
    data: { sliceMM },
    cloudapp_name: 'MR Optimum',
  };
  const made = await b.ada.post('/api/roi/upload', body);
  t.equal(made.statusCode, 200, made.body);
  const { upload_url, access_url, roi } = made.json();
  t.match(upload_url, `https://s3.test/hub-data/mroptimum/${b.ada.userId}/${jobId}/rois/${roi.id}.zip`);
  t.match(access_url, `/rois/${roi.id}.zip`);
  const list = async (who = b.ada) => who.get(`/api/roi/list?pipeline_id=${jobId}&cloudapp_name=MR+Optimum`);
  t.match((await list()).json(), [{ id: roi.id, status: 'notavailable', size: '0' }]);

  b.cloud.objects.set(new URL(upload_url).pathname.slice(1), { sizeBytes: 77, etag: 'e', metadata: {} });
  const [seen] = (await list()).json();
  t.match(seen, {
    id: roi.id,
    filename: 'left.zip',
    link: access_url,
    status: 'available',
    size: '77',
    database: 's3',
    type: 'image',
    md5: '',
    pivot: { pipeline_id: jobId, roi_id: roi.id },
  });
  t.same(seen.data, { sliceMM }, 'where the viewer stood');
  const second = (
    await b.ada.post('/roi/upload', { ...body, filename: 'right.zip', data: undefined })
  ).json();
  t.same(
    (await list()).json().map(({ filename }: { filename: string }) => filename),
    ['right.zip', 'left.zip'],
    'newest first',
  );

  t.equal((await list(b.eve)).statusCode, 404);
  t.equal((await b.eve.post('/roi/upload', body)).statusCode, 404);
  t.same((await b.eve.del('/roi/delete', { roi_id: roi.id })).json(), { success: true, removed: false });
  t.same((await b.ada.del('/roi/delete', { roi_id: roi.id })).json(), { success: true, removed: true });
  t.same((await b.ada.del('/roi/delete', { roi_id: roi.id })).json(), { success: true, removed: false });
  t.notOk(
    [...b.cloud.objects.keys()].some((key) => key.includes(roi.id)),
    'its bytes are gone',
  );
  t.match((await list()).json(), [{ id: second.roi.id }]);
});

t.test('regions have bounds, and an account that refuses does not take the list away', async (t) => {
  const b = await ready(t);
  const { jobId } = await succeeded(b, b.ada);
  const upload = (body: object) => b.ada.post('/roi/upload', { filename: 'a', pipeline_id: jobId, ...body });
  for (const body of [
    { filename: '' },
    { filename: 'a/b' },
    { pipeline_id: '../x' },
    { type: 'x'.repeat(41) },
    { data: { sliceMM: Array(11).fill(1) } },
    { data: { sliceMM: { a: { deep: 1 } } } },
  ]) {
    t.equal((await upload(body)).statusCode, 400, JSON.stringify(body));
  }
  t.equal((await b.ada.get('/roi/list')).statusCode, 400);
  t.equal((await b.ada.del('/roi/delete', {})).statusCode, 400);
  for (let i = 0; i < 200; i++) await upload({ filename: `roi ${i}` });
  t.equal((await b.ada.get(`/roi/list?pipeline_id=${jobId}`)).json().length, 200);
  const over = await upload({});
  t.equal(over.statusCode, 409);
  t.match(over.json().remedy, /Delete some/);
  b.cloud.refuse = 'denied';
  t.match((await b.ada.get(`/roi/list?pipeline_id=${jobId}`)).json()[0], { link: 'unknown' });
});

t.test('deleting a job deletes its maps, its table of contents and the regions drawn on it', async (t) => {
  const b = await ready(t);
  const { jobId, job } = await succeeded(b, b.ada);
  await b.ada.post('/roi/upload', { filename: 'left.zip', pipeline_id: jobId });
  const beneath = () =>
    [...b.cloud.objects.keys(), ...b.cloud.contents.keys()].filter((key) => key.includes(job.jobId));
  t.ok(beneath().length >= 6, beneath().join(' '));
  t.same((await b.ada.del(`/pipeline/delete?id=${jobId}`)).json(), { success: true, removed: true });
  t.same(beneath(), []);
  t.notMatch(await b.stored(), 'ROIS#');
});
