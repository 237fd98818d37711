/**
 * The files of a result beside its zip, so that a viewer fetches one map by itself. Whoever has made them puts them
 * there, in the account where they were computed: nobody has to unpack the zip later, least of all the broker, through
 * which data of a Mode 2 unit must not pass.
 */
import type { WorkerObjects } from '../src/aws/worker-objects.ts';
import type { ObjectLocation } from '../src/schemas/execution.ts';
import { beside } from './failure-bundle.ts';
import type { ZipEntry } from './formats/zip.ts';

/** Uploads at the same time: a function of Lambda has one network connection for all. */
const AT_ONCE = 8;
const CONTENT_TYPES: [ending: RegExp, type: string][] = [
  [/\.nii\.gz$/, 'application/gzip'],
  [/\.png$/, 'image/png'],
  [/\.json$/, 'application/json'],
];

/**
 * Uploads maps, pictures and the table of contents to `files/` beside `result`. The table of contents goes first: what
 * it names is found, and deleted, even if the worker is stopped in between. All of them lie there before the zip does,
 * so a job that has succeeded has them. Throws WorkerError.
 */
export async function publishFiles(
  files: readonly ZipEntry[],
  result: ObjectLocation,
  objects: Pick<WorkerObjects, 'upload'>,
  metadata: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<void> {
  const upload = async ({ name, path }: ZipEntry): Promise<void> => {
    const contentType =
      CONTENT_TYPES.find(([ending]) => ending.test(name))?.[1] ?? 'application/octet-stream';
    await objects.upload(path, beside(result, `files/${name}`), { contentType, metadata, signal });
  };
  const contents = files.filter(({ name }) => name === 'info.json');
  for (const entry of contents) await upload(entry);
  const queue = files.filter(({ name }) => /\.(nii\.gz|png)$/.test(name));
  const next = async (): Promise<void> => {
    for (let entry = queue.shift(); entry; entry = queue.shift()) await upload(entry);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}
