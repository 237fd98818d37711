/** What an interrupted `cloudmr run` had done: the same command goes on from there. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type StateFile, stateFile } from '../state-folder.ts';
import { uploadState } from '../transfer/upload.ts';

const pending = z.object({
  unitId: z.string(),
  uploads: z.record(z.string(), uploadState),
  /** Stored before the submit, so that asking again gives the same job. */
  idempotencyKey: z.string().optional(),
  jobId: z.string().optional(),
});
export type Pending = z.infer<typeof pending>;

/** The file of the run that these arguments describe, at this broker. */
export function pendingFile(folder: string, url: string, request: unknown): StateFile<Pending> {
  const name = createHash('sha256')
    .update(JSON.stringify([url, request]))
    .digest('hex')
    .slice(0, 24);
  return stateFile(folder, `runs/${name}.json`, pending);
}
