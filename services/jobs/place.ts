/** Where jobs run and files lie, whatever their computing unit has become since. */
import type { DataRecord } from '../../src/schemas/identity.ts';
import type { Job, JobPlace } from '../../src/schemas/job.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { isProven } from '../units/status.ts';
import { machineOfExecution } from './naming.ts';

/** What is needed of an attempt to find it again. */
export type Placed = Pick<Job, 'executionArn' | 'place' | 'document' | 'result' | 'failureBundle'>;

/** The way to an attempt that is about to be started on this unit. */
export function placeOf(unit: Unit): JobPlace {
  const { awsAccountId, region, stateMachineArn, crossAccountRoleArn, externalId, proof } = unit;
  return { awsAccountId, region, stateMachineArn, crossAccountRoleArn, externalId, proof };
}

/**
 * The unit with the state machine and the buckets that the attempt was started on: its owner may have moved the
 * unit to others since, and the attempt is followed, stopped and fetched where it is. It is entered in today's way
 * if that leads there, else in the way that was proven when it began: a change that waits for its proof, or that
 * has another role, leaves no attempt behind.
 */
export function unitOfJob(unit: Unit, job: Placed): Unit {
  const { place } = job;
  const machine = job.executionArn && machineOfExecution(job.executionArn);
  const there = {
    ...unit,
    stateMachineArn: machine ?? place?.stateMachineArn ?? unit.stateMachineArn,
    dataBucket: job.document.bucket,
    resultsBucket: job.result.bucket,
    failedBucket: job.failureBundle.bucket,
  };
  if (!place || leadsTo(unit, there, place)) return there;
  const { awsAccountId, region, crossAccountRoleArn, externalId, proof } = place;
  return { ...there, awsAccountId, region, crossAccountRoleArn, externalId, proof };
}

/** Whether the unit as it is now gives access to where the attempt is. */
function leadsTo(unit: Unit, there: Unit, place: JobPlace): boolean {
  if (!isProven(unit) || unit.awsAccountId !== place.awsAccountId) return false;
  // The same role: its external ID of today is the one that its trust policy asks for.
  if (unit.crossAccountRoleArn === place.crossAccountRoleArn) return true;
  return !hasLeft(unit, there);
}

/** Whether a unit has left the state machine or a bucket of an attempt. */
export function hasLeft(
  unit: Pick<Unit, 'stateMachineArn' | 'dataBucket' | 'resultsBucket' | 'failedBucket'>,
  there: Pick<Unit, 'stateMachineArn' | 'dataBucket' | 'resultsBucket' | 'failedBucket'>,
): boolean {
  return (
    unit.stateMachineArn !== there.stateMachineArn ||
    unit.dataBucket !== there.dataBucket ||
    unit.resultsBucket !== there.resultsBucket ||
    unit.failedBucket !== there.failedBucket
  );
}

/** The way to a file that is about to be uploaded to this unit. */
export function placeOfFile({ region, crossAccountRoleArn, externalId, proof }: Unit): DataRecord['place'] {
  return { region, crossAccountRoleArn, externalId, proof };
}

/**
 * The unit with the data bucket into which a file was uploaded. A bucket that the unit has left is entered in the way
 * that was proven then, unless its role is today's, whose external ID may be another one by now.
 */
export function unitOfFile(unit: Unit, { bucket, place }: Pick<DataRecord, 'bucket' | 'place'>): Unit {
  const there = { ...unit, dataBucket: bucket };
  const stayed = unit.dataBucket === bucket || unit.crossAccountRoleArn === place?.crossAccountRoleArn;
  return !place || (stayed && isProven(unit)) ? there : { ...there, ...place };
}

/** The way to an attempt, with the time at which its start was asked for. */
export function asked({ place }: Job, askedAt: number): Job['place'] {
  return place && { ...place, askedAt };
}
