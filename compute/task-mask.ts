/** File references and masks of the task document. */
import { z } from 'zod';

/** Where a file is: `local` on this machine, `s3` in a bucket. */
export const fileReference = z.looseObject({
  id: z.union([z.number(), z.string()]).nullish(),
  options: z.looseObject({
    type: z.string().nullish(),
    filename: z.string().max(4096).nullish(),
    bucket: z.string().max(63).nullish(),
    key: z.string().max(1024).nullish(),
    /** Siemens MultiRAID: the file holds its own noise measurement. */
    multiraid: z.boolean().nullish(),
    vendor: z.string().nullish(),
  }),
});

/** A mask of the coil sensitivities, on the RSS image m of the reference. */
export type TaskMask =
  /** All pixels. */
  | { readonly method: 'no' }
  /** m > mean - standard deviation. */
  | { readonly method: 'reference' }
  /** m > value % of the maximum; m > value times the mean; m > value. */
  | { readonly method: 'percentage' | 'percentagemean' | 'threshold'; readonly value: number }
  /** First ESPIRiT map present: kernel k, calibration region r, thresholds t (singular values) and c (eigenvalue). */
  | {
      readonly method: 'espirit';
      readonly k: number;
      readonly r: number;
      readonly t: number;
      readonly c: number;
    }
  /** Pixels of an uploaded image above zero. */
  | { readonly method: 'upload'; readonly file: z.infer<typeof fileReference> };

const DEFAULT_ESPIRIT = { k: 8, r: 24, t: 0.01, c: 0.995 };

const withValue = z.object({
  method: z.enum(['percentage', 'percentagemean', 'threshold']),
  value: z.number().min(0),
});
const espirit = z.object({
  method: z.literal('espirit'),
  k: z.number().int().min(2).max(32).default(DEFAULT_ESPIRIT.k),
  r: z.number().int().min(4).max(256).default(DEFAULT_ESPIRIT.r),
  t: z.number().min(0).max(1).default(DEFAULT_ESPIRIT.t),
  c: z.number().min(0).max(1).default(DEFAULT_ESPIRIT.c),
});
const reference = z.object({ method: z.literal('reference') });
const upload = z.object({ method: z.literal('upload'), file: fileReference });
const none = z.object({ method: z.literal('no') });
const known = z.discriminatedUnion('method', [withValue, espirit, reference, upload, none]);

/** Words that older documents use for "no mask". */
const NO_MASK = new Set(['no', 'none', 'keep', 'zero', '']);

/**
 * All spellings of a mask: an object with `method`, the bare method, false or null. The method is read in
 * any case. Unlike older tools, an unknown method is refused instead of taken for "no mask".
 */
export const taskMask: z.ZodType<TaskMask, unknown> = z.preprocess((value) => {
  if (value === undefined || value === null || value === false) return { method: 'no' };
  const object = typeof value === 'string' ? { method: value } : value;
  if (typeof object !== 'object' || !('method' in object) || typeof object.method !== 'string') return object;
  const method = object.method.trim().toLowerCase();
  return NO_MASK.has(method) ? { method: 'no' } : { ...object, method };
}, known);
