/** How executions end, as their workers and Step Functions would end them. */
import type { ExecutionInput } from '../../src/schemas/execution.ts';
import type { Job } from '../../src/schemas/job.ts';
import { runningOf, type World } from './world.ts';

/** How an execution ends. `truncated` and `empty`: Step Functions says SUCCEEDED, the object says otherwise. */
export const FATES = [
  'succeeds',
  'fails',
  'breaks',
  'truncated',
  'empty',
  'times out',
  // Worth another attempt, by itself.
  'preempted',
  'worker_oom',
  'no_capacity',
] as const;
export type Fate = (typeof FATES)[number];
/** Not the fault of the run. */
const AGAIN: readonly string[] = ['preempted', 'worker_oom', 'no_capacity'];

const SHA = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const SIX_HOURS = 6 * 3_600_000;
/** Time-outs of the SDK: no call is under way for longer. */
const LONGEST_CALL_MS = 30_000;

/** The clock moves; calls end by their time-outs, executions by theirs. */
export function advance(world: World, ms: number): void {
  for (const gate of world.moving()) {
    if (world.now() + ms - gate.since > LONGEST_CALL_MS) gate.pass('after');
  }
  world.advance(ms);
  for (const { arn, startedAt } of runningOf(world.cloud)) {
    if (world.now() - (startedAt ?? 0) > SIX_HOURS) finish(world, arn, 'times out');
  }
}

/** Ends an execution as its worker and Step Functions would. */
export function finish(world: World, arn: string, fate: Fate): void {
  const execution = world.cloud.executions.get(arn);
  if (!execution) return;
  const input = JSON.parse(String(execution.input)) as ExecutionInput;
  const job = world.jobs.get(input.jobId);
  const location = resultOf(job, input.attempt);
  if (!location) return;
  world.note(`execution ${fate}`);
  const end = { ...execution, stoppedAt: world.now() };
  const failure = JSON.stringify({ code: 'unsupported_sequence', message: 'an EPI scan', remedy: 'a GRE' });
  if (fate === 'fails') {
    world.cloud.executions.set(arn, {
      ...end,
      status: 'FAILED',
      error: 'unsupported_sequence',
      cause: failure,
    });
  } else if (AGAIN.includes(fate)) {
    const cause = JSON.stringify({ code: fate, message: 'not the fault of the run', remedy: 'again' });
    world.cloud.executions.set(arn, { ...end, status: 'FAILED', error: fate, cause });
  } else if (fate === 'breaks') {
    world.cloud.executions.set(arn, { ...end, status: 'FAILED', error: 'Boom', cause: 'no JSON' });
  } else if (fate === 'times out') {
    world.cloud.executions.set(arn, { ...end, status: 'TIMED_OUT' });
  } else {
    const summary = { medianSnr: 40, maxSnr: 90, slices: 1, matrix: [96, 96, 1], coils: 16, warnings: 0 };
    const output = JSON.stringify({ ...location, sizeBytes: 4, sha256: SHA, seconds: 1.5, summary });
    world.cloud.executions.set(arn, { ...end, status: 'SUCCEEDED', output });
    if (fate === 'empty') return;
    world.cloud.objects.set(`${location.bucket}/${location.key}`, {
      sizeBytes: fate === 'truncated' ? 2 : 4,
      etag: 'e',
      metadata: { sha256: SHA, 'job-id': input.jobId },
    });
  }
}

/** Where an attempt of a job writes. */
function resultOf(job: Job | undefined, attempt: number) {
  if (!job || job.attempt === attempt) return job?.result;
  return job.earlier?.find((each) => each.attempt === attempt)?.result;
}
