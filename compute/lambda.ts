/** The worker as a Lambda function: pointer in, RunResult out; a failure is thrown with its code as name. */
import { createWorkerObjects } from '../src/aws/worker-objects.ts';
import type { RunResult } from '../src/schemas/execution.ts';
import { readPlatformGiven, readWorkerEnvironment } from './environment.ts';
import { openRawScan } from './formats/open.ts';
import { mustBePointer, runFromPointer } from './worker.ts';

const environment = readWorkerEnvironment();
const objects = createWorkerObjects(environment);

/** Handles one execution. Near the time limit Lambda stops it, and the state machine goes on to Fargate. */
export async function handler(
  event: unknown,
  context?: { getRemainingTimeInMillis(): number },
): Promise<RunResult> {
  const leftMs = context?.getRemainingTimeInMillis();
  return runFromPointer(mustBePointer(event), {
    objects,
    openScan: openRawScan,
    fetch,
    clock: Date.now,
    tempRoot: environment.tempRoot,
    threads: environment.threads,
    platform: 'lambda',
    given: {
      ...readPlatformGiven(),
      limitSeconds: leftMs === undefined ? undefined : Math.round(leftMs / 1000),
    },
  });
}
