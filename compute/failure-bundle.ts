/** What a failed run leaves: a bundle for people and a sidecar for the report function. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkerObjects } from '../src/aws/worker-objects.ts';
import type { JobDocument, ObjectLocation, WorkerFacts } from '../src/schemas/execution.ts';
import type { WorkerError } from './errors.ts';
import { writeZip } from './formats/zip.ts';
import { textWithoutSecrets, withoutSecrets } from './redact.ts';
import type { LogEntry } from './run-log.ts';

/** The object of that name beside another one. */
export function beside({ bucket, key }: ObjectLocation, name: string): ObjectLocation {
  return { bucket, key: `${key.slice(0, key.lastIndexOf('/') + 1)}${name}` };
}

/**
 * Packs task, error and log (never a stack, a token or a signed URL) and uploads the bundle and its
 * sidecar `failure.json`. Throws WorkerError if that cannot be stored.
 */
export async function storeFailure(
  document: JobDocument,
  failure: WorkerError,
  log: readonly LogEntry[],
  workDir: string,
  objects: WorkerObjects,
  /** Which worker has failed, where that is known. */
  worker: WorkerFacts | undefined,
): Promise<void> {
  const { code, remedy } = failure;
  const message = textWithoutSecrets(failure.message);
  const error = { code, message, remedy };
  const options = withoutSecrets(document.task);
  const contents = {
    'info.json': json({
      headers: { options, log: withoutSecrets(log) },
      data: [],
      error,
      ...(worker && { worker }),
      user_id: document.userId,
    }),
    'options.json': json(options),
    'error.txt': `${code}\n\n${message}\n\nWhat to do: ${remedy}\n`,
  };
  const folder = join(workDir, 'failure');
  await mkdir(folder, { recursive: true });
  const entries = Object.keys(contents).map((name) => ({ name, path: join(folder, name) }));
  await Promise.all(Object.entries(contents).map(([name, text]) => writeFile(join(folder, name), text)));
  const zipPath = join(workDir, 'failure.zip');
  const { sha256 } = await writeZip(zipPath, entries);
  await objects.upload(zipPath, document.failure, {
    contentType: 'application/zip',
    metadata: { 'job-id': document.jobId, sha256 },
  });
  const { jobId, attempt } = document;
  await objects.putJson(beside(document.failure, 'failure.json'), {
    ...error,
    jobId,
    attempt,
    ...(worker && { worker }),
  });
  await storeLog(document.failure, log, objects);
}

/** The log beside the result or the bundle, where it can be read without unpacking either. */
export async function storeLog(
  location: ObjectLocation,
  log: readonly LogEntry[],
  objects: WorkerObjects,
): Promise<void> {
  await objects.putJson(beside(location, 'log.json'), withoutSecrets(log));
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
