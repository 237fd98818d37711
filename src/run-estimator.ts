/** The worker as the broker knows it: its version, its limits, and its own estimate of a run. The platform selector uses the same function. */
import { WorkerError } from '../compute/errors.ts';
import { estimateRun, FARGATE_SIZES, LAMBDA, LAMBDA_LIMIT_SECONDS } from '../compute/platform.ts';
import { parseTask } from '../compute/task.ts';
import { VERSION } from '../compute/version.ts';
import type { RunEstimator } from '../services/limits/run-estimator.ts';
import type { ReleasedWorker } from '../services/preflight/worker.ts';

const VCPUS = FARGATE_SIZES.map(({ vcpu }) => vcpu);

/** The worker of this release, and what the platform selector counts on. */
export const RELEASED_WORKER: Omit<ReleasedWorker, 'imageDigests'> = {
  version: VERSION,
  lambda: { memoryMb: LAMBDA.memoryMb, seconds: LAMBDA_LIMIT_SECONDS },
  fargate: { leastVcpus: Math.min(...VCPUS), mostVcpus: Math.max(...VCPUS) },
};

/** Estimates a run. Only arithmetic on the task document; a task the worker would refuse says why. */
export const runEstimator: RunEstimator = (facts, task) => ({
  ...estimateRun(facts, task),
  refusal: refusalOf(task),
});

function refusalOf(task: unknown): string | undefined {
  try {
    parseTask(task);
    return undefined;
  } catch (error) {
    if (error instanceof WorkerError) return error.message;
    throw error;
  }
}
