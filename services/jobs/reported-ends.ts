/**
 * What callbacks say of ends, against what Step Functions says. Step Functions decides; a report that says otherwise is
 * kept: in the history of the job, and in the audit trails of its owner and of the unit's owner.
 */
import type { HistoryEntry, Job } from '../../src/schemas/job.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import type { Audit } from '../audit/audit.ts';
import type { Clock, ExecutionState } from '../ports.ts';
import { PREFLIGHT_OWNER } from '../preflight/owner.ts';

/** How a callback says that a run has ended. */
export type ReportedEnd = 'succeeded' | 'failed';

/** For the history. */
export const CONTRADICTED = 'report_contradicted';

/**
 * The report function tells while its execution still runs, so every good run is reported too soon, and costs no write
 * for it. A run that has not ended after this was not about to end: then the report is stored with the job.
 */
const ENDS_WITHIN_MS = 1_000;
/** Jobs remembered in one process; the oldest make room. */
const MAX_REMEMBERED = 10_000;

export interface ReportedEnds {
  /** A report of this attempt; remembered in this process. */
  heard(job: Job, reported: ReportedEnd): void;
  /** All that was reported of this attempt, as far as this process knows. */
  of(job: Job): ReportedEnd[];
  /** What is to be stored with the job, because it runs on after it was said to have ended; undefined: nothing new. */
  toStore(job: Job): ReportedEnd[] | undefined;
  forget(jobId: string): void;
}

/** Creates the memory of one process. */
export function createReportedEnds(clock: Clock): ReportedEnds {
  const remembered = new Map<string, { attempt: number; at: number; ends: Set<ReportedEnd> }>();

  function of({ jobId, attempt, reportedEnds = [] }: Job): ReportedEnd[] {
    const known = remembered.get(jobId);
    return [...new Set([...reportedEnds, ...(known?.attempt === attempt ? known.ends : [])])];
  }

  return {
    heard({ jobId, attempt }, reported) {
      const known = remembered.get(jobId);
      if (known?.attempt === attempt) return void known.ends.add(reported);
      // Of an earlier attempt, or of a job that another process has settled since.
      remembered.delete(jobId);
      const [oldest] = remembered.size < MAX_REMEMBERED ? [] : remembered.keys();
      if (oldest !== undefined) remembered.delete(oldest);
      remembered.set(jobId, { attempt, at: clock(), ends: new Set([reported]) });
    },
    of,
    toStore(job) {
      const known = remembered.get(job.jobId);
      if (known?.attempt !== job.attempt || clock() - known.at < ENDS_WITHIN_MS) return undefined;
      const all = of(job);
      return all.length > (job.reportedEnds?.length ?? 0) ? all : undefined;
    },
    forget(jobId) {
      remembered.delete(jobId);
    },
  };
}

/** Whether Step Functions says another end than one of these. A cancel of ours explains what it is: ask not for one. */
export function contradicts(ends: readonly ReportedEnd[], said: ReportedEnd): boolean {
  return ends.some((end) => end !== said);
}

/** The end that the status of an execution is. */
export function endOfExecution({ status }: Pick<ExecutionState, 'status'>): ReportedEnd {
  return status === 'SUCCEEDED' ? 'succeeded' : 'failed';
}

/**
 * The end that Step Functions has said of a job that is settled: also the one of a run that succeeded, whose result was
 * not good enough. Undefined if it has decided nothing, or the contradiction is noted already.
 */
export function endToldOf({ state, history, failure }: Job): ReportedEnd | undefined {
  const last: HistoryEntry | undefined = history.at(-1);
  if (last?.by !== 'step-functions' || last.note?.includes(CONTRADICTED)) return undefined;
  if (state === 'succeeded' || failure?.code.startsWith('result_')) return 'succeeded';
  return state === 'failed' ? 'failed' : undefined;
}

/**
 * One entry per attempt in the trail of the person whose job it is and of the owner of the unit, however often it is
 * written. `at`: epoch ms, the same at every repetition.
 */
export async function auditContradiction(
  audit: Pick<Audit, 'restate'>,
  { job, unit, reported, said, at }: Contradiction,
): Promise<void> {
  const act = {
    action: 'job.report-contradicted',
    subject: job.jobId,
    outcome: said,
    details: { reported: reported.join(', '), attempt: String(job.attempt), execution: job.executionName },
  };
  const entryId = `${act.action}-${job.jobId}-${job.attempt}`;
  const owners = new Set([job.ownerId, unit?.ownerId]);
  for (const ownerId of owners) {
    if (ownerId === undefined || ownerId === PREFLIGHT_OWNER) continue;
    await audit.restate({ ...act, ownerId }, { entryId, at, version: 1 });
  }
}

export interface Contradiction {
  readonly job: Job;
  /** Undefined if it was removed. */
  readonly unit: Pick<Unit, 'ownerId'> | undefined;
  readonly reported: readonly ReportedEnd[];
  /** By Step Functions. */
  readonly said: ReportedEnd;
  readonly at: number;
}
