import t from 'tap';
import { broker, MODE_1, MODE_2 } from '../helpers/http.ts';

async function ready(t: Parameters<typeof broker>[0]) {
  const b = await broker(t);
  const admin = await b.administrator();
  await admin.post('/computing-unit/register', MODE_1);
  return { ...b, admin, ada: await b.person('ada@example.org'), eve: await b.person('eve@example.org') };
}

t.test(
  'an upload is named by the broker, listed before it arrives, confirmed, downloaded and deleted',
  async (t) => {
    const { ada, cloud } = await ready(t);
    cloud.prompt = false;
    const put = await ada.post('/data/presign', {
      operation: 'put',
      filename: 'Müller^Hans 1970.dat',
      filesize: '24117248',
      cloudapp_name: 'MR Optimum',
    });
    t.equal(put.statusCode, 200, put.body);
    const { dataId, bucket, key, location, ...signed } = put.json();
    t.match(signed, { method: 'PUT', id: dataId, headers: {}, expiresAt: '2099-11-22T10:30:00.000Z' });
    t.equal(bucket, 'hub-data');
    t.equal(key, `mroptimum/${ada.userId}/uploads/${dataId}.dat`, 'no name of a person in the key');
    t.same(JSON.parse(location), { Bucket: bucket, Key: key });

    const [listed] = (await ada.get('/data/read?cloudapp_name=MR+Optimum')).json();
    t.match(listed, {
      id: dataId,
      filename: 'Müller^Hans 1970.dat',
      status: 'notavailable',
      size: '24117248',
      database: 's3',
      location,
      md5: '',
      is_demo_data: false,
      created_at: '2099-11-22T09:30:00.000Z',
      link: /^https:\/\/s3\.test\//,
    });
    const early = await ada.post(`/api/data/${dataId}/confirm`);
    t.equal(early.statusCode, 409);
    t.equal(early.json().code, 'conflict');
    cloud.objects.set(`${bucket}/${key}`, { sizeBytes: 24_117_000, etag: 'e', metadata: {} });
    t.match((await ada.post(`/api/data/${dataId}/confirm`)).json(), {
      status: 'available',
      size: '24117000',
    });

    const get = (await ada.post('/data/presign', { operation: 'get', dataId })).json();
    t.match(get, { method: 'GET', filename: 'Müller_Hans 1970.dat' });
    t.same((await ada.post(`/data/delete/${dataId}`, { cloudapp_name: 'MR Optimum' })).json().removed, true);
    t.same((await ada.del(`/api/data/${dataId}`)).json(), { success: true, removed: false });
    t.same((await ada.get('/api/data/read')).json(), []);
    t.equal((await ada.post('/data/presign', { operation: 'get', dataId })).statusCode, 404);
  },
);

t.test('requests for a URL are checked', async (t) => {
  const { ada } = await ready(t);
  const presign = (body: object) => ada.post('/api/data/presign', body);
  for (const [name, body] of Object.entries<object>({
    'no operation': { filename: 'a' },
    'unknown operation': { operation: 'list', filename: 'a' },
    'no file name': { operation: 'put' },
    'a path': { operation: 'put', filename: '../../etc/passwd' },
    'a control character': { operation: 'put', filename: 'a\u0000b' },
    'a negative size': { operation: 'put', filename: 'a', sizeBytes: -1 },
    'a size in words': { operation: 'put', filename: 'a', sizeBytes: 'many' },
    'nothing to get': { operation: 'get' },
    'two things to get': { operation: 'get', dataId: 'a', jobId: 'b' },
    'a key of the caller': { operation: 'get', key: 'mroptimum/x/y' },
  })) {
    const answer = await presign(body);
    t.equal(answer.statusCode, 400, name);
    t.equal(answer.json().code, 'invalid_request', name);
  }
  const large = await presign({ operation: 'put', filename: 'a.dat', sizeBytes: 6 * 1024 ** 3 });
  t.equal(large.statusCode, 413);
  t.equal(large.json().code, 'payload_too_large');
  t.equal((await presign({ operation: 'put', filename: 'a.dat', mode: 'mode_2' })).json().code, 'no_unit');
});

t.test('files of others are not there', async (t) => {
  const { ada, eve } = await ready(t);
  const { dataId } = (await ada.post('/data/presign', { operation: 'put', filename: 'a.dat' })).json();
  t.equal((await eve.post('/data/presign', { operation: 'get', dataId })).statusCode, 404);
  t.equal((await eve.post(`/api/data/${dataId}/confirm`)).statusCode, 404);
  t.equal((await eve.del(`/api/data/${dataId}`)).json().removed, false);
  t.same((await eve.get('/api/data/read')).json(), []);
  t.equal((await ada.get('/api/data/read')).json().length, 1);
  const lab = (await ada.post('/computing-unit/register', MODE_2)).json().computingUnitId;
  const foreign = await eve.post('/data/presign', { operation: 'put', filename: 'a', computingUnitId: lab });
  t.equal(foreign.statusCode, 404, "into somebody else's unit");
  const pending = await ada.post('/data/presign', { operation: 'put', filename: 'a', computingUnitId: lab });
  t.equal(pending.json().code, 'unit_not_ready');
});

t.test('long lists continue, and an account that refuses does not break them', async (t) => {
  const b = await ready(t);
  for (let i = 0; i < 5; i++) {
    b.pass(1_000);
    await b.ada.post('/data/presign', { operation: 'put', filename: `f${i}.dat` });
  }
  const first = await b.ada.get('/data/read?limit=3');
  t.same(
    first.json().map((file: { filename: string }) => file.filename),
    ['f4.dat', 'f3.dat', 'f2.dat'],
  );
  const rest = await b.ada.get(`/data/read?limit=3&cursor=${first.headers['x-next-cursor']}`);
  t.equal(rest.json().length, 2);
  t.notOk(rest.headers['x-next-cursor']);
  b.cloud.refuse = 'trust_denied';
  t.equal((await b.ada.get('/data/read')).json()[0].link, 'unknown');
  const refused = await b.ada.post('/data/presign', { operation: 'put', filename: 'x.dat' });
  t.equal(refused.statusCode, 502);
  t.equal(refused.json().code, 'cloud_refused');
});

t.test('a file that is renamed while it is confirmed has its name, and is there', async (t) => {
  const { ada, cloud } = await ready(t);
  const file = { operation: 'put', filename: 'a.dat', sizeBytes: 5 };
  for (let round = 0; round < 5; round++) {
    const { dataId, bucket, key } = (await ada.post('/data/presign', file)).json();
    cloud.objects.set(`${bucket}/${key}`, { sizeBytes: 7, etag: 'e', metadata: {} });
    const filename = `n${round}.dat`;
    const answers = await Promise.all([
      ada.post(`/data/update/${dataId}`, { filename }),
      ada.post(`/api/data/${dataId}/confirm`),
    ]);
    t.same(
      answers.map(({ statusCode }) => statusCode),
      [200, 200],
    );
    const listed = (await ada.get('/data/read')).json();
    t.match(
      listed.find(({ id }: { id: string }) => id === dataId),
      { filename, status: 'available', size: '7' },
    );
  }
});

t.test('a file that is deleted while it is confirmed stays deleted', async (t) => {
  const { ada, cloud } = await ready(t);
  const { dataId } = (await ada.post('/data/presign', { operation: 'put', filename: 'a.dat' })).json();
  const head = cloud.headObject;
  cloud.headObject = async (...args) => {
    const found = await head(...args);
    t.equal((await ada.del(`/api/data/${dataId}`)).statusCode, 200);
    return found;
  };
  t.equal((await ada.post(`/api/data/${dataId}/confirm`)).statusCode, 404);
  t.same((await ada.get('/data/read')).json(), []);
});
