/**
 * A result as a viewer opens it: its maps one by one, each with a link. The worker has put them beside the zip, in the
 * account where they were computed, so that opening costs no copy and no data passes through the broker.
 */
import { AppError } from '../../src/errors.ts';
import type { ObjectLocation } from '../../src/schemas/execution.ts';
import type { Job } from '../../src/schemas/job.ts';
import { MAX_INDEX_BYTES, type ResultIndex, resultIndex } from '../../src/schemas/result-index.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { CloudError, type UnitCloud } from '../ports.ts';
import type { Principal } from '../principal.ts';
import type { UsableUnit } from '../units/usable-units.ts';
import { type Jobs, refusal, unitOfResult } from './jobs.ts';
import { jobIdOfResult, resultFileObject, resultIndexObject } from './naming.ts';

/** A viewer stays open for hours and fetches a map when it is looked at; a role's session may end before. */
const LINK_SECONDS = 12 * 3_600;

type Linked<T> = T & { readonly link: string };

export interface OpenedResult {
  readonly job: Job;
  readonly index: ResultIndex;
  readonly maps: Linked<ResultIndex['data'][number]>[];
  readonly pictures: Linked<ResultIndex['previews'][number]>[];
  /** Link of the picture that shows all of it at a glance. */
  readonly overview: string;
  /** When the first of the links ends, epoch ms. */
  readonly expiresAt: number;
}

export interface Results {
  /** Throws AppError not_found, conflict (no result, or one without maps), cloud_refused. */
  open(who: Principal, jobId: string): Promise<OpenedResult>;
  /** The same, by the place of the zip. */
  openAt(who: Principal, location: ObjectLocation): Promise<OpenedResult>;
}

export interface ResultsDeps {
  jobs: Pick<Jobs, 'get'>;
  usableUnit: UsableUnit;
  cloud: Pick<UnitCloud, 'readJson' | 'presignGet'>;
}

const OVERVIEW = 'overview.png';
const NO_MAPS = 'this result holds no maps that can be opened one by one';

/** Creates the service. */
export function createResults({ jobs, usableUnit, cloud }: ResultsDeps): Results {
  async function open(who: Principal, job: Job): Promise<OpenedResult> {
    if (job.state !== 'succeeded')
      throw new AppError('conflict', `the job is ${job.state}: it has no result to open`);
    const unit = await unitOfResult(usableUnit, who, job);
    try {
      const index = await readIndex(cloud, unit, job.result);
      if (!index) throw noMaps();
      let expiresAt = Number.POSITIVE_INFINITY;
      const link = async <T extends { filename: string }>(entry: T): Promise<Linked<T>> => {
        const name = entry.filename.slice(entry.filename.lastIndexOf('/') + 1);
        const signed = await cloud.presignGet(
          unit,
          resultFileObject(job.result, entry.filename),
          name,
          LINK_SECONDS,
        );
        expiresAt = Math.min(expiresAt, signed.expiresAt);
        return { ...entry, link: signed.url };
      };
      const maps = await Promise.all(index.data.map(link));
      const pictures = await Promise.all(index.previews.map(link));
      const overview = await link({ filename: OVERVIEW });
      if (maps.length === 0) throw noMaps();
      return { job, index, maps, pictures, overview: overview.link, expiresAt };
    } catch (error) {
      throw error instanceof CloudError ? refusal(error) : error;
    }
  }

  return {
    open: async (who, jobId) => open(who, await jobs.get(who, jobId)),
    async openAt(who, { bucket, key }) {
      const jobId = jobIdOfResult(key);
      const job = jobId === undefined ? undefined : await jobs.get(who, jobId);
      if (job?.result.bucket === bucket && job.result.key === key) return open(who, job);
      throw new AppError('not_found', 'no result of yours lies there');
    },
  };
}

/**
 * The table of contents beside a result; undefined if there is none, or one that means nothing. Throws CloudError.
 */
async function readIndex(
  cloud: Pick<UnitCloud, 'readJson'>,
  unit: Unit,
  result: ObjectLocation,
): Promise<ResultIndex | undefined> {
  try {
    const parsed = resultIndex.safeParse(
      await cloud.readJson(unit, resultIndexObject(result), MAX_INDEX_BYTES),
    );
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (error instanceof CloudError && (error.problem === 'not_found' || error.problem === 'invalid'))
      return undefined;
    throw error;
  }
}

/** Every file that lies beside a result, without the table of contents, which is to be deleted after them. */
export async function resultFiles(
  cloud: Pick<UnitCloud, 'readJson'>,
  unit: Unit,
  result: ObjectLocation,
): Promise<ObjectLocation[]> {
  const index = await readIndex(cloud, unit, result);
  const names = index ? [...index.data, ...index.previews].map(({ filename }) => filename) : [];
  return index ? [...names, OVERVIEW].map((filename) => resultFileObject(result, filename)) : [];
}

function noMaps(): AppError {
  return new AppError('conflict', NO_MAPS, {
    remedy: 'Download the zip, or update the stack of the computing unit and run the job again.',
  });
}
