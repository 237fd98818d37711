import t from 'tap';
import { textWithoutSecrets, withoutSecrets } from '../../compute/redact.ts';
import { run, taskDocument } from './helpers/run.ts';
import { imageLines, memoryScan, noiseLines, normals } from './helpers/scan.ts';

const SIGNED =
  'https://data.s3.amazonaws.com/u/1.dat?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=CANARY-signature';

t.test('no planted secret is found in any file of a result', async (t) => {
  const task = taskDocument({
    options: { note: `see ${SIGNED} please`, nested: [{ Authorization: 'Bearer CANARY-bearer' }] },
    reconOptions: { presigned_upload_url: SIGNED },
  });
  const planted = Object.assign(structuredClone(task), {
    token: 'CANARY-token',
    pipelineid: 'p-1',
    accessToken: 'CANARY-access',
  });
  const options = planted.options.reconstructor.options.signal.options as Record<string, unknown>;
  Object.assign(options, { presigned_url: SIGNED, filename: '/home/CANARY-user/scan.dat', X: SIGNED });
  const scan = memoryScan({ columns: 8, lines: 8, coils: 1 }, [
    ...noiseLines(normals(1), 1, 64, 8),
    ...imageLines(new Float32Array(128).fill(1), [1, 8, 8]),
  ]);
  const { files, info } = await run(
    { signal: scan },
    { task: planted, output: { coilsensitivity: false, gfactor: false, matlab: true } },
  );
  for (const [name, content] of files) t.notOk(content.includes('CANARY'), name);
  t.match(info.headers.options, {
    name: 'ac',
    pipelineid: 'p-1',
    options: {
      note: 'see [removed] please',
      reconstructor: { options: { signal: { options: { filename: 'scan.dat', bucket: 'data' } } } },
    },
  });
});

t.test('fields and texts that give access are taken out, the rest stays', async (t) => {
  t.same(
    withoutSecrets({
      a: 1,
      b: [true, null, 'x'],
      password: 'p',
      apiKey: 'k',
      callback: { url: 'u' },
      c: { secret_key: 's', keep: 'yes' },
    }),
    { a: 1, b: [true, null, 'x'], c: { keep: 'yes' } },
  );
  for (const [text, expected] of [
    ['Authorization: Bearer abc.def', 'Authorization: [removed] [removed]'],
    ['key AKIAABCDEFGHIJKLMNOP used', 'key [removed] used'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig', '[removed]'],
    ["ENOENT: no such file, open '/tmp/cloudmr-x/signal'", "ENOENT: no such file, open 'signal'"],
    ['C:\\data\\scan.dat', 'scan.dat'],
    ['/home/some one/my scan.dat', 'my scan.dat'],
    ['s3://bucket/key/a.dat is missing', 's3://bucket/key/a.dat is missing'],
    ['the ratio 1/2 and 3 / 4', 'the ratio 1/2 and 3 / 4'],
  ]) {
    t.equal(textWithoutSecrets(text), expected);
  }
});
