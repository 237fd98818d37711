/**
 * The AWS account of the computing unit, as moody as one may be: it answers late, refuses, forgets executions and
 * remembers them again, and cannot do certain jobs at all. Starts are told to the witness.
 */
import { CloudError, type CloudProblem, type ExecutionState, type UnitCloud } from '../../services/ports.ts';
import type { ExecutionInput, ObjectLocation } from '../../src/schemas/execution.ts';
import type { MemoryAccount } from '../helpers/memory-account.ts';
import type { MemoryCloud } from '../helpers/memory-cloud.ts';
import type { Witness } from './promise.ts';

/** Answers are this late, at most. */
export const LAG_MS = 3_000;

/** How the account refuses: its role, the right to start alone, too many calls, no answer, stopped by its owner. */
export const REFUSALS = ['trust', 'start', 'throttle', 'away', 'paused'] as const;
export type Refusal = (typeof REFUSALS)[number];

const PROBLEMS: Record<Refusal, CloudProblem> = {
  trust: 'trust_denied',
  start: 'denied',
  throttle: 'throttled',
  away: 'unavailable',
  paused: 'paused',
};

/** What a job throws that no broker can do anything with. */
export const DEFECT = 'a defect of this job';

/** What tests turn. */
export interface Moods {
  lags: boolean;
  refusal: Refusal | undefined;
  /** ARNs of executions that the account does not know at the moment. */
  readonly hidden: Set<string>;
  /** Jobs whose every call fails in a way that nobody expected. */
  readonly poisoned: Set<string>;
}

/** Creates moods in which everything works. */
export const goodMoods = (): Moods => ({
  lags: false,
  refusal: undefined,
  hidden: new Set(),
  poisoned: new Set(),
});

/** The account as brokers meet it, and how its role takes them. */
export function moodyAccount(
  cloud: MemoryCloud,
  role: MemoryAccount,
  moods: Moods,
  witness: Witness,
  now: () => number,
): { cloud: UnitCloud; role: MemoryAccount } {
  const before = new Map<string, ExecutionState>();
  const young = (at: number | undefined): boolean => at !== undefined && now() - at < LAG_MS;

  function reach(operation: string): void {
    const { refusal } = moods;
    if (!refusal || (refusal === 'start' && operation !== 'StartExecution')) return;
    throw new CloudError(PROBLEMS[refusal], operation, `Refused.${refusal}`, 'ordered by the test');
  }
  function mustKnow(operation: string, arn: string): void {
    if (moods.hidden.has(arn)) throw new CloudError('not_found', operation, 'ExecutionDoesNotExist', arn);
  }
  function mustWork(what: string): void {
    for (const jobId of moods.poisoned) if (what.includes(jobId)) throw new TypeError(DEFECT);
  }

  const told: UnitCloud = {
    ...cloud,
    async putJobDocument(unit, location, document) {
      reach('PutObject');
      mustWork(document.jobId);
      await cloud.putJobDocument(unit, location, document);
    },
    async startExecution(unit, name, input: ExecutionInput) {
      reach('StartExecution');
      const size = cloud.executions.size;
      const answer = cloud.startExecution(unit, name, input);
      // Looked at at once: another start may have its effect before this answer is heard.
      if (cloud.executions.size > size)
        witness.started(input, cloud.objects.has(`${input.bucket}/${input.key}`));
      return answer;
    },
    async describeExecution(unit, arn) {
      reach('DescribeExecution');
      mustWork(arn);
      mustKnow('DescribeExecution', arn);
      const execution = await cloud.describeExecution(unit, arn);
      if (moods.lags && young(execution.stoppedAt)) return before.get(arn) ?? running(execution);
      if (moods.lags && young(execution.startedAt))
        throw new CloudError('not_found', 'DescribeExecution', 'ExecutionDoesNotExist', arn);
      before.set(arn, execution);
      return execution;
    },
    async runningExecutions(unit) {
      reach('ListExecutions');
      const found = await cloud.runningExecutions(unit);
      return { ...found, executions: found.executions.filter(({ arn }) => !moods.hidden.has(arn)) };
    },
    async stopExecution(unit, arn, cause) {
      reach('StopExecution');
      mustKnow('StopExecution', arn);
      await cloud.stopExecution(unit, arn, cause);
    },
    async headObject(unit, location: ObjectLocation) {
      reach('HeadObject');
      return cloud.headObject(unit, location);
    },
    async deleteObject(unit, location) {
      reach('DeleteObject');
      await cloud.deleteObject(unit, location);
    },
  };
  const probe: MemoryAccount['probe'] = async (unit) => {
    reach('AssumeRole');
    return role.probe(unit);
  };
  return { cloud: told, role: { ...role, probe } };
}

function running(execution: ExecutionState): ExecutionState {
  const nothing = { output: undefined, error: undefined, cause: undefined, stoppedAt: undefined };
  return { ...execution, ...nothing, status: 'RUNNING' };
}
