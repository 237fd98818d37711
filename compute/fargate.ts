/** The worker as the main program of an ECS task: exit code 0 with a result, 1 without. */
import { createWorkerObjects } from '../src/aws/worker-objects.ts';
import { readPlatformGiven, readWorkerEnvironment } from './environment.ts';
import { toWorkerError, WorkerError } from './errors.ts';
import { openRawScan } from './formats/open.ts';
import { textWithoutSecrets } from './redact.ts';
import { imageOfTask } from './task-image.ts';
import { runFromPointer } from './worker.ts';

const environment = readWorkerEnvironment();
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort(new WorkerError('preempted', 'The platform stopped the task.')));

try {
  const { jobBucket: bucket, jobKey: key } = environment;
  if (!bucket || !key)
    throw new WorkerError('worker_error', 'JOB_BUCKET and JOB_KEY must name the job document.');
  const result = await runFromPointer(
    { bucket, key },
    {
      objects: createWorkerObjects(environment),
      openScan: openRawScan,
      fetch,
      clock: Date.now,
      tempRoot: environment.tempRoot,
      threads: environment.threads,
      platform: 'fargate',
      given: { ...readPlatformGiven(), imageDigest: await imageOfTask(environment.metadataUrl, fetch) },
      signal: stop.signal,
    },
  );
  console.log(JSON.stringify({ message: 'done', ...result }));
} catch (error) {
  const { code, message } = toWorkerError(error);
  console.error(JSON.stringify({ message: 'failed', code, reason: textWithoutSecrets(message) }));
  process.exitCode = 1;
}
