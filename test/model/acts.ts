/** What may happen in the world, as data that fast-check draws and shrinks, and how it is done. */

import { jobToken } from '../../services/jobs/token.ts';
import type { ExecutionInput } from '../../src/schemas/execution.ts';
import type { Job } from '../../src/schemas/job.ts';
import { TOKEN_SECRET } from '../helpers/broker.ts';
import { fc } from '../helpers/fast-check.ts';
import { executionOf } from './truth.ts';
import { OWNER, runningOf, type World } from './world.ts';

/** How an execution ends. `truncated` and `empty`: Step Functions says SUCCEEDED, the object says otherwise. */
const FATES = [
  'succeeds',
  'fails',
  'breaks',
  'truncated',
  'empty',
  'times out',
  // Worth another attempt, by itself.
  'preempted',
  'worker_oom',
] as const;
export type Fate = (typeof FATES)[number];

const SHA = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const SIX_HOURS = 6 * 3_600_000;
/** Time-outs of the SDK: no call is under way for longer. */
const LONGEST_CALL_MS = 30_000;

/** With which token a callback comes; those of earlier attempts come late. */
const TOKENS = ['right', 'right', 'of the last', 'forged'] as const;

const process = fc.nat(1);
const pick = fc.nat(3);

/** The things that may happen; those that matter most are drawn most often. */
export const act = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('submit'), process, key: fc.nat(2), body: fc.nat(5) }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('tick'), process }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('advance'),
      ms: fc.constantFrom(200, 2_000, 16_000, 25_000, 70_000, 400_000, SIX_HOURS + 700_000),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('finish'), pick, fate: fc.constantFrom(...FATES) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('progress'), process, pick, token: fc.constantFrom(...TOKENS) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('ended'), process, pick, token: fc.constantFrom(...TOKENS) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel'), process, pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('retry'), process, pick, exact: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('repair'), process }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pause'), paused: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lag'), lags: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('kill'), process, effects: fc.nat(255) }) },
);
export type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

/** Begins what an act says; what it sets off goes on at the gates. */
export function begin(world: World, wish: Act): void {
  if (wish.do === 'submit') submit(world, wish);
  else if (wish.do === 'tick') world.act(wish.process, (broker) => broker.ticker.tick());
  else if (wish.do === 'repair') world.act(wish.process, (broker) => broker.lateRepair.tick());
  else if (wish.do === 'pause') world.pause(wish.paused);
  else if (wish.do === 'lag') world.lag(wish.lags);
  else if (wish.do === 'advance') advance(world, wish.ms);
  else if (wish.do === 'kill') world.kill(wish.process, (index) => ((wish.effects >> (index % 8)) & 1) === 1);
  else if (wish.do === 'finish') {
    const open = runningOf(world.cloud);
    if (open.length > 0) finish(world, open[wish.pick % open.length].arn, wish.fate);
  } else onJob(world, wish);
}

function submit(world: World, wish: Extract<Act, { do: 'submit' }>): void {
  // Most submits carry a key; of those, few are for something else than the first under that key.
  const key = wish.body === 5 ? undefined : `key-${wish.key}`;
  const alias = wish.body === 4 ? 'something else' : 'a brain';
  world.act(wish.process, async (broker) => {
    const { job } = await broker.submit.submit(OWNER, submission(world.unitId, alias), key);
    world.witness.accepted(key, job);
  });
}

function submission(unitId: string, alias: string) {
  const file = { type: 's3', bucket: 'researcher-data', key: `mroptimum/${OWNER.userId}/uploads/x.h5` };
  return {
    appId: 'mroptimum',
    alias,
    unitId,
    output: { coilsensitivity: false, gfactor: false, matlab: false },
    task: {
      version: 'v0',
      name: 'ac',
      options: { reconstructor: { name: 'rss', options: { signal: { type: 'file', options: file } } } },
    },
  };
}

type ActOnJob = Extract<Act, { do: 'cancel' | 'retry' | 'ended' | 'progress' }>;

function onJob(world: World, wish: ActOnJob): void {
  const all = [...world.jobs.values()];
  if (all.length === 0) return;
  const job = all[wish.pick % all.length];
  // Only a worker knows the token of its attempt.
  const told = wish.do === 'ended' || wish.do === 'progress';
  if (told && wish.token === 'right' && !executionOf(world.cloud, job)) return;
  world.act(wish.process, async (broker) => {
    if (wish.do === 'cancel') await broker.users.cancel(OWNER, job.jobId);
    else if (wish.do === 'retry') await broker.retry(OWNER, job.jobId, wish.exact ? job.version : undefined);
    else if (wish.do === 'ended') await broker.callbacks.ended(job.jobId, tokenOf(job, wish.token));
    else {
      await broker.callbacks.progress(job.jobId, tokenOf(job, wish.token), {
        attempt: job.attempt,
        step: 'read',
        fraction: 0.5,
        message: 'works',
        platform: 'lambda',
      });
    }
  });
}

function tokenOf({ jobId, attempt }: Job, whose: (typeof TOKENS)[number]): string {
  if (whose === 'forged') return 'forged';
  return jobToken(TOKEN_SECRET, jobId, whose === 'of the last' ? attempt - 1 : attempt);
}

/** The clock moves; calls end by their time-outs, executions by theirs. */
export function advance(world: World, ms: number): void {
  for (const gate of [...world.gates.waiting]) {
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
  const end = { ...execution, stoppedAt: world.now() };
  const failure = JSON.stringify({ code: 'unsupported_sequence', message: 'an EPI scan', remedy: 'a GRE' });
  if (fate === 'fails') {
    world.cloud.executions.set(arn, {
      ...end,
      status: 'FAILED',
      error: 'unsupported_sequence',
      cause: failure,
    });
  } else if (fate === 'preempted' || fate === 'worker_oom') {
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
