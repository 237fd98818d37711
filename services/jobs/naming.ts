/**
 * The broker names everything before it exists; no later party invents a key. All names of a job follow
 * from the job id and the attempt, so every step that uses them can be repeated.
 */
import type { ObjectLocation } from '../../src/schemas/execution.ts';
import type { Unit } from '../../src/schemas/unit.ts';

/** Execution name: unique per attempt, so StartExecution is idempotent. At most 80 characters (AWS). */
export function executionName(jobId: string, attempt: number): string {
  return `job-${jobId}-${attempt}`;
}

/** The job of an execution of that name; undefined if the name is not one of ours. */
export function jobOfExecution(name: string): string | undefined {
  return /^job-(.+)-\d+$/.exec(name)?.[1];
}

/** ARN of the execution that StartExecution creates under that name. */
export function executionArn(stateMachineArn: string, name: string): string {
  return `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
}

/** The state machine of an execution, by its ARN. */
export function machineOfExecution(arn: string): string {
  return arn.slice(0, arn.lastIndexOf(':')).replace(':execution:', ':stateMachine:');
}

/** Prefix of everything a user owns in the buckets of a unit. */
export function ownerPrefix(appId: string, ownerId: string): string {
  return `${appId}/${ownerId}/`;
}

export interface JobLocations {
  readonly document: ObjectLocation;
  readonly result: ObjectLocation;
  readonly failureBundle: ObjectLocation;
}

/** Where the job document, the result zip and the failure bundle of an attempt lie. */
export function jobLocations(
  unit: Pick<Unit, 'appId' | 'dataBucket' | 'resultsBucket' | 'failedBucket'>,
  ownerId: string,
  jobId: string,
  attempt: number,
): JobLocations {
  const prefix = `${ownerPrefix(unit.appId, ownerId)}${jobId}/${attempt}`;
  return {
    document: { bucket: unit.dataBucket, key: `${prefix}/job.json` },
    result: { bucket: unit.resultsBucket, key: `${prefix}/result.zip` },
    failureBundle: { bucket: unit.failedBucket, key: `${prefix}/failure.zip` },
  };
}

/**
 * Every object an attempt may leave, with the sidecars that the worker writes beside result and bundle; what the table
 * of contents of the result names (`resultFiles` of ./results.ts) goes before.
 */
export function attemptObjects({ document, result, failureBundle }: JobLocations): ObjectLocation[] {
  return [
    document,
    result,
    resultIndexObject(result),
    besideObject(result, 'run.json'),
    besideObject(result, 'log.json'),
    failureBundle,
    besideObject(failureBundle, 'failure.json'),
    besideObject(failureBundle, 'log.json'),
  ];
}

/** The table of contents of a result, and the files that it names: the worker writes them beside the zip. */
export function resultIndexObject(result: ObjectLocation): ObjectLocation {
  return besideObject(result, 'files/info.json');
}
export function resultFileObject(result: ObjectLocation, filename: string): ObjectLocation {
  return besideObject(result, `files/${filename}`);
}

/** Where the bytes of a region of interest lie: beside the document of the job, in the bucket that browsers write to. */
export function roiObject(
  {
    appId,
    ownerId,
    jobId,
    document,
  }: { appId: string; ownerId: string; jobId: string; document: ObjectLocation },
  roiId: string,
): ObjectLocation {
  return { bucket: document.bucket, key: `${ownerPrefix(appId, ownerId)}${jobId}/rois/${roiId}.zip` };
}

/** The id of the job in the key of its result; undefined for any other key. */
export function jobIdOfResult(key: string): string | undefined {
  return /\/([0-9A-HJKMNP-TV-Z]{26})\/\d{1,4}\/result\.zip$/.exec(key)?.[1];
}

/** The object of that name beside another one. */
export function besideObject({ bucket, key }: ObjectLocation, name: string): ObjectLocation {
  return { bucket, key: `${key.slice(0, key.lastIndexOf('/') + 1)}${name}` };
}

/**
 * Key of an uploaded file. The name a person gave is kept in the data record only: names of patients
 * and path tricks never reach a key.
 */
export function uploadKey(appId: string, ownerId: string, dataId: string, filename: string): string {
  const extension = /(\.nii)?\.[a-z0-9]{1,8}$/i.exec(filename)?.[0].toLowerCase() ?? '';
  return `${ownerPrefix(appId, ownerId)}uploads/${dataId}${extension}`;
}

/** A file name that is safe in a Content-Disposition header and on every file system. */
export function downloadName(alias: string, extension: string): string {
  const safe = alias
    .replace(/[^\p{L}\p{N}._ -]+/gu, '_')
    .replace(/^[. ]+/, '')
    .slice(0, 100);
  return `${safe || 'result'}${extension}`;
}
