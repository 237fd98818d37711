import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { WorkerError } from '../../compute/errors.ts';
import { openRawScan } from '../../compute/formats/open.ts';
import { runFromPointer, type WorkerDeps } from '../../compute/worker.ts';
import { runResult } from '../../src/schemas/execution.ts';
import { resultIndex } from '../../src/schemas/result-index.ts';
import { taskDocument } from './helpers/run.ts';
import { BUCKETS, startBroker, startUnit } from './helpers/unit.ts';
import { readZip } from './helpers/zip.ts';

const raw = (name: string): Buffer => readFileSync(new URL(`../fixtures/raw/${name}`, import.meta.url));
const SIGNAL = {
  bucket: BUCKETS.data,
  key: 'mroptimum/user-1/uploads/1.dat',
  filename: 'gre.dat',
  sizeBytes: raw('gre.dat').length,
};
const NOISE = { bucket: BUCKETS.data, key: 'mroptimum/user-1/uploads/2.dat', filename: 'noise.dat' };

const unit = await startUnit(t);
await unit.put(SIGNAL.bucket, SIGNAL.key, raw('gre.dat'));
await unit.put(NOISE.bucket, NOISE.key, raw('noise.dat'));

const temporary: string[] = [];

function worker(more: Partial<WorkerDeps> = {}): WorkerDeps {
  const tempRoot = mkdtempSync(join(tmpdir(), 'worker-'));
  temporary.push(tempRoot);
  return {
    objects: unit.objects,
    openScan: openRawScan,
    fetch,
    clock: Date.now,
    tempRoot,
    platform: 'lambda',
    ...more,
  };
}

async function zipOf(bucket: string, key: string): Promise<Map<string, Buffer>> {
  const path = join(mkdtempSync(join(tmpdir(), 'zip-')), 'a.zip');
  writeFileSync(path, (await unit.get(bucket, key)).bytes);
  return readZip(path);
}

t.test('a job: result zip with metadata, sidecar, progress with the token of the job', async (t) => {
  const broker = await startBroker(t);
  let now = 0;
  const pointer = await unit.submit({
    inputs: { signal: SIGNAL, noise: NOISE },
    callback: { url: broker.url, token: 'CANARY-job-token' },
  });
  const result = await runFromPointer(pointer, worker({ clock: () => (now += 1500) }));
  t.ok(runResult.safeParse(result).success);
  t.match(result, {
    bucket: BUCKETS.results,
    key: 'mroptimum/user-1/job-1/0/result.zip',
    summary: { coils: 2, slices: 1, matrix: [160, 160] },
  });

  const stored = await unit.get(result.bucket, result.key);
  t.equal(stored.bytes.length, result.sizeBytes);
  t.equal(createHash('sha256').update(stored.bytes).digest('hex'), result.sha256);
  t.equal((await unit.objects.head(result))?.checksumSHA256, result.checksumSHA256, 'as S3 computed it');
  t.match(stored, { ContentType: 'application/zip', Metadata: { 'job-id': 'job-1', sha256: result.sha256 } });
  const sidecar = JSON.parse(
    String((await unit.get(result.bucket, 'mroptimum/user-1/job-1/0/run.json')).bytes),
  );
  t.same(sidecar, { ...result, jobId: 'job-1', attempt: 0 });

  const files = await zipOf(result.bucket, result.key);
  for (const [name, content] of files) t.notOk(content.includes('CANARY'), name);
  t.match(JSON.parse(String(files.get('info.json'))), { user_id: 'user-1', seed: 968256002 });
  const index = resultIndex.parse(JSON.parse(String(files.get('info.json'))));
  t.ok(index.data.length >= 3 && index.previews.length >= 3, 'the broker understands its table of contents');
  const beside = ['info.json', 'overview.png', ...[...index.data, ...index.previews].map((f) => f.filename)];
  for (const name of beside) {
    const file = await unit.get(result.bucket, `mroptimum/user-1/job-1/0/files/${name}`);
    t.same(file.bytes, files.get(name), `${name} lies beside the zip`);
    t.equal(file.ContentEncoding, undefined, 'and is not unpacked on its way');
  }

  t.ok(broker.calls.length >= 3);
  t.ok(
    broker.calls.every(
      ({ path, authorization }) =>
        path === '/api/job/job-1/progress' && authorization === 'Bearer CANARY-job-token',
    ),
  );
  t.match(broker.calls[0].body, { attempt: 0, step: 'start', fraction: 0, platform: 'lambda' });
});

t.test('a broker that is down, refuses or talks nonsense does not fail the job', async (t) => {
  const broker = await startBroker(t);
  broker.answer = () => ({ status: 500, body: 'oops' });
  for (const url of [broker.url, 'http://127.0.0.1:1']) {
    const pointer = await unit.submit({
      inputs: { signal: SIGNAL, noise: NOISE },
      callback: { url, token: 'x' },
    });
    t.match(await runFromPointer(pointer, worker()), { summary: { coils: 2 } });
  }
});

t.test(
  'a failure is stored as a bundle with a sidecar, without secrets, and thrown with its code',
  async (t) => {
    const task = { ...taskDocument({ name: 'pmr', options: { NR: -1 } }), token: 'CANARY-token' };
    const pointer = await unit.submit({
      jobId: 'job-2',
      attempt: 3,
      task,
      inputs: { signal: SIGNAL },
      callback: { url: 'http://127.0.0.1:1', token: 'CANARY-job' },
    });
    await t.rejects(runFromPointer(pointer, worker()), {
      name: 'bad_options',
      message: /task\.options\.NR/,
    });
    const files = await zipOf(BUCKETS.failed, 'mroptimum/user-1/job-1/0/failure.zip');
    t.same([...files.keys()], ['info.json', 'options.json', 'error.txt']);
    for (const [name, content] of files) t.notOk(/CANARY|\bat .*\.ts:\d/.test(String(content)), name);
    t.match(JSON.parse(String(files.get('info.json'))), {
      error: { code: 'bad_options', message: /NR/, remedy: /Correct the option/ },
      headers: { options: { name: 'pmr' }, log: [{ type: 'start' }, { type: 'ERROR' }] },
      user_id: 'user-1',
    });
    t.match(String(files.get('error.txt')), /^bad_options\n/);
    const sidecar = JSON.parse(
      String((await unit.get(BUCKETS.failed, 'mroptimum/user-1/job-1/0/failure.json')).bytes),
    );
    t.match(sidecar, { jobId: 'job-2', attempt: 3, code: 'bad_options' });
  },
);

t.test('inputs that are missing, incomplete or forbidden have their own codes', async (t) => {
  const gone = { ...SIGNAL, key: 'mroptimum/user-1/uploads/gone.dat' };
  await t.rejects(runFromPointer(await unit.submit({ inputs: { signal: gone } }), worker()), {
    code: 'input_not_found',
    message: /unit-data\/mroptimum\/user-1\/uploads\/gone\.dat/,
  });
  const short = { ...SIGNAL, sizeBytes: 99_999_999 };
  await t.rejects(runFromPointer(await unit.submit({ inputs: { signal: short } }), worker()), {
    code: 'input_unreadable',
    message: /not complete/,
  });
  await t.rejects(runFromPointer(await unit.submit({ inputs: {} }), worker()), {
    code: 'bad_options',
    message: /inputs\.signal/,
  });
  const foreign = { bucket: BUCKETS.data, key: 'mroptimum/x/result.zip' };
  await t.rejects(
    runFromPointer(
      await unit.submit({ inputs: { signal: SIGNAL, noise: NOISE }, result: foreign }),
      worker(),
    ),
    {
      code: 'storage_denied',
      message: /may not write s3:\/\/unit-data/,
    },
  );
});

t.test('a pointer to nothing, to something else or to another attempt is refused', async (t) => {
  const pointer = await unit.submit({ inputs: { signal: SIGNAL } });
  await t.rejects(runFromPointer({ ...pointer, key: 'nowhere.json' }, worker()), {
    code: 'input_not_found',
  });
  await t.rejects(runFromPointer({ ...pointer, attempt: 1 }, worker()), {
    code: 'worker_error',
    message: /another job or attempt/,
  });
  await unit.put(BUCKETS.data, 'junk.json', '{"schema":"cloudmr/job/9"}');
  await t.rejects(runFromPointer({ bucket: BUCKETS.data, key: 'junk.json' }, worker()), {
    code: 'worker_error',
    message: /no job document/,
  });
});

t.test('a stop by the platform and a cancel by the user are told apart', async (t) => {
  const broker = await startBroker(t);
  const job = { inputs: { signal: SIGNAL, noise: NOISE }, callback: { url: broker.url, token: 'x' } };
  const stopped = AbortSignal.abort(new WorkerError('preempted', 'The platform stopped the task.'));
  await t.rejects(runFromPointer(await unit.submit(job), worker({ signal: stopped })), {
    code: 'preempted',
  });
  broker.answer = () => ({ status: 200, body: { cancel: true } });
  await t.rejects(runFromPointer(await unit.submit(job), worker({ signal: stopped })), {
    code: 'canceled',
  });

  // A cancel that arrives with the answer to a progress report, while the files are read.
  const slow = async (path: string) => {
    const deadline = Date.now() + 30_000;
    while (broker.calls.length < 1 && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setTimeout(resolve, 50));
    return openRawScan(path);
  };
  broker.calls.length = 0;
  await t.rejects(runFromPointer(await unit.submit(job), worker({ openScan: slow })), {
    code: 'canceled',
  });
});

t.test('a worker in a long step tells its last progress again, and so hears of a cancel', async (t) => {
  const broker = await startBroker(t);
  const job = { inputs: { signal: SIGNAL, noise: NOISE }, callback: { url: broker.url, token: 'x' } };
  broker.answer = (_, count) => ({ status: 200, body: { cancel: count > 1 } });
  // Nothing is reported while a file is opened. Seconds after, it is told again: only a hang takes so long.
  const limit = Date.now() + 60_000;
  const slow = async (path: string) => {
    while (broker.calls.length < 2 && Date.now() < limit)
      await new Promise((resolve) => setTimeout(resolve, 50));
    await new Promise((resolve) => setTimeout(resolve, 50));
    return openRawScan(path);
  };
  await t.rejects(runFromPointer(await unit.submit(job), worker({ openScan: slow })), { code: 'canceled' });
  t.match(broker.calls[1].body, { step: 'read', message: 'Reading the signal file' });
});

t.test('nothing is left on the disk, whatever happened', async (t) => {
  t.ok(temporary.length > 10);
  t.same(
    temporary.flatMap((folder) => readdirSync(folder)),
    [],
  );
});
