import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { report } from '../../compute/functions/report.ts';
import { selectPlatform } from '../../compute/functions/select-platform.ts';
import { taskDocument } from './helpers/run.ts';
import { BUCKETS, startBroker, startUnit } from './helpers/unit.ts';

const unit = await startUnit(t);
const RESULT = {
  bucket: BUCKETS.results,
  key: 'mroptimum/user-1/job-1/0/result.zip',
  sizeBytes: 5,
  sha256: 'abc',
  seconds: 1,
  summary: { medianSnr: 10, maxSnr: 20, slices: 1, matrix: [8, 8], coils: 1, warnings: 0 },
};

const folder = mkdtempSync(join(tmpdir(), 'report-'));
t.teardown(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'result.zip');

function deps() {
  const pauses: number[] = [];
  return { pauses, objects: unit.objects, fetch, pause: async (ms: number) => void pauses.push(ms) };
}

t.test(
  'a success of Lambda (from the state) and of Fargate (from the sidecar) is confirmed and told',
  async (t) => {
    const broker = await startBroker(t);
    const pointer = await unit.submit({ callback: { url: broker.url, token: 'job-token' } });
    await unit.put(BUCKETS.results, RESULT.key, 'bytes');
    t.same(await report({ outcome: 'succeeded', state: { ...pointer, run: { result: RESULT } } }, deps()), {
      result: RESULT,
    });
    t.match(broker.calls, [
      {
        path: '/api/job/job-1/callback',
        authorization: 'Bearer job-token',
        body: { status: 'succeeded', attempt: 0, result: RESULT },
      },
    ]);
    await unit.put(
      BUCKETS.results,
      'mroptimum/user-1/job-1/0/run.json',
      JSON.stringify({ ...RESULT, jobId: 'job-1', attempt: 0 }),
    );
    t.same(await report({ outcome: 'succeeded', state: pointer }, deps()), { result: RESULT });
  },
);

t.test('a success without its object, of another size, other bytes or another attempt is none', async (t) => {
  const pointer = await unit.submit({ jobId: 'job-9' });
  const succeeded = (result: unknown) =>
    report({ outcome: 'succeeded', state: { ...pointer, run: result && { result } } }, deps());
  await unit.put(BUCKETS.results, RESULT.key, 'longer');
  await t.rejects(succeeded(RESULT), { name: 'result_corrupt', message: /6 bytes.*wrote 5/ });
  const checksumSHA256 = createHash('sha256').update('bytes').digest('base64');
  const { objects } = unit;
  const store = async (text: string): Promise<void> => {
    writeFileSync(file, text);
    await objects.upload(file, RESULT, { contentType: 'application/zip', metadata: {} });
  };
  await store('bytes');
  t.match(await succeeded({ ...RESULT, checksumSHA256 }), { result: { checksumSHA256 } });
  await store('bites');
  await t.rejects(succeeded({ ...RESULT, checksumSHA256 }), {
    name: 'result_corrupt',
    message: /other bytes/,
  });
  await t.rejects(succeeded({ ...RESULT, key: 'other' }), { name: 'result_missing' });
  await t.rejects(succeeded({ nonsense: true }), { name: 'result_missing' });
  // The sidecar that lies there is of job-1.
  await t.rejects(succeeded(undefined), { name: 'result_missing' });
  const gone = { bucket: BUCKETS.results, key: 'mroptimum/nobody/result.zip' };
  const other = await unit.submit({ jobId: 'job-10', result: gone });
  await t.rejects(
    report({ outcome: 'succeeded', state: { ...other, run: { result: { ...RESULT, ...gone } } } }, deps()),
    { name: 'result_missing' },
  );
});

t.test(
  'a failure: what the worker said, unless the execution knows better or it is of another attempt',
  async (t) => {
    const broker = await startBroker(t);
    const pointer = await unit.submit({ attempt: 1, callback: { url: broker.url, token: 'x' } });
    const failed = (error: object, state = pointer) =>
      report({ outcome: 'failed', state: { ...state, error } }, deps());
    const said = (failure: object) =>
      unit.put(BUCKETS.failed, 'mroptimum/user-1/job-1/0/failure.json', JSON.stringify(failure));
    const noise = {
      code: 'noise_missing',
      message: 'No noise.',
      remedy: 'Add some.',
      jobId: 'job-1',
      attempt: 1,
    };

    t.match(
      await failed({ Error: 'States.TaskFailed', Cause: 'exit' }),
      { failure: { code: 'worker_error' } },
      'nothing said yet',
    );
    await said(noise);
    t.same(await failed({ Error: 'States.TaskFailed', Cause: '{}' }), {
      failure: { code: 'noise_missing', message: 'No noise.', remedy: 'Add some.' },
    });
    t.match(broker.calls.at(-1)?.body, { status: 'failed', attempt: 1, failure: { code: 'noise_missing' } });
    await said({ ...noise, attempt: 0 });
    t.match(
      await failed({ Error: 'States.Timeout', Cause: '' }),
      { failure: { code: 'worker_timeout' } },
      'of the attempt before',
    );
    await said({ ...noise, code: 'preempted' });
    t.match(
      await failed({ Error: 'States.Timeout', Cause: '' }),
      { failure: { code: 'worker_timeout' } },
      'stopped because of the timeout',
    );
    t.match(await failed({ Error: 'States.TaskFailed', Cause: '{}' }), { failure: { code: 'preempted' } });
  },
);

t.test('a failure whose job document cannot be read is still classified', async (t) => {
  const state = {
    jobId: 'job-1',
    attempt: 0,
    bucket: BUCKETS.data,
    key: 'nowhere.json',
    error: { Error: 'input_not_found', Cause: '{"errorMessage":"There is no document."}' },
  };
  t.match(await report({ outcome: 'failed', state }, deps()), {
    failure: { code: 'input_not_found', message: 'There is no document.' },
  });
});

t.test('the callback is tried three times; a refusal once; the execution never depends on it', async (t) => {
  const broker = await startBroker(t);
  await unit.put(BUCKETS.results, RESULT.key, 'bytes');
  const once = async (url = broker.url) => {
    broker.calls.length = 0;
    const used = deps();
    const pointer = await unit.submit({ callback: { url, token: 'x' } });
    t.same(await report({ outcome: 'succeeded', state: { ...pointer, run: { result: RESULT } } }, used), {
      result: RESULT,
    });
    return used.pauses;
  };
  broker.answer = () => ({ status: 503, body: {} });
  t.same(await once(), [500, 1500]);
  t.equal(broker.calls.length, 3);
  broker.answer = (_call, count) => ({ status: count < 2 ? 500 : 200, body: {} });
  t.same(await once(), [500]);
  broker.answer = () => ({ status: 401, body: {} });
  t.same(await once(), []);
  t.equal(broker.calls.length, 1);
  t.same(await once('http://127.0.0.1:1'), [500, 1500]);
});

t.test('the platform is chosen from the document, with sizes from S3 where it does not say', async (t) => {
  const file = { bucket: BUCKETS.data, key: 'a.dat', filename: 'a.dat' };
  await unit.put(file.bucket, file.key, 'x');
  t.match(await selectPlatform(await unit.submit({ inputs: { signal: file } }), unit.objects), {
    name: 'lambda',
  });
  const large = { ...file, sizeBytes: 3e9 };
  // R119: FargateSize of the stack goes before what the job would choose.
  const fixed = { vcpu: 16, memoryMb: 122_880 };
  t.match(await selectPlatform(await unit.submit({ inputs: { signal: file } }), unit.objects, fixed), {
    task: { cpu: '16384', memory: '122880' },
  });
  t.match(await selectPlatform(await unit.submit({ inputs: { signal: large } }), unit.objects), {
    name: 'fargate',
    reason: /2862 MiB/,
  });
  const missing = { ...file, key: 'missing.dat' };
  t.match(await selectPlatform(await unit.submit({ inputs: { signal: missing } }), unit.objects), {
    name: 'lambda',
  });
  const heavy = taskDocument({ name: 'pmr', options: { NR: 20_000, replicaMode: 'exact' } });
  const slices = { ...file, sizeBytes: 5e8 };
  t.match(
    await selectPlatform(await unit.submit({ task: heavy, inputs: { signal: slices } }), unit.objects),
    {
      name: 'fargate',
      task: { cpu: '16384', memory: '65536' },
    },
  );
  await t.rejects(selectPlatform({ bucket: BUCKETS.data }, unit.objects), { name: 'worker_error' });
});
