/** The worker's own estimate of a run, for the broker: the platform selector uses the same function. */
import { WorkerError } from '../compute/errors.ts';
import { estimateRun } from '../compute/platform.ts';
import { parseTask } from '../compute/task.ts';
import type { RunEstimator } from '../services/ports.ts';

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
