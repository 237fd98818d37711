/**
 * Where a run goes and how long it takes there: one pure function. Lambda starts at once but ends after 15 minutes,
 * with little disk and memory; Fargate takes a minute to start and comes in sizes.
 */
import type { PlatformName } from '../src/schemas/execution.ts';
import { WorkerError } from './errors.ts';
import type { OutputFacts, RunCost, SignalFacts } from './run-cost.ts';
import { runCost } from './run-cost.ts';
import { parseTask, type SnrTask } from './task.ts';

/** What is known of a job before it runs. */
export interface RunFacts extends SignalFacts {
  /** All input files together. */
  readonly inputBytes: number;
  readonly output?: OutputFacts;
}

export interface PlatformSize {
  readonly vcpu: number;
  readonly memoryMb: number;
}

export interface RunEstimate {
  /** Wall seconds on that platform, its start included. */
  readonly seconds: number;
  /** Peak memory of the process. */
  readonly memoryMb: number;
  readonly platform: PlatformName;
  readonly size: PlatformSize;
  /** Of the Fargate task: of this run, or of the one that takes over if it fails on Lambda. */
  readonly taskSize: PlatformSize;
  /** For people; shown with the job. */
  readonly reason: string;
}

/** What a new account may have at most, and the part of a vCPU that goes with 1,769 MiB each. */
export const LAMBDA: PlatformSize = { vcpu: 1.7, memoryMb: 3008 };
/** The sizes of Fargate tasks that are used, ascending. */
export const FARGATE_SIZES: readonly PlatformSize[] = [
  { vcpu: 2, memoryMb: 8192 },
  { vcpu: 4, memoryMb: 16_384 },
  { vcpu: 8, memoryMb: 32_768 },
  { vcpu: 16, memoryMb: 65_536 },
];
/** Larger inputs do not fit on the disk of a Lambda beside the result. */
export const LARGEST_LAMBDA_INPUT = 2 ** 30;

/** When Lambda stops a run: as long as it lets any function run. */
export const LAMBDA_LIMIT_SECONDS = 900;
/** The part of it that an estimate may take, which can be wrong by half. */
const LAMBDA_SECONDS = LAMBDA_LIMIT_SECONDS / 1.5;
const MEMORY_RESERVE = 1.5;
const START_SECONDS: Readonly<Record<PlatformName, number>> = { lambda: 2, fargate: 45 };
/** From and to S3. */
const BYTES_PER_SECOND = 80 * 2 ** 20;
/** A size is large enough if the run takes no longer than this. */
const PATIENCE_SECONDS = 180;
/** Part of a further thread that is left after waiting for others. */
const THREAD_EFFICIENCY = 0.9;

/**
 * The estimate for a task document. A task that cannot be read goes to Lambda, where it is refused fastest.
 */
export function estimateRun(facts: RunFacts, document: unknown): RunEstimate {
  let task: SnrTask;
  try {
    task = parseTask(document);
  } catch (error) {
    if (!(error instanceof WorkerError)) throw error;
    return {
      seconds: START_SECONDS.lambda + 1,
      memoryMb: 150,
      platform: 'lambda',
      size: LAMBDA,
      taskSize: FARGATE_SIZES[0],
      reason: 'the task will be refused',
    };
  }
  const cost = runCost(facts, task, facts.output);
  const on = (platform: PlatformName, size: PlatformSize) =>
    estimateOn(cost, facts.inputBytes, platform, size);
  const small = on('lambda', LAMBDA);
  const why = task.platform ? 'asked for in the task' : reasonAgainstLambda(small, facts.inputBytes);
  const sizes = FARGATE_SIZES.map((size) => on('fargate', size));
  const enough = sizes.filter(({ memoryMb, size }) => MEMORY_RESERVE * memoryMb <= size.memoryMb);
  const candidates = enough.length > 0 ? enough : sizes.slice(-1);
  const fast = candidates.find(({ seconds }) => seconds - START_SECONDS.fargate <= PATIENCE_SECONDS);
  const large = fast ?? candidates[candidates.length - 1];
  const goesToLambda = task.platform === 'lambda' || why === undefined;
  return {
    ...(goesToLambda ? small : large),
    taskSize: large.size,
    reason: why ?? 'small enough for Lambda',
  };
}

type OnPlatform = Omit<RunEstimate, 'reason' | 'taskSize'>;

function reasonAgainstLambda({ seconds, memoryMb }: OnPlatform, inputBytes: number) {
  if (inputBytes > LARGEST_LAMBDA_INPUT) return `${Math.ceil(inputBytes / 2 ** 20)} MiB of input`;
  if (seconds > LAMBDA_SECONDS) return `about ${Math.ceil(seconds / 60)} minutes on Lambda`;
  if (MEMORY_RESERVE * memoryMb > LAMBDA.memoryMb) return `about ${Math.ceil(memoryMb)} MiB of memory`;
  return undefined;
}

function estimateOn(
  { serial, read, solve, write, memoryMb, memoryMbPerThread }: RunCost,
  inputBytes: number,
  platform: PlatformName,
  size: PlatformSize,
): OnPlatform {
  const threads = 1 + Math.max(0, size.vcpu - 1) * THREAD_EFFICIENCY;
  const transfer = inputBytes / BYTES_PER_SECOND;
  const seconds = START_SECONDS[platform] + transfer + serial + read + solve / threads + write;
  return { seconds, memoryMb: memoryMb + size.vcpu * memoryMbPerThread, platform, size };
}
