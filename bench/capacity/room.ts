/**
 * What is held (functions and vCPUs at once) is not waited for: a run is started, finds room or not, is tried again by
 * the state machine (functions only: its Retry), then by further attempts of the broker, each after a longer pause; after the
 * last one the job has failed (`no_capacity`, `quota_fargate_vcpu`). Functions and Fargate have room each for itself.
 */
import { readFileSync } from 'node:fs';
import { backoffMs } from '../../services/clockwork/backoff.ts';
import { AUTOMATIC } from '../../services/jobs/automatic-retries.ts';
import { randoms } from './arrivals.ts';
import { FARGATE_SECONDS, FARGATE_SHARE, type Quota, RUN_SECONDS } from './quotas.ts';
import { createBuckets, p99Of, type Waited } from './waits.ts';

/** Groups of jobs that go together where there are very many. */
const MAX_GROUPS = 40_000;
/** Attempts that follow by themselves for want of room. */
export const ROOM_RETRIES = AUTOMATIC.quota_fargate_vcpu?.times ?? 0;

interface Machine {
  States: { RunOnLambda: { Retry: { IntervalSeconds: number; MaxAttempts: number; BackoffRate: number }[] } };
}
const machine: Machine = JSON.parse(
  readFileSync(new URL('../../infra/state-machine/job.asl.json', import.meta.url), 'utf8'),
);
const [WITHIN] = machine.States.RunOnLambda.Retry;

interface Group {
  readonly at: number;
  readonly of: 'lambda' | 'fargate';
  jobs: number;
  /** Attempts so far, and tries within this one. */
  attempts: number;
  tries: number;
}

export interface StartedHour {
  /** Seconds that 99 of 100 of those that began within the hour had waited. */
  readonly waitP99: number;
  /** Those of the hour that had not begun when it was over. */
  readonly waiting: number;
  /** Those of the hour that have failed in the end. */
  readonly failed: number;
}

/** Starts those that come in an hour, and goes on until each has begun or failed; `after` are those that come then. */
export function startHour(
  quotas: readonly Quota[],
  ofHour: readonly number[],
  after: readonly number[],
): StartedHour {
  const random = randoms();
  const buckets = createBuckets(quotas.filter(({ held }) => !held));
  const rooms = {
    lambda: roomOf(quotas, 'lambda', (1 - FARGATE_SHARE) * RUN_SECONDS, RUN_SECONDS),
    fargate: roomOf(quotas, 'fargate', FARGATE_SHARE * FARGATE_SECONDS, FARGATE_SECONDS),
  };
  const hour = ofHour.length;
  const perSecond = [...ofHour, ...after];
  const all = ofHour.reduce((sum, jobs) => sum + jobs, 0);
  const size = Math.max(1, Math.ceil(all / MAX_GROUPS));
  const queue: Group[] = [];
  let head = 0;
  const due: Group[][] = [];
  const waits: Waited[] = [];
  let [begun, failed, open, left] = [0, 0, 0, 0];

  const later = (group: Group, second: number): void => {
    due[second] ??= [];
    due[second].push(group);
  };
  function refused(group: Group, second: number): void {
    if (group.of === 'lambda' && group.tries < WITHIN.MaxAttempts) {
      const most = WITHIN.IntervalSeconds * WITHIN.BackoffRate ** group.tries++;
      later(group, second + 1 + Math.floor(random() * most));
      return;
    }
    group.tries = 0;
    if (++group.attempts <= ROOM_RETRIES) {
      later(group, second + Math.ceil(backoffMs('capacity', group.attempts, random()) / 1000));
      return;
    }
    if (group.at >= hour) return;
    failed += group.jobs;
    open -= group.jobs;
  }
  function enter(group: Group, second: number): void {
    const took = rooms[group.of].take(group.jobs, second);
    if (took < group.jobs) refused(took > 0 ? { ...group, jobs: group.jobs - took } : group, second);
    if (took === 0) return;
    if (group.at >= hour) return;
    open -= took;
    if (second >= hour) return;
    waits.push({ seconds: second - group.at, jobs: took });
    begun += took;
  }

  for (let second = 0; second < hour || open > 0; second++) {
    buckets.refill();
    left += perSecond[second] ?? 0;
    for (; left >= size || (left > 0 && second === hour - 1); left -= Math.min(left, size)) {
      const jobs = Math.min(left, size);
      if (second < hour) open += jobs;
      queue.push({
        at: second,
        of: random() < FARGATE_SHARE ? 'fargate' : 'lambda',
        jobs,
        attempts: 0,
        tries: 0,
      });
    }
    const again = due[second] ?? [];
    delete due[second];
    // A try within an execution takes none of what is counted per second; a new attempt takes all of it.
    for (const group of again) if (group.tries === 0) queue.push(group);
    const entering = again.filter(({ tries }) => tries > 0);
    for (; head < queue.length && buckets.takeAll(queue[head].jobs); head++) entering.push(queue[head]);
    // Nobody is first where all try at once.
    entering.sort(() => random() - 0.5);
    for (const group of entering) enter(group, second);
  }
  return { waitP99: p99Of(waits), waiting: Math.round(all - begun), failed: Math.round(failed) };
}

/** Units that are held, as jobs at once. */
function roomOf(quotas: readonly Quota[], name: Group['of'], jobSeconds: number, seconds: number) {
  const held = quotas.find((quota) => quota.held && quota.of === name);
  if (!held) throw new Error(`no quota is held by ${name}`);
  let free = held.limit / (held.perJob / jobSeconds);
  const ends: number[] = [];
  let now = -1;
  return {
    take(jobs: number, second: number): number {
      for (; now < second; now++) free += ends[now + 1] ?? 0;
      const took = Math.min(jobs, Math.floor(free));
      free -= took;
      ends[second + seconds] = (ends[second + seconds] ?? 0) + took;
      return took;
    },
  };
}
