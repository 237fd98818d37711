/** Lambda of the state machine's first state: reads the job document and chooses the platform. */
import type { WorkerObjects } from '../../src/aws/worker-objects.ts';
import { createWorkerObjects } from '../../src/aws/worker-objects.ts';
import type { PlatformName } from '../../src/schemas/execution.ts';
import { readWorkerEnvironment } from '../environment.ts';
import { estimateRun, type PlatformSize, type RunEstimate } from '../platform.ts';
import { mustBePointer, readDocument } from '../worker.ts';

const environment = readWorkerEnvironment();
const objects = createWorkerObjects(environment);

/** The estimate under the names that the state machine reads. */
export interface PlatformChoice extends Omit<RunEstimate, 'platform' | 'taskSize'> {
  readonly name: PlatformName;
  /** Overrides of the Fargate task: CPU units and MiB, as ECS wants them. */
  readonly task: { readonly cpu: string; readonly memory: string };
}

const CPU_UNITS = 1024;

/**
 * Chooses for a pointer, by the sizes of the inputs; `fixed` is the size of every task, if the stack says so.
 * Throws WorkerError if there is no job document.
 */
export async function selectPlatform(
  pointer: unknown,
  store: WorkerObjects,
  fixed?: PlatformSize,
): Promise<PlatformChoice> {
  const document = await readDocument(mustBePointer(pointer), store);
  const sizes = await Promise.all(
    Object.entries(document.inputs).map(async ([role, input]) => {
      // A missing object is found out by the worker, which leaves a proper failure.
      const bytes = input.sizeBytes ?? (await store.head(input))?.sizeBytes ?? 0;
      return { role, bytes };
    }),
  );
  const {
    platform: name,
    taskSize,
    ...estimate
  } = estimateRun(
    {
      inputBytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
      signalBytes: sizes.find(({ role }) => role === 'signal')?.bytes ?? 0,
      output: document.output,
    },
    document.task,
  );
  const { vcpu, memoryMb } = fixed ?? taskSize;
  const task = { cpu: String(CPU_UNITS * vcpu), memory: String(memoryMb) };
  return { name, task, ...estimate };
}

export async function handler(pointer: unknown): Promise<PlatformChoice> {
  return selectPlatform(pointer, objects, environment.fargateSize);
}
