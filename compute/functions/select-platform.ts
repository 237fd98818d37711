/** Lambda of the state machine's first state: reads the job document and chooses the platform. */
import type { WorkerObjects } from '../../src/aws/worker-objects.ts';
import { createWorkerObjects } from '../../src/aws/worker-objects.ts';
import { readWorkerEnvironment } from '../environment.ts';
import { choosePlatform, type PlatformChoice } from '../platform.ts';
import { mustBePointer, readDocument } from '../worker.ts';

const objects = createWorkerObjects(readWorkerEnvironment());

/** Chooses for a pointer. Throws WorkerError if there is no job document. */
export async function selectPlatform(pointer: unknown, store: WorkerObjects): Promise<PlatformChoice> {
  const document = await readDocument(mustBePointer(pointer), store);
  let inputBytes = 0;
  for (const input of Object.values(document.inputs)) {
    // A missing object is found out by the worker, which leaves a proper failure.
    inputBytes += input.sizeBytes ?? (await store.head(input))?.sizeBytes ?? 0;
  }
  return choosePlatform(document.task, inputBytes);
}

export async function handler(pointer: unknown): Promise<PlatformChoice> {
  return selectPlatform(pointer, objects);
}
