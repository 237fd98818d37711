/** Everything that is decided about a job before it exists: its unit, its files, what it will take. */
import { AppError } from '../../src/errors.ts';
import type { JobInput, ObjectLocation, OutputFlags } from '../../src/schemas/execution.ts';
import { ulid } from '../../src/schemas/ids.ts';
import type { Mode, Unit } from '../../src/schemas/unit.ts';
import type { Estimate, EstimateRun } from '../limits/estimate.ts';
import { CloudError, type DataStore, type UnitCloud } from '../ports.ts';
import type { Principal } from '../principal.ts';
import { mayRun } from '../units/status.ts';
import type { Units } from '../units/units.ts';
import { refusal } from './jobs.ts';
import { ownerPrefix } from './naming.ts';
import { takeFiles } from './task-files.ts';

/** A stored job must stay far below DynamoDB's 400 KB, with its history. */
const MAX_TASK_BYTES = 100_000;

/** A run as it is asked for, in canonical form. */
export interface RunWish {
  appId: string;
  task: Record<string, unknown>;
  output: OutputFlags;
  unitId?: string;
  mode?: Mode;
}

export interface JobPlan {
  readonly unit: Unit;
  readonly task: Record<string, unknown>;
  readonly inputs: Record<string, JobInput>;
  readonly estimate: Estimate;
  /** What the person should know although the job is accepted. */
  readonly warnings: string[];
}

/**
 * `arrived`: the files must be there, and count with the size they have; else with the one that was announced.
 * Throws AppError not_found, no_unit, unit_not_ready, invalid_request, payload_too_large; with `arrived` also
 * conflict (a file has not arrived), cloud_refused, unavailable.
 */
export type PlanJob = (who: Principal, wish: RunWish, files: 'arrived' | 'announced') => Promise<JobPlan>;

export interface JobPlanDeps {
  units: Pick<Units, 'choose'>;
  data: Pick<DataStore, 'get'>;
  cloud: Pick<UnitCloud, 'headObject'>;
  estimate: EstimateRun;
}

/** Creates the planning of jobs. */
export function createPlanJob({ units, data, cloud, estimate }: JobPlanDeps): PlanJob {
  /** What the broker knows of an input: its size once it has arrived. A file that was deleted is refused. */
  async function known(who: Principal, unit: Unit, role: string, input: JobInput, mustBeThere: boolean) {
    const dataId = /\/uploads\/([^/.]+)[^/]*$/.exec(input.key)?.[1];
    if (!ulid.safeParse(dataId).success) return { role, input, bytes: undefined };
    const record = await data.get(who.userId, dataId as string);
    if (!record || record.key !== input.key || record.bucket !== input.bucket) {
      throw new AppError('invalid_request', `the ${role} file is not among your files: it may be deleted`, {
        remedy: 'Upload the file again, and use the location of that upload.',
      });
    }
    if (record.status !== 'available' && !mustBeThere) return { role, input, bytes: record.sizeBytes };
    // Only what the broker has seen itself is promised to the worker, which compares it, and decides the price.
    const sizeBytes = record.status === 'available' ? record.sizeBytes : await sizeOf(unit, role, record);
    return { role, input: { ...input, sizeBytes }, bytes: sizeBytes };
  }

  /** The size of a file whose upload nobody has confirmed. */
  async function sizeOf(unit: Unit, role: string, location: ObjectLocation): Promise<number> {
    try {
      return (await cloud.headObject(unit, location)).sizeBytes;
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      if (error.problem !== 'not_found') throw refusal(error);
      throw new AppError('conflict', `the upload of the ${role} file has not arrived`, {
        remedy: 'PUT the file to its URL first.',
      });
    }
  }

  return async function planJob(who, wish, arrival) {
    const unit = await units.choose(who, wish.appId, wish);
    mustBeReady(unit, 'run jobs');
    const prefix = ownerPrefix(unit.appId, who.userId);
    const { task, inputs } = takeFiles(
      wish.task,
      (bucket, key) => bucket === unit.dataBucket && key.startsWith(prefix),
    );
    const warnings: string[] = [];
    if (!inputs['signal']) {
      if (!isTestMessage(task)) throw new AppError('invalid_request', 'task: names no signal file');
      warnings.push('task: names no signal file, so the worker will refuse it');
    }
    if (Buffer.byteLength(JSON.stringify(task)) > MAX_TASK_BYTES) {
      throw new AppError('payload_too_large', `task: larger than ${MAX_TASK_BYTES} bytes`);
    }
    const mustBeThere = arrival === 'arrived';
    const files = await Promise.all(
      Object.entries(inputs).map(([role, input]) => known(who, unit, role, input, mustBeThere)),
    );
    for (const { role, bytes } of files)
      if (bytes === 0) warnings.push(`the ${role} file is empty, so the worker will refuse it`);
    const expected = estimate(unit, {
      task,
      output: wish.output,
      sizes: Object.fromEntries(files.map(({ role, bytes }) => [role, bytes])),
    });
    if (expected.refusal !== undefined)
      warnings.push(`the worker will refuse this task: ${expected.refusal}`);
    return {
      unit,
      task,
      inputs: Object.fromEntries(files.map(({ role, input }) => [role, input])),
      estimate: expected,
      warnings,
    };
  };
}

/** Throws unit_not_ready for a unit that has not proven itself, or that has failed a check since. */
export function mustBeReady(unit: Unit, what: string): void {
  if (mayRun(unit)) return;
  throw new AppError(
    'unit_not_ready',
    `the computing unit "${unit.alias}" cannot ${what}: it is ${unit.status}`,
    {
      details: { computingUnitId: unit.unitId, status: unit.status, missing: unit.missing },
    },
  );
}

/** Scripts that test a deployment send `{type: "snr_calculation", parameters: {...}}`: a message, not a scan. */
function isTestMessage(task: Record<string, unknown>): boolean {
  return typeof task['parameters'] === 'object' && task['parameters'] !== null && task['type'] !== 'snr';
}
