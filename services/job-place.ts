/** Where jobs run and files lie, whatever their computing unit has become since. */
import type { DataRecord } from '../src/schemas/identity.ts';
import type { Job } from '../src/schemas/job.ts';
import type { Unit } from '../src/schemas/unit.ts';
import { machineOfExecution } from './naming.ts';

/**
 * The unit with the state machine and the buckets that the attempt was started on: its owner may have moved the
 * unit to others since, in the same account, and the attempt is followed, stopped and fetched where it is. The
 * role is today's: what it does not allow stays out of reach.
 */
export function unitOfJob(
  unit: Unit,
  job: Pick<Job, 'executionArn' | 'document' | 'result' | 'failureBundle'>,
): Unit {
  return {
    ...unit,
    stateMachineArn: job.executionArn ? machineOfExecution(job.executionArn) : unit.stateMachineArn,
    dataBucket: job.document.bucket,
    resultsBucket: job.result.bucket,
    failedBucket: job.failureBundle.bucket,
  };
}

/** The unit with the data bucket into which a file was uploaded. */
export function unitOfFile(unit: Unit, { bucket }: Pick<DataRecord, 'bucket'>): Unit {
  return { ...unit, dataBucket: bucket };
}
