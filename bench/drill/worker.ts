/**
 * The worker of the drill, a Lambda function: takes the job document, writes a result object as the real worker
 * does, and tells the broker. It computes nothing. Of its callbacks some are lost, and some come twice.
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readWorkerEnvironment } from '../../compute/environment.ts';
import { createWorkerObjects } from '../../src/aws/worker-objects.ts';
import type { ExecutionInput, JobDocument } from '../../src/schemas/execution.ts';

const RESULT = 'zip!';
const SHA256 = createHash('sha256').update(RESULT).digest('hex');
/** Percent of the callbacks that never leave the worker, and of those that are sent twice. */
const LOST = Number(process.env['DRILL_LOST_CALLBACKS'] ?? 30);
const TWICE = 10;
const ANSWER_MS = 3_000;

const file = join(tmpdir(), `drill-result-${process.pid}.zip`);
writeFileSync(file, RESULT);
const objects = createWorkerObjects(readWorkerEnvironment());

/** Runs a job: document in, result out, callbacks to the broker that started it. */
export async function handler(input: ExecutionInput): Promise<object> {
  const document = (await objects.getJson({ bucket: input.bucket, key: input.key })) as JobDocument;
  const { jobId, attempt, result } = document;
  const report = { attempt, platform: 'lambda', step: 'write', fraction: 0.9, message: 'Writing' };
  await tell(document, 'progress', report);
  await objects.upload(file, result, {
    contentType: 'application/zip',
    metadata: { sha256: SHA256, 'job-id': jobId },
  });
  await tell(document, 'callback', { status: 'succeeded' });
  const summary = { medianSnr: 40, maxSnr: 90, slices: 1, matrix: [96, 96, 1], coils: 16, warnings: 0 };
  return { ...result, sizeBytes: RESULT.length, sha256: SHA256, seconds: 0.1, summary };
}

async function tell({ jobId, callback }: JobDocument, what: string, body: object): Promise<void> {
  const luck = 100 * Math.random();
  if (!callback || luck < LOST) return;
  for (let times = luck > 100 - TWICE ? 2 : 1; times > 0; times--) {
    try {
      await fetch(`${callback.url}/api/job/${jobId}/${what}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${callback.token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
    } catch (error) {
      // The broker was killed: one more callback that is lost.
      console.warn(`callback of ${jobId}: ${String(error)}`);
    }
  }
}
