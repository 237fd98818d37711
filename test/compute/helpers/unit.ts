/** A computing unit for tests: the embedded S3 with three buckets, the worker's role, and a broker that listens. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { Test } from 'tap';
import { createWorkerObjects } from '../../../src/aws/worker-objects.ts';
import type { JobDocument } from '../../../src/schemas/execution.ts';
import { allow, HUB, openTestCore, stack, TASK_TRUST } from '../../local/support/core-with-s3.ts';
import { taskDocument } from './run.ts';

export interface Call {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: Record<string, unknown>;
}

/** An HTTP server in the place of the broker. `answer` decides; default 200 with {cancel: false}. */
export async function startBroker(t: Test) {
  const calls: Call[] = [];
  const broker = {
    url: '',
    calls,
    answer: (_call: Call, _count: number): { status: number; body: unknown } => ({
      status: 200,
      body: { cancel: false },
    }),
  };
  const server = createServer(async (request: IncomingMessage, response) => {
    const body = (await json(request)) as Record<string, unknown>;
    const call = { path: request.url ?? '', authorization: request.headers.authorization, body };
    calls.push(call);
    const { status, body: answer } = broker.answer(call, calls.length);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  broker.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return broker;
}

export const BUCKETS = { data: 'unit-data', results: 'unit-results', failed: 'unit-failed' };

/** The unit. Its worker may read all buckets and write results and failures only. */
export async function startUnit(t: Test) {
  const cloud = await openTestCore(t);
  const arns = (names: string[], suffix: string): string[] =>
    names.map((name) => `arn:aws:s3:::${name}${suffix}`);
  const [all, written] = [Object.values(BUCKETS), [BUCKETS.results, BUCKETS.failed]];
  const policies = [
    allow('s3:GetObject', arns(all, '/*')),
    allow(['s3:PutObject', 's3:AbortMultipartUpload'], arns(written, '/*')),
    allow('s3:ListBucket', arns(all, '')),
  ];
  await cloud.control(HUB).applyStack(
    stack(HUB, {
      roles: [{ name: 'worker', trust: TASK_TRUST, policies }],
      buckets: all.map((name) => ({ name })),
    }),
  );
  const credentials = cloud.task(HUB, 'worker');
  // Where the SDK of a container or function finds its role.
  process.env.AWS_ACCESS_KEY_ID = credentials.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = credentials.secretAccessKey;
  process.env.AWS_SESSION_TOKEN = credentials.sessionToken;
  const objects = createWorkerObjects({ region: 'us-east-1', endpoint: cloud.endpoint });
  const owner = cloud.s3(cloud.root(HUB));
  t.teardown(() => owner.destroy());

  const put = async (bucket: string, key: string, body: Uint8Array | string): Promise<void> => {
    await owner.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
  };
  const get = async (bucket: string, key: string) => {
    const answer = await owner.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return { ...answer, bytes: Buffer.from(await (answer.Body?.transformToByteArray() ?? [])) };
  };

  /** Stores a job document; returns its pointer. */
  const submit = async (more: Partial<JobDocument> = {}) => {
    const document: JobDocument = {
      schema: 'cloudmr/job/1',
      jobId: 'job-1',
      attempt: 0,
      userId: 'user-1',
      appId: 'mroptimum',
      alias: 'test',
      mode: 'mode_1',
      task: taskDocument(),
      output: { coilsensitivity: false, gfactor: false, matlab: false },
      inputs: {},
      result: { bucket: BUCKETS.results, key: 'mroptimum/user-1/job-1/0/result.zip' },
      failure: { bucket: BUCKETS.failed, key: 'mroptimum/user-1/job-1/0/failure.zip' },
      ...more,
    };
    const key = `mroptimum/user-1/${document.jobId}/${document.attempt}/job.json`;
    await put(BUCKETS.data, key, JSON.stringify(document));
    return { jobId: document.jobId, attempt: document.attempt, bucket: BUCKETS.data, key };
  };
  return { cloud, objects, put, get, submit };
}
