/**
 * The drill: jobs are submitted to two brokers that are killed with signal 9 again and again, while AWS fails before
 * and after its effects and callbacks are lost. Then it is quiet, and everything must come to its end.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { FaultInput } from '../../infra/local/faults.ts';
import { isTerminal } from '../../services/jobs/lifecycle.ts';
import { allRuns, endedOnce, endedOtherwise, startedTwice, storedJobs } from './count.ts';
import { type Member, startMember } from './fleet.ts';
import type { DrillOptions } from './options.ts';
import { openPlace, type Place } from './place.ts';
import { submissionOf } from './submission.ts';

export interface DrillReport {
  accepted: number;
  terminal: number;
  /**
   * Accepted, and not there, not ended, ended more than once, given up as `lost`, or said to have ended otherwise than
   * Step Functions and the result object say.
   */
  lost: number;
  /** Attempts with more than one execution, and jobs that nobody was told of. */
  startedTwice: number;
  /** From the last fault to the end of the last job. */
  settleSeconds: number;
  kills: number;
  /** Calls of brokers and workers to AWS that failed by order. */
  faults: number;
}

/** The report, and what is wrong with which job, in words. */
export interface Drilled {
  readonly report: DrillReport;
  readonly wrong: readonly string[];
}

export interface DrillProgress {
  readonly accepted: number;
  readonly terminal: number;
  readonly kills: number;
  readonly faults: number;
}

const SERVICES = ['dynamodb', 's3', 'sts', 'states'] as const;
/** A killed broker is back after about a second; it lives for up to this, so that it gets something done. */
const LONGEST_LIFE_MS = 3_000;
const SUBMITTERS = 6;
const LOOK_MS = 1_000;

/** Runs the drill. `onProgress` is called about every second. */
export async function drill(
  options: DrillOptions,
  onProgress: (progress: DrillProgress) => void,
): Promise<Drilled> {
  const place = await openPlace(options);
  const fleet: Member[] = [];
  try {
    fleet.push(await startMember(place.forBrokers), await startMember(place.forBrokers));
    for (const fault of faultsOf(options.failing)) await place.control.addFault(fault);
    const accepted = new Set<string>();
    let kills = 0;
    const killing = killAll(fleet, options.kills, () => kills++);
    const submitting = submitAll(place, fleet, options.jobs, accepted, () => kills / options.kills);
    const own = failedCalls(place);
    const struck = async (): Promise<number> =>
      (await place.control.faults()).reduce((sum, fault) => sum + fault.struck, 0) - own.now;
    let over = false;
    const watching = (async () => {
      while (!over) {
        const terminal = [...(await storedPatiently(place)).values()].filter((job) => isTerminal(job.state));
        onProgress({ accepted: accepted.size, terminal: terminal.length, kills, faults: await struck() });
        await pause(LOOK_MS);
      }
    })();
    await Promise.all([killing, submitting]);
    over = true;
    await watching;
    const faults = await struck();
    await place.control.clearFaults();
    const quietSince = performance.now();
    const limit = quietSince + options.settleLimitSeconds * 1000;
    let jobs = await storedJobs(place);
    const open = (): number => [...jobs.values()].filter(({ state }) => !isTerminal(state)).length;
    while (open() > 0 && performance.now() < limit) {
      onProgress({ accepted: accepted.size, terminal: jobs.size - open(), kills, faults });
      await pause(LOOK_MS / 4);
      jobs = await storedJobs(place);
    }
    const settleSeconds = Math.round((performance.now() - quietSince) / 100) / 10;
    const ended = [...accepted].flatMap((jobId) => jobs.get(jobId) ?? []).filter(endedOnce);
    const credentials = await place.rootOfUnit();
    const runs = await allRuns(
      place.researcher.sfn(credentials, place.unit.region),
      place.unit.stateMachineArn,
    );
    const otherwise = await endedOtherwise(ended, runs, place.researcher.s3(credentials, place.unit.region));
    const twice = startedTwice(runs);
    const strangers = [...jobs.keys()].filter((jobId) => !accepted.has(jobId));
    return {
      report: {
        accepted: accepted.size,
        terminal: ended.length,
        lost: accepted.size - ended.length + otherwise.length,
        startedTwice: twice.length + strangers.length,
        settleSeconds,
        kills,
        faults,
      },
      wrong: [
        ...[...accepted]
          .filter((jobId) => !ended.some((job) => job.jobId === jobId))
          .map((jobId) => `${jobId} has not ended once: ${jobs.get(jobId)?.state ?? 'it is not there'}`),
        ...otherwise,
        ...twice.map((name) => `${name} was started twice`),
        ...strangers.map((jobId) => `${jobId}: nobody was told of it`),
      ],
    };
  } finally {
    for (const member of fleet) member.stop();
    await place.close();
  }
}

/** Half before the effect, half after: the second strikes what the first has left. */
function faultsOf(percent: number): FaultInput[] {
  const before = percent / 200;
  return SERVICES.flatMap((service, seed) => [
    { service, operation: '*', kind: 'timeout_before' as const, probability: before, seed },
    {
      service,
      operation: '*',
      kind: 'timeout_after' as const,
      probability: before / (1 - before),
      seed: seed + 10,
    },
  ]);
}

/** One after the other is killed at a random moment of its life; never both at once, so that somebody answers. */
async function killAll(fleet: Member[], kills: number, killed: () => void): Promise<void> {
  for (let i = 0; i < kills; i++) {
    await pause(Math.random() * LONGEST_LIFE_MS);
    await fleet[i % fleet.length].kill();
    killed();
  }
}

/** Submits over the time of the kills, each job under a key of its own until some broker has accepted it. */
async function submitAll(
  place: Place,
  fleet: Member[],
  jobs: number,
  accepted: Set<string>,
  killedShare: () => number,
): Promise<void> {
  let authorization = place.authorization();
  let next = 0;
  const lanes = Array.from({ length: SUBMITTERS }, async (_, lane) => {
    while (next < jobs) {
      const index = next++;
      // The last tenth of the kills falls into a time without submits.
      while (index / jobs > killedShare() / 0.9 + 0.05) await pause(50);
      for (let attempt = 0; ; attempt++) {
        const answer = await submit(
          fleet[(lane + attempt) % fleet.length].url,
          await authorization,
          place,
          index,
        );
        if (answer.jobId) {
          accepted.add(answer.jobId);
          break;
        }
        if (answer.status === 401) authorization = place.authorization();
        else if (answer.status !== undefined && answer.status < 500 && answer.status !== 409)
          throw new Error(`a submit was refused: ${answer.status} ${answer.text}`);
        await pause(100 + 200 * Math.random());
      }
    }
  });
  await Promise.all(lanes);
}

async function submit(
  url: string | undefined,
  authorization: string,
  place: Place,
  index: number,
): Promise<{ jobId?: string; status?: number; text?: string }> {
  if (!url) return {};
  try {
    const answer = await fetch(`${url}/api/task/queue`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json', 'idempotency-key': `drill-${index}` },
      body: JSON.stringify(submissionOf(place, `drill ${index}`)),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await answer.text();
    return { status: answer.status, text, jobId: answer.ok ? jobIdOf(text) : undefined };
  } catch {
    // Killed in the midst of it, or not there: the next try tells.
    return {};
  }
}

function jobIdOf(text: string): string {
  const { jobId } = JSON.parse(text) as { jobId?: string };
  if (!jobId) throw new Error(`an accepted submit names no job: ${text}`);
  return jobId;
}

/** Counts calls of the drill itself to the table that failed, each try of them. */
function failedCalls({ hub }: Place): { now: number } {
  const count = { now: 0 };
  const counting = (next: (call: unknown) => Promise<unknown>) => async (call: unknown) => {
    try {
      return await next(call);
    } catch (error) {
      count.now++;
      throw error;
    }
  };
  // biome-ignore lint/suspicious/noExplicitAny: it looks at neither input nor output, by which the stack is typed
  const { middlewareStack }: { middlewareStack: any } = hub.documents;
  middlewareStack.addRelativeTo(counting, {
    relation: 'after',
    toMiddleware: 'retryMiddleware',
    name: 'countFailedTries',
  });
  return count;
}

/** The table fails too while faults are ordered. */
async function storedPatiently(place: Place): ReturnType<typeof storedJobs> {
  for (;;) {
    try {
      return await storedJobs(place);
    } catch {
      // One look more or less; the next one comes in a second.
      await pause(LOOK_MS);
    }
  }
}
