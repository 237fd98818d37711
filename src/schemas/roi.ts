/** A region of interest that a person has drawn on a result: where its bytes lie. The viewer alone knows what they mean. */
import { z } from 'zod';

const millimetres = z.union([z.number(), z.string().max(40)]);
/** At which slices the viewer stood, in either of its forms. */
export const sliceMM = z.union([
  z.array(millimetres).max(10),
  z.record(z.string().max(20), millimetres).refine((value) => Object.keys(value).length <= 10),
]);

export const roi = z.object({
  /** `job-ulid`: it names its job, so that one read finds it. */
  roiId: z.string(),
  ownerId: z.string(),
  jobId: z.string(),
  unitId: z.string(),
  filename: z.string(),
  bucket: z.string(),
  key: z.string(),
  type: z.string(),
  sliceMM: sliceMM.optional(),
  /** Known once the bytes were seen. */
  sizeBytes: z.number().int().optional(),
  createdAt: z.number(),
  updatedAt: z.number(),
  version: z.number().int(),
});
export type Roi = z.infer<typeof roi>;

/** The job in the id of a region; undefined if it is no such id. */
export function jobIdOfRoi(roiId: string): string | undefined {
  return /^([\w]{1,40})-[0-9A-HJKMNP-TV-Z]{26}$/.exec(roiId)?.[1];
}
