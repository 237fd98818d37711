/** Lambda and Fargate as the platform starts them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { VERSION } from '../../compute/version.ts';
import { LOADER, script } from '../helpers/script.ts';
import { BUCKETS, startBroker, startUnit } from './helpers/unit.ts';
import { readZip } from './helpers/zip.ts';

/** Of the image that runs. */
const DIGEST = `sha256:${'5'.repeat(64)}`;

const unit = await startUnit(t);
const inputs: Record<string, { bucket: string; key: string; filename: string }> = {};
for (const [role, name] of Object.entries({ signal: 'gre.dat', noise: 'noise.dat' })) {
  inputs[role] = { bucket: BUCKETS.data, key: `uploads/${name}`, filename: name };
  await unit.put(
    BUCKETS.data,
    `uploads/${name}`,
    readFileSync(new URL(`../fixtures/raw/${name}`, import.meta.url)),
  );
}

const environment = { ...process.env, AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL: unit.cloud.endpoint };

function startTask(more: Record<string, string>): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, [...LOADER, script('compute/fargate.ts')], {
    env: { ...environment, ...more },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
  t.teardown(() => child.kill('SIGKILL'));
  return { child, output: () => text };
}

/** What info.json of the last result says of the worker, without what every result says. */
async function workerInInfo(): Promise<object> {
  const zip = join(mkdtempSync(join(tmpdir(), 'entry-')), 'result.zip');
  writeFileSync(zip, (await unit.get(BUCKETS.results, 'mroptimum/user-1/job-1/0/result.zip')).bytes);
  const { name, node, ...facts } = JSON.parse(String((await readZip(zip)).get('info.json'))).worker;
  t.same([name, node], ['cloudmr-broker', process.version]);
  return facts;
}

t.test('F35: a Fargate task ends with 0 and a result that names its image, and logs no token', async (t) => {
  const { key } = await unit.submit({
    jobId: 'job-f',
    inputs,
    callback: { url: 'http://127.0.0.1:1', token: 'CANARY' },
  });
  // As the agent of ECS answers; the real one says much more.
  const agent = createServer((_request, response) => {
    response.end(JSON.stringify({ Image: `public.ecr.aws/cloudmrhub/mroptimum-fargate@${DIGEST}` }));
  });
  await once(agent.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => agent.close());
  const { port } = agent.address() as AddressInfo;
  const { child, output } = startTask({
    JOB_BUCKET: BUCKETS.data,
    JOB_KEY: key,
    ECS_CONTAINER_METADATA_URI_V4: `http://127.0.0.1:${port}/v4/x`,
  });
  t.same(await once(child, 'exit'), [0, null], output());
  t.notMatch(output(), /CANARY/);
  const sidecar = JSON.parse(
    String((await unit.get(BUCKETS.results, 'mroptimum/user-1/job-1/0/run.json')).bytes),
  );
  t.match(sidecar, { jobId: 'job-f', summary: { coils: 2 } });
  const { worker } = sidecar;
  t.match(worker, {
    version: VERSION,
    platform: 'fargate',
    cpus: availableParallelism(),
    imageDigest: DIGEST,
  });
  t.ok(worker.memoryMb > 0 && worker.memoryMb <= totalmem() / 2 ** 20, 'of the container or of the machine');
  t.same(await workerInInfo(), worker, 'info.json says the same');
});

t.test('a Fargate task that is stopped leaves a bundle that says so, and ends with 1', async (t) => {
  const broker = await startBroker(t);
  const { key } = await unit.submit({
    jobId: 'job-s',
    inputs,
    callback: { url: broker.url, token: 'CANARY' },
  });
  const { child, output } = startTask({ JOB_BUCKET: BUCKETS.data, JOB_KEY: key });
  broker.answer = () => {
    child.kill('SIGTERM');
    return { status: 200, body: { cancel: false } };
  };
  t.same(await once(child, 'exit'), [1, null], output());
  t.match(output(), /"code":"preempted"/);
  const sidecar = JSON.parse(
    String((await unit.get(BUCKETS.failed, 'mroptimum/user-1/job-1/0/failure.json')).bytes),
  );
  t.match(sidecar, { jobId: 'job-s', code: 'preempted' });
});

t.test('a Fargate task without a pointer ends with 1 and the reason', async (t) => {
  const { child, output } = startTask({ JOB_BUCKET: '', JOB_KEY: '' });
  t.same(await once(child, 'exit'), [1, null]);
  t.match(output(), /JOB_BUCKET and JOB_KEY/);
});

t.test('the Lambda returns the result and throws errors whose name is the code', async (t) => {
  Object.assign(process.env, environment);
  const { handler } = await import('../../compute/lambda.ts');
  t.match(await handler(await unit.submit({ jobId: 'job-l', inputs })), {
    bucket: BUCKETS.results,
    summary: { coils: 2, slices: 1 },
  });
  Object.assign(process.env, {
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769',
    AWS_LAMBDA_FUNCTION_VERSION: '7',
    WORKER_IMAGE: `1.dkr.ecr.eu-west-1.amazonaws.com/stack-worker@${DIGEST}`,
  });
  const context = { getRemainingTimeInMillis: () => 299_980 };
  const { worker } = await handler(await unit.submit({ jobId: 'job-w', inputs }), context);
  t.match(worker, {
    version: VERSION,
    platform: 'lambda',
    cpus: availableParallelism(),
    memoryMb: 1769,
    limitSeconds: 300,
    functionVersion: '7',
    imageDigest: DIGEST,
  });
  await t.rejects(handler(await unit.submit({ inputs: { signal: inputs.signal } })), {
    name: 'noise_missing',
  });
  const failure = await unit.get(BUCKETS.failed, 'mroptimum/user-1/job-1/0/failure.json');
  t.match(JSON.parse(String(failure.bytes)), {
    code: 'noise_missing',
    worker: { functionVersion: '7', imageDigest: DIGEST },
  });
  await t.rejects(handler({ Records: [] }), { name: 'worker_error' });
});

t.test('the functions around the worker use the same environment', async (t) => {
  const platform = await import('../../compute/functions/select-platform.ts');
  t.match(await platform.handler(await unit.submit({ inputs })), { name: 'lambda' });
  const { handler } = await import('../../compute/functions/report.ts');
  const state = { ...(await unit.submit({ inputs })), error: { Error: 'States.Timeout', Cause: '' } };
  t.match(await handler({ outcome: 'failed', state }), { failure: { remedy: /./ } });
});
