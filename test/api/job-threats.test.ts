/** What a caller may try with jobs, files and callbacks, and what becomes of it. */

import t from 'tap';
import { jobToken } from '../../services/jobs/token.ts';
import { fc } from '../helpers/fast-check.ts';
import { type Broker, broker, MODE_1, type Person, SECRET, taskWith } from '../helpers/http.ts';

async function ready(t: Parameters<typeof broker>[0]) {
  const b = await broker(t);
  const admin = await b.administrator();
  await admin.post('/computing-unit/register', MODE_1);
  const ada = await b.person('ada@example.org');
  const file = (await ada.post('/data/presign', { operation: 'put', filename: 's.dat' })).json();
  return {
    ...b,
    admin,
    ada,
    file: { bucket: file.bucket, key: file.key } as { bucket: string; key: string },
  };
}

async function submitted(b: Broker, ada: Person, task: object): Promise<string> {
  const answer = await ada.post('/task/queue', { alias: 'a', task });
  t.equal(answer.statusCode, 202, answer.body);
  await b.ticker.tick();
  return answer.json().jobId;
}

/** Only what grows faster than its length takes so long, on whatever machine. */
const HANG_MS = 20_000;

t.test("T12: a success that names another object, even one of the person's own, is none", async (t) => {
  const b = await ready(t);
  const jobId = await submitted(b, b.ada, taskWith(b.file));
  const job = (await b.jobStore.get(jobId))!;
  const foreign = {
    bucket: job.result.bucket,
    key: job.result.key.replace(jobId, '01M80D0N0000000000000000ZZ'),
  };
  for (const { bucket, key } of [foreign, job.result]) {
    b.cloud.objects.set(`${bucket}/${key}`, { sizeBytes: 4, etag: 'e', metadata: { sha256: 'abc' } });
  }
  const output = {
    ...foreign,
    sizeBytes: 4,
    sha256: 'abc',
    seconds: 1,
    summary: { medianSnr: 1, maxSnr: 1, slices: 1, matrix: [1, 1], coils: 1, warnings: 0 },
  };
  const execution = b.cloud.executions.get(job.executionArn!)!;
  b.cloud.executions.set(job.executionArn!, {
    ...execution,
    status: 'SUCCEEDED',
    output: JSON.stringify(output),
  });
  const told = await b.app.inject({
    method: 'POST',
    url: `/api/job/${jobId}/callback`,
    payload: { status: 'succeeded', ...foreign },
    headers: { authorization: `Bearer ${jobToken(SECRET, jobId, 0)}` },
  });
  t.match(told.json(), { state: 'failed' });
  t.match((await b.ada.get(`/api/job/${jobId}`)).json(), {
    failure: { code: 'result_missing', phase: 'results_not_appearing', actor: 'operator' },
  });
});

t.test('T15: whatever a file is called, its key is made by the broker', async (t) => {
  const { ada } = await ready(t);
  const shape = new RegExp(`^mroptimum/${ada.userId}/uploads/[0-9A-Z]{26}((\\.nii)?\\.[a-z0-9]{1,8})?$`);
  const names = fc.oneof(
    fc.string({ minLength: 1, maxLength: 60, unit: 'binary' }),
    fc.constantFrom(
      '../../x.dat',
      '..\\x',
      'a%2f..%2fb.dat',
      '%2e%2e',
      'a\u0000.dat',
      'x\r\nSet-Cookie: a',
      '<x>.h5',
      '.',
      '..',
    ),
  );
  await fc.assert(
    fc.asyncProperty(names, async (filename) => {
      const answer = await ada.post('/data/presign', { operation: 'put', filename });
      if (answer.statusCode === 400) return answer.json().code === 'invalid_request';
      const { key, url } = answer.json();
      return answer.statusCode === 200 && shape.test(key) && !/[\r\n]/.test(url);
    }),
    { numRuns: 60 },
  );
});

t.test('T16, R48: a URL lives an hour, or as long as was asked, and is in no log line', async (t) => {
  const b = await ready(t);
  const presign = (more: object) =>
    b.ada.post('/data/presign', { operation: 'put', filename: 'a.dat', ...more });
  t.equal((await presign({})).json().expiresAt, '2099-11-22T10:30:00.000Z');
  t.equal((await presign({ expiresIn: 900 })).json().expiresAt, '2099-11-22T09:45:00.000Z');
  const { dataId } = (await presign({ expiresIn: '60' })).json();
  const get = await b.ada.post('/data/presign', { operation: 'get', dataId, expiresIn: 120 });
  t.equal(get.json().expiresAt, '2099-11-22T09:32:00.000Z');
  for (const expiresIn of [0, 59, 43_201, 604_800, -1, 'long']) {
    t.equal((await presign({ expiresIn })).statusCode, 400, String(expiresIn));
  }
  t.notMatch(b.lines.join(''), /Signature|s3\.test/);
});

t.test('T20: absurd tasks are refused before anything is stored', async (t) => {
  const { ada, file } = await ready(t);
  const deep = JSON.parse(`${'{"a":'.repeat(3_000)}1${'}'.repeat(3_000)}`);
  const wide = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`key-${i}`, i]));
  for (const [name, more, status] of [
    ['deep', { x: deep }, 400],
    ['wide', { x: wide }, 413],
    ['long', { x: 'y'.repeat(200_000) }, 413],
  ] as const) {
    for (const key of [undefined, 'a-key']) {
      const headers: Record<string, string> = key ? { 'idempotency-key': key } : {};
      const answer = await ada.post(
        '/task/queue',
        { alias: 'a', task: { ...taskWith(file), ...more } },
        headers,
      );
      t.equal(answer.statusCode, status, `${name}: ${answer.body.slice(0, 200)}`);
    }
    t.equal(
      (await ada.post('/task/estimate', { task: { ...taskWith(file), ...more } })).statusCode,
      status,
      name,
    );
  }
  const huge = await ada.post('/task/queue', {
    alias: 'a',
    task: { ...taskWith(file), x: 'y'.repeat(2 ** 20) },
  });
  t.equal(huge.statusCode, 413, 'before it is read');
  t.same((await ada.get('/api/job')).json().jobs, []);
});

t.test('T21: what a task says reaches neither the input of the execution nor a command', async (t) => {
  const b = await ready(t);
  const task = {
    ...taskWith(b.file, '$(touch /tmp/x).dat'),
    'name.$': '$$.Execution.Input',
    Parameters: { 'FunctionName.$': '$.evil' },
    ShellCommand: '; rm -rf /',
    token: 'canary-token',
    nested: { presignedUrl: 'canary-url', result_url: 'canary-url' },
  };
  const jobId = await submitted(b, b.ada, task);
  const job = (await b.jobStore.get(jobId))!;
  const input = JSON.parse(b.cloud.executions.get(job.executionArn!)!.input ?? '');
  t.same(input, { jobId, attempt: 0, ...job.document }, 'a pointer that the broker made');
  t.match(job.executionName, /^job-[0-9A-Z]{26}-0$/);
  t.notMatch(JSON.stringify(b.cloud.documents), /canary/, 'secrets that callers leave in tasks stay behind');
});

t.test('T31: names of people are in no log line, and nothing a caller says breaks one', async (t) => {
  const b = await ready(t);
  const phi = 'Müller^Hans 1970-01-01';
  await b.ada.post('/data/presign', { operation: 'put', filename: `${phi}.dat` });
  await b.ada.post('/upload_initiate', { filename: `${phi}.dat`, filesize: '9' });
  const forged = `${phi}","level":"error","msg":"forged`;
  const jobId = await submitted(b, b.ada, taskWith(b.file, forged));
  await b.ada.post('/task/queue', { alias: forged, task: taskWith(b.file) });
  await b.ada.get(`/api/job/${jobId}/logs?x=${encodeURIComponent(phi)}`, {
    'user-agent': phi.replace('ü', 'u'),
  });
  const text = b.lines.join('');
  t.notMatch(text, /Hans|1970-01-01|forged/);
  for (const line of b.lines) t.doesNotThrow(() => JSON.parse(line));
});

t.test('T33: hostile JSON and slow patterns', async (t) => {
  const { app, ada, file } = await ready(t);
  const send = (payload: string) =>
    app.inject({
      method: 'POST',
      url: '/task/queue',
      payload,
      headers: { authorization: `Bearer ${ada.tokens.id_token}`, 'content-type': 'application/json' },
    });
  const task = JSON.stringify(taskWith(file));
  for (const [name, body] of Object.entries({
    __proto__: `{"alias":"a","task":${task},"__proto__":{"admin":true}}`,
    'in the task': `{"alias":"a","task":{"__proto__":{"mode":"mode_2"},"type":"snr"}}`,
    constructor: `{"alias":"a","task":${task},"constructor":{"prototype":{"admin":true}}}`,
    'arrays without end': `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
    'a deep task': `{"alias":"a","task":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`,
    'not JSON': '{"alias":',
    NaN: `{"alias":"a","task":{"x":NaN}}`,
  })) {
    const begun = performance.now();
    const answer = await send(body);
    t.ok(
      [400, 413].includes(answer.statusCode),
      `${name}: ${answer.statusCode} ${answer.body.slice(0, 100)}`,
    );
    t.ok(performance.now() - begun < HANG_MS, `${name} is quick`);
  }
  t.equal(({} as { admin?: boolean }).admin, undefined);
  for (const alias of ['a'.repeat(500_000), ' '.repeat(500_000), `${' '.repeat(300_000)}x`]) {
    const begun = performance.now();
    await ada.post('/task/queue', { alias, task: taskWith(file), computing_unit_id: '-'.repeat(60) });
    await ada.post('/data/presign', { operation: 'put', filename: alias });
    t.ok(performance.now() - begun < HANG_MS, 'time grows with the length only');
  }
});
