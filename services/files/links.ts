/**
 * Presigned GETs for lists. The web client shows a list and downloads from it without asking again, so every
 * finished entry carries its link. Each unit is read once per list; signing needs no request to AWS.
 */
import type { ObjectLocation } from '../../src/schemas/execution.ts';
import type { DataRecord } from '../../src/schemas/identity.ts';
import { type Job, leftBundle } from '../../src/schemas/job.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { downloadName } from '../jobs/naming.ts';
import { unitOfFile, unitOfJob } from '../jobs/place.ts';
import { CloudError, type Log, type UnitCloud } from '../ports.ts';
import type { UsableUnit } from '../units/usable-units.ts';

const LINK_SECONDS = 3_600;

export interface Links {
  /** By job id: the results of succeeded jobs, the bundles of those whose worker failed. What cannot be signed is left out. */
  ofJobs(jobs: Job[]): Promise<Map<string, string>>;
  /** By data id: the files that have arrived. What cannot be signed is left out. */
  ofFiles(records: DataRecord[]): Promise<Map<string, string>>;
}

interface Wanted {
  id: string;
  ownerId: string;
  unitId: string;
  location: ObjectLocation;
  filename: string;
  /** The unit as it was when the object was written there. */
  place: (unit: Unit) => Unit;
}

/** Creates the service of links for lists. */
export function createLinks(deps: { usableUnit: UsableUnit; cloud: UnitCloud; log: Log }): Links {
  const { usableUnit, cloud, log } = deps;

  async function sign(wanted: Wanted[]): Promise<Map<string, string>> {
    const links = new Map<string, string>();
    const places = new Map(wanted.map((entry) => [`${entry.ownerId} ${entry.unitId}`, entry]));
    await Promise.all(
      [...places.values()].map(async ({ ownerId, unitId }) => {
        const unit = await usableUnit(ownerId, unitId);
        const entries = wanted.filter((entry) => entry.ownerId === ownerId && entry.unitId === unitId);
        if (unit) await signAll(unit, entries, links);
      }),
    );
    return links;
  }

  /** A unit that refuses must not take the whole list with it. */
  async function signAll(unit: Unit, entries: Wanted[], links: Map<string, string>): Promise<void> {
    try {
      for (const { id, location, filename, place } of entries) {
        links.set(id, (await cloud.presignGet(place(unit), location, filename, LINK_SECONDS)).url);
      }
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      log.warn(
        { unitId: unit.unitId, problem: error.problem, awsCode: error.awsCode },
        'no links for a list',
      );
    }
  }

  return {
    ofJobs(jobs) {
      const finished = jobs.filter((job) => job.state === 'succeeded' || leftBundle(job));
      return sign(
        finished.map((job) => ({
          id: job.jobId,
          ownerId: job.ownerId,
          unitId: job.unitId,
          location: job.state === 'succeeded' ? job.result : job.failureBundle,
          filename: downloadName(job.state === 'succeeded' ? job.alias : `${job.alias} (failure)`, '.zip'),
          place: (unit) => unitOfJob(unit, job),
        })),
      );
    },
    ofFiles(records) {
      return sign(
        records.map((record) => ({
          id: record.dataId,
          ownerId: record.ownerId,
          unitId: record.unitId,
          location: record,
          filename: downloadName(record.filename, ''),
          place: (unit) => unitOfFile(unit, record),
        })),
      );
    },
  };
}
