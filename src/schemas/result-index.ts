/**
 * The table of contents of a result (info.json) as the broker reads it. It comes from the account of a computing unit,
 * so nothing in it is trusted: names lead nowhere else, lists end, and what else it says is not passed on.
 */
import { z } from 'zod';

/** More is no result of a job: 128 coils with sensitivities and masks are 256 maps. */
const MAX_FILES = 1_000;
const MAX_LOG = 2_000;
/** The object is not read if it is larger. */
export const MAX_INDEX_BYTES = 4 * 1024 ** 2;

/** A path inside the result: no segment begins with a dot, so none leads out. */
const path = (ending: string) =>
  z
    .string()
    .max(200)
    .regex(new RegExp(`^(?:[A-Za-z0-9_][\\w.-]*/){0,4}[A-Za-z0-9_][\\w.-]*\\.(?:${ending})$`));
const text = (max: number) => z.string().transform((value) => value.slice(0, max));

export const resultMap = z.object({
  filename: path('nii|nii\\.gz').meta({ examples: ['data/SNR.nii.gz'] }),
  id: z
    .number()
    .int()
    .meta({ examples: [0] }),
  name: text(100).meta({ examples: ['SNR'] }),
  type: text(40).meta({ examples: ['output'] }),
  dim: z
    .number()
    .int()
    .meta({ examples: [3] }),
  numpyPixelType: text(40).optional(),
  pixelType: text(40).optional(),
});
export const resultPicture = z.object({
  filename: path('png').meta({ examples: ['SNR.png'] }),
  id: z
    .number()
    .int()
    .meta({ examples: [0] }),
  name: text(100).meta({ examples: ['SNR'] }),
});
/** `what` is always a text: viewers look for words in it. */
export const resultLogLine = z.object({
  type: text(40).meta({ examples: ['info'] }),
  when: text(60).meta({ examples: ['2026-11-22 09:30:04'] }),
  what: z
    .unknown()
    .transform((value) => (typeof value === 'string' ? value : JSON.stringify(value ?? '')).slice(0, 2_000))
    .meta({ examples: ['16 coils, 96 x 96'] }),
});
const amount = z.number().nonnegative().optional().catch(undefined);

export const resultIndex = z.object({
  headers: z.object({ log: z.array(resultLogLine).max(MAX_LOG).catch([]) }).catch({ log: [] }),
  data: z.array(resultMap).max(MAX_FILES),
  previews: z.array(resultPicture).max(MAX_FILES).catch([]),
  info: z.object({ calculation_time: amount, slices: amount }).catch({}),
});
export type ResultIndex = z.infer<typeof resultIndex>;
