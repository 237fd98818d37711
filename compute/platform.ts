/**
 * Lambda or Fargate: one pure rule. Lambda starts at once but ends after 15 minutes, with little disk
 * and memory; Fargate takes half a minute to start and has neither limit.
 */
import type { PlatformName } from '../src/schemas/execution.ts';
import { WorkerError } from './errors.ts';
import { parseTask, type SnrTask } from './task.ts';

export interface PlatformChoice {
  readonly name: PlatformName;
  /** For people; shown with the job. */
  readonly reason: string;
}

/** Larger inputs do not fit on the disk of a Lambda beside the result. */
export const LARGEST_LAMBDA_INPUT = 2 ** 30;

/** Methods that reconstruct many times. */
const REPLICA_METHODS: readonly string[] = ['mr', 'pmr', 'cr'];

/**
 * The platform for a task document with inputs of `inputBytes` in all. A task that cannot be read goes to
 * Lambda, where it is refused fastest.
 */
export function choosePlatform(task: unknown, inputBytes: number): PlatformChoice {
  let parsed: SnrTask;
  try {
    parsed = parseTask(task);
  } catch (error) {
    if (!(error instanceof WorkerError)) throw error;
    return { name: 'lambda', reason: 'the task will be refused' };
  }
  if (parsed.platform) return { name: parsed.platform, reason: 'asked for in the task' };
  if (inputBytes > LARGEST_LAMBDA_INPUT) {
    return { name: 'fargate', reason: `${Math.ceil(inputBytes / 2 ** 20)} MiB of input` };
  }
  if (parsed.reconstruction === 'espirit' || parsed.sensitivity?.mask.method === 'espirit') {
    return { name: 'fargate', reason: 'ESPIRiT maps take long' };
  }
  if (REPLICA_METHODS.includes(parsed.method)) {
    return { name: 'fargate', reason: `method "${parsed.method}" reconstructs many times` };
  }
  return { name: 'lambda', reason: 'small enough for Lambda' };
}
