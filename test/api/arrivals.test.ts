/** Files that were PUT, and of which nobody has told the broker: the next list sees them. */
import t from 'tap';
import { broker } from '../helpers/http.ts';

const HOUR_MS = 3_600_000;
const PATIENCE_MS = 1_500;

async function ready(t: Parameters<typeof broker>[0]) {
  const b = await broker(t);
  b.cloud.prompt = false;
  const ada = await b.person('ada@example.org');
  const { computingUnitId } = (await b.proven(ada)).json();
  const heads: string[] = [];
  const { headObject } = b.cloud;
  b.cloud.headObject = (unit, location) => {
    heads.push(location.key);
    return headObject(unit, location);
  };
  return {
    b,
    ada,
    heads,
    async announce(filename: string, sizeBytes = 7) {
      const wish = { operation: 'put', filename, sizeBytes, computingUnitId };
      return (await ada.post('/api/data/presign', wish)).json();
    },
    put: ({ bucket, key }: { bucket: string; key: string }, sizeBytes: number) =>
      b.cloud.objects.set(`${bucket}/${key}`, { sizeBytes, etag: 'e', metadata: {} }),
    list: async () => (await (await b.login(ada.email)).get('/data/read')).json(),
  };
}

t.test('a file that was PUT and never confirmed is there, with its size, when it is listed', async (t) => {
  const { announce, put, list, heads } = await ready(t);
  const signal = await announce('signal.dat');
  t.match(await list(), [{ status: 'notavailable', missing: /^Nothing has arrived yet: PUT the file/ }]);
  put(signal, 123);
  t.match(await list(), [{ id: signal.dataId, status: 'available', size: '123', missing: null }]);
  t.equal(heads.length, 2);
  t.match(await list(), [{ status: 'available', size: '123' }]);
  t.equal(heads.length, 2, 'what is known is not asked again');
});

t.test(
  'what never arrives is looked for until its URL has ended, once more, and then no longer',
  async (t) => {
    const { b, announce, list, heads } = await ready(t);
    const { dataId } = await announce('forgotten.dat');
    b.pass(12 * HOUR_MS);
    t.match(await list(), [{ missing: /^Nothing has arrived yet/ }]);
    b.pass(2 * HOUR_MS);
    t.match(await list(), [{ status: 'notavailable', missing: /^It never arrived/ }]);
    t.equal(heads.length, 2);
    t.match(await list(), [{ missing: /^It never arrived/ }]);
    t.equal(heads.length, 2);
    const ada = await b.login('ada@example.org');
    t.equal((await ada.del(`/api/data/${dataId}`)).json().removed, true);
  },
);

t.test('an upload in parts counts only with the size that was announced', async (t) => {
  const { ada, put, list } = await ready(t);
  const body = { filename: 'a.dat', sizeBytes: 9, mode: 'mode_2' };
  const begun = (await ada.post('/api/data/uploads', body)).json();
  put(begun, 8);
  t.match(await list(), [{ status: 'notavailable', missing: /^Its upload was not completed/ }]);
  put(begun, 9);
  t.match(await list(), [{ status: 'available', size: '9' }]);
});

t.test('a list looks for 25 files and not always for the same', async (t) => {
  const { b, announce, put, list, heads } = await ready(t);
  const files = [];
  for (let i = 0; i < 30; i++) files.push(await announce(`${i}.dat`));
  await list();
  t.equal(heads.length, 25);
  for (const file of files) put(file, 1);
  for (let i = 0; i < 2; i++) {
    b.pass(1_000);
    await list();
  }
  const all: { status: string }[] = await list();
  t.equal(all.filter(({ status }) => status === 'available').length, 30);
});

t.test('a bucket that refuses, or does not answer, does not take the list with it', async (t) => {
  const { b, announce, list } = await ready(t);
  await announce('a.dat');
  b.cloud.refuse = 'denied';
  t.match(await list(), [{ status: 'notavailable' }]);
  b.cloud.refuse = undefined;
  let asked = (): void => {};
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  b.cloud.headObject = () => {
    asked();
    return new Promise(() => {});
  };
  const listing = list();
  await isAsked;
  t.equal(b.timers.fire(PATIENCE_MS), 1);
  t.match(await listing, [{ status: 'notavailable', missing: /^Nothing has arrived/ }]);
});
