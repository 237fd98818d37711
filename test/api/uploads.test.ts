/** Uploads in parts, as the web client makes them and as scripts do. */
import t from 'tap';
import { broker, MODE_1, type Person, taskWith } from '../helpers/http.ts';

async function ready(t: Parameters<typeof broker>[0]) {
  const b = await broker(t);
  const admin = await b.administrator();
  await admin.post('/computing-unit/register', MODE_1);
  return { ...b, ada: await b.person('ada@example.org'), eve: await b.person('eve@example.org') };
}

/** The body that the web client was seen to send for a file of 23 MiB. */
const INITIATE = {
  filename: 'big.npy',
  filetype: 'application/octet-stream',
  filesize: '24117248',
  filemd5: '',
  file: { name: 'big.npy', lastModified: 1795299845245, size: 24117248, type: '' },
  cloudapp_name: 'MR Optimum',
};
const PARTS = [3, 1, 2].map((partNumber) => ({ partNumber, etag: `c72b${partNumber}` }));

t.test('the web client uploads in parts of 10 MiB and finds its file', async (t) => {
  const { ada, cloud } = await ready(t);
  const begun = await ada.post('/upload_initiate', INITIATE, { 'x-api-key': 'baked-into-the-bundle' });
  t.equal(begun.statusCode, 200, begun.body);
  const { uploadId, Key, partUrls, response, expiresAt } = begun.json();
  t.equal(partUrls.length, 3);
  for (const [index, url] of partUrls.entries()) {
    t.match(url, `uploadId=${uploadId}&partNumber=${index + 1}`);
  }
  t.ok(Date.parse(expiresAt) > Date.UTC(2099, 10, 22, 9, 45));
  t.match(Key, new RegExp(`^mroptimum/${ada.userId}/uploads/[0-9A-Z]{26}\\.npy$`));
  t.match(response, { filename: 'big.npy', status: 'notavailable', md5: '', onlineLink: /^https:/ });
  t.same(JSON.parse(response.location), { Bucket: 'hub-data', Key }, 'before the bytes arrive');

  cloud.uploadedBytes = 24_117_248;
  const finalize = { uploadId, Key, parts: PARTS, cloudapp_name: 'MR Optimum' };
  const done = await ada.post('/upload_finalize', finalize);
  t.equal(done.statusCode, 200, done.body);
  t.match(done.json(), { id: response.id, status: 'available', size: '24117248' });
  t.equal((await ada.post('/upload_finalize', finalize)).statusCode, 200, 'told twice');
  t.match((await ada.get('/data/read')).json(), [{ id: response.id, status: 'available' }]);
});

t.test('a script begins, signs, aborts, and completes what is whole', async (t) => {
  const { ada, cloud } = await ready(t);
  const begin = async (sizeBytes: number, more = {}) =>
    ada.post('/api/data/uploads', { filename: 'a.dat', sizeBytes, ...more });
  const { dataId, parts, partBytes } = (await begin(100 * 2 ** 30)).json();
  t.ok(parts <= 10_000 && parts * partBytes >= 100 * 2 ** 30, `${parts} parts of ${partBytes}`);
  const signed = await ada.post(`/api/data/${dataId}/parts`, { partNumbers: [1, parts], expiresIn: 120 });
  t.match(signed.json().parts, [{ partNumber: 1, method: 'PUT' }, { partNumber: parts }]);
  t.equal(signed.json().parts[0].expiresAt, '2099-11-22T09:32:00.000Z');
  t.equal((await ada.post(`/api/data/${dataId}/parts`, { partNumbers: [parts + 1] })).statusCode, 400);
  t.equal((await ada.post(`/api/data/${dataId}/confirm`)).json().code, 'conflict', 'nothing has arrived');
  t.same((await ada.post(`/api/data/${dataId}/abort`)).json(), { success: true, removed: true });
  t.same((await ada.post(`/api/data/${dataId}/abort`)).json(), { success: true, removed: false });
  t.equal(cloud.uploads.size, 0);

  const { dataId: second, uploadId } = (await begin(9)).json();
  const complete = (body: object) => ada.post(`/api/data/${second}/complete`, body);
  const wrong = await complete({ parts: [{ partNumber: 1, etag: 'wrong' }] });
  t.equal(wrong.statusCode, 409);
  t.match(wrong.json(), { code: 'conflict', message: /InvalidPart/ });
  t.equal((await complete({ uploadId: 'another', parts: PARTS })).statusCode, 409);
  cloud.uploadedBytes = 8;
  t.match(
    (await complete({ uploadId, parts: PARTS })).json().message,
    '9 bytes were announced, 8 have arrived',
  );
  t.equal((await ada.del(`/api/data/${second}`)).json().removed, true);

  const { dataId: third } = (await begin(9)).json();
  await ada.del(`/api/data/${third}`);
  t.equal(cloud.uploads.size, 0, 'deleting a file ends its upload');
});

t.test('an upload whose completion was not answered is complete', async (t) => {
  const { ada, cloud } = await ready(t);
  const { dataId } = (await ada.post('/api/data/uploads', { filename: 'a.dat', sizeBytes: 7 })).json();
  const [uploadId, place] = [...cloud.uploads][0];
  cloud.uploads.delete(uploadId);
  cloud.objects.set(place, { sizeBytes: 7, etag: 'e', metadata: {} });
  t.equal((await ada.post(`/api/data/${dataId}/complete`, { parts: PARTS })).json().status, 'available');
  const gone = (await ada.post('/api/data/uploads', { filename: 'b.dat', sizeBytes: 7 })).json();
  cloud.uploads.clear();
  const aborted = await ada.post(`/api/data/${gone.dataId}/complete`, { parts: PARTS });
  t.match(aborted.json(), { code: 'conflict', message: 'this upload was aborted' });
});

t.test('an empty file has no parts: the web client sends none, and sees it in its list', async (t) => {
  const { ada, cloud } = await ready(t);
  const begun = await ada.post('/upload_initiate', { ...INITIATE, filename: 'empty.dat', filesize: '0' });
  t.equal(begun.statusCode, 200, begun.body);
  const { uploadId, Key, partUrls, response, expiresAt } = begun.json();
  t.same([partUrls, expiresAt], [[], null]);
  t.match(response, { filename: 'empty.dat', onlineLink: /^https:/, md5: '' });
  t.equal(cloud.objects.get(`hub-data/${Key}`)?.sizeBytes, 0, 'the object is there');
  const finalize = { uploadId, Key, parts: [], cloudapp_name: 'MR Optimum' };
  for (const told of ['once', 'twice']) {
    const done = await ada.post('/upload_finalize', finalize);
    t.equal(done.statusCode, 200, told);
    t.match(done.json(), { id: response.id, status: 'available', size: '0', missing: null });
  }
  t.match((await ada.get('/data/read')).json(), [{ id: response.id, status: 'available', size: '0' }]);

  const { location } = response;
  const { Bucket: bucket, Key: key } = JSON.parse(location);
  const wish = { alias: 'x', mode: 'mode_1', task: taskWith({ bucket, key }) };
  const { warnings } = (await ada.post('/api/task/estimate', wish)).json();
  t.match(warnings, ['the signal file is empty, so the worker will refuse it']);
  t.equal((await ada.del(`/api/data/${response.id}`)).json().removed, true);
  t.equal(cloud.objects.size, 0);

  const nine = (await ada.post('/upload_initiate', { ...INITIATE, filesize: '9' })).json();
  const none = await ada.post('/upload_finalize', { ...finalize, ...nine, parts: [] });
  t.equal(none.statusCode, 400, 'parts that were announced must be named');
  t.match(none.json().message, 'parts: none of 1 is named');
});

t.test('wrong uploads are refused before anything is begun', async (t) => {
  const { ada, cloud } = await ready(t);
  for (const [name, body] of Object.entries<object>({
    'fewer bytes than none': { filesize: '-1' },
    'no size': { filesize: undefined },
    'a size in words': { filesize: 'much' },
    'a path': { filename: '../x.dat' },
    'a line break': { filename: 'a\r\nb' },
  })) {
    t.equal((await ada.post('/upload_initiate', { ...INITIATE, ...body })).statusCode, 400, name);
  }
  const many = await ada.post('/upload_initiate', { ...INITIATE, filesize: String(200 * 2 ** 30) });
  t.equal(many.statusCode, 413, 'more than 10,000 parts of the size that the web client cuts');
  t.equal(cloud.uploads.size, 0);
  t.same((await ada.get('/data/read')).json(), []);
  const { dataId } = (await ada.post('/api/data/uploads', { filename: 'a', sizeBytes: 5 })).json();
  for (const parts of [
    [],
    [{ partNumber: 0, etag: 'a' }],
    [PARTS[0], PARTS[0]],
    [{ partNumber: 1, etag: '<x>' }],
  ]) {
    t.equal(
      (await ada.post(`/api/data/${dataId}/complete`, { parts })).statusCode,
      400,
      JSON.stringify(parts),
    );
  }
});

t.test("T14: nobody signs, completes or aborts another person's upload", async (t) => {
  const { ada, eve, cloud } = await ready(t);
  const { dataId, uploadId, key } = (
    await ada.post('/api/data/uploads', { filename: 'a', sizeBytes: 5 })
  ).json();
  const tries: [Person, string, object][] = [
    [eve, `/api/data/${dataId}/parts`, { partNumbers: [1] }],
    [eve, `/api/data/${dataId}/complete`, { parts: PARTS }],
    [eve, '/upload_finalize', { uploadId, Key: key, parts: PARTS }],
    [eve, '/api/data/create', { location: JSON.stringify({ Bucket: 'hub-data', Key: key }) }],
    [eve, `/api/data/update/${dataId}`, { filename: 'mine' }],
  ];
  for (const [who, url, body] of tries) t.equal((await who.post(url, body)).statusCode, 404, url);
  t.equal((await eve.post(`/api/data/${dataId}/abort`)).json().removed, false);
  t.equal(cloud.uploads.size, 1);
});
