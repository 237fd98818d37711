/** An opened result on the wire: for the web client, and in the broker's own form. */
import { z } from 'zod';
import type { Job } from '../job.ts';
import { type ResultIndex, resultLogLine, resultMap, resultPicture } from '../result-index.ts';
import { iso, isoTime } from './common.ts';

/** What a service has found out; `services/jobs/results.ts` has the same. */
interface Opened {
  job: Job;
  index: ResultIndex;
  maps: z.infer<typeof linkedMap>[];
  pictures: z.infer<typeof linkedPicture>[];
  overview: string;
  expiresAt: number;
}

const link = z.string().meta({ description: 'Presigned GET, without any header; ends at `expiresAt`' });
const linkedMap = resultMap.extend({ link });
const linkedPicture = resultPicture.extend({ link });

const EXAMPLE_LOCATION = {
  Bucket: 'mroptimum-results',
  Key: 'mroptimum/01K9ZB1C3D5F7H9K1M3P5R7T9V/01K9ZB4T8N5W3V6Q2R7S0M1XYA/0/result.zip',
};
/** The location of a result, as it stands in the list of jobs. */
export const unzipBody = z
  .object({
    Bucket: z.string().min(1).max(255),
    Key: z.string().min(1).max(1_024),
    cloudapp_name: z.string().max(100).optional(),
  })
  .transform(({ Bucket, Key }) => ({ bucket: Bucket, key: Key }))
  .meta({ examples: [{ ...EXAMPLE_LOCATION, cloudapp_name: 'MR Optimum' }] });

const info = z.object({ calculation_time: z.number().optional(), slices: z.number().optional() });
export const unzipAnswer = z.object({
  headers: z.object({
    options: z.record(z.string(), z.unknown()).meta({ description: 'The task, as it was submitted' }),
    log: z.array(resultLogLine),
  }),
  log: z.array(resultLogLine),
  info,
  data: z.array(linkedMap).meta({ description: 'The maps, SNR first' }),
  expiresAt: isoTime,
});

export function toUnzipAnswer({ job, index, maps, expiresAt }: Opened): z.infer<typeof unzipAnswer> {
  const { log } = index.headers;
  return {
    headers: { options: job.task, log },
    log,
    info: index.info,
    data: maps,
    expiresAt: iso(expiresAt),
  };
}

export const mapsAnswer = z
  .object({
    jobId: z.string(),
    alias: z.string(),
    maps: z.array(linkedMap),
    pictures: z
      .array(linkedPicture)
      .meta({ description: 'A picture of each map; ids are those of the maps' }),
    overview: link,
    info,
    expiresAt: isoTime,
  })
  .meta({ id: 'OpenedResult' });

export function toMapsAnswer(opened: Opened): z.infer<typeof mapsAnswer> {
  const { job, index, maps, pictures, overview, expiresAt } = opened;
  const { jobId, alias } = job;
  return { jobId, alias, maps, pictures, overview, info: index.info, expiresAt: iso(expiresAt) };
}
