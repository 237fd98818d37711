/** Pieces that several requests and answers share, and the names old callers use for them. */
import { z } from 'zod';
import type { Mode } from '../unit.ts';

/** The app that jobs and units belong to when a caller names none. */
const DEFAULT_APP = 'mroptimum';

/** An id in a path. What it names is looked up; here it only must be a plain word. */
export const pathId = z
  .string()
  .regex(/^[\w-]{1,64}$/, 'must be an id')
  .meta({ examples: ['01K9ZB4T8N5W3V6Q2R7S0M1XYA'] });

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const NO_CONTROLS = /^[^\u0000-\u001f\u007f-\u009f]*$/;

/** Text that people read: trimmed, without control characters. */
export function shortText(max: number) {
  return (
    z
      .string()
      .trim()
      .min(1)
      .max(max)
      // Not `\P{Cc}`: who reads the OpenAPI document knows ranges, but rarely classes. What is left out is named, because
      // readers differ in whether characters beyond U+FFFF are one or two.
      .regex(NO_CONTROLS, 'must not contain control characters')
  );
}

/** A value that old callers send as an empty string or as null when they have none. */
export function blankable<T extends z.ZodType>(schema: T) {
  return z
    .union([schema, z.literal(''), z.null()])
    .optional()
    .transform((value) => (value === '' || value === null ? undefined : (value as z.output<T>)));
}

/** For OpenAPI: a field of a body that is there and not blank. */
export function given(name: string, pattern = '.'): object {
  return { required: [name], properties: { [name]: { type: 'string', pattern } } };
}

/** `mode_1` or `mode_2`, as every generation of callers spells them. */
export const modeWord = z
  .string()
  .regex(/^[Mm][Oo][Dd][Ee][_ -]?[12]$/, 'must be mode_1 or mode_2')
  .transform((word): Mode => (word.endsWith('1') ? 'mode_1' : 'mode_2'))
  .meta({ id: 'ModeName', description: 'mode_1 or mode_2; also mode1 and MODE_1', examples: ['mode_1'] });

/** The id of a unit in a body. */
export const unitIdWord = blankable(z.string().regex(/^[\w-]{1,64}$/, 'must be an id')).meta({
  id: 'UnitId',
  description: 'Id of a computing unit',
});

/** The names under which callers say which app they mean. */
const appWord = blankable(z.string().max(100)).meta({
  id: 'AppName',
  description: 'The app: mroptimum, also as "MR Optimum"',
  examples: ['mroptimum'],
});
export const appFields = {
  appId: appWord,
  appName: appWord,
  app_name: appWord,
  cloudapp_name: appWord,
  cloudapp_id: appWord,
  application: appWord,
};
type AppFields = { [Name in keyof typeof appFields]?: string };

/** The app as the broker names it: "MR Optimum" is mroptimum. */
export function appOf(fields: AppFields): string {
  const names = Object.keys(appFields) as (keyof AppFields)[];
  const given = names.map((name) => fields[name]).find((name) => name !== undefined);
  return given?.toLowerCase().replace(/[^a-z0-9-]/g, '') || DEFAULT_APP;
}

/** For which unit something is meant: by id or by mode, of an app. */
export const unitFields = {
  computingUnitId: unitIdWord,
  computing_unit_id: unitIdWord,
  mode: blankable(modeWord),
  ...appFields,
};
type UnitFields = AppFields & { computingUnitId?: string; computing_unit_id?: string; mode?: Mode };

/** The same in the words of the services. */
export function unitOf(body: UnitFields): {
  appId: string;
  unitId: string | undefined;
  mode: Mode | undefined;
} {
  return { appId: appOf(body), unitId: body.computingUnitId ?? body.computing_unit_id, mode: body.mode };
}

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.string().min(1).max(2_048).optional().meta({ description: 'From the page before' }),
});

/** Continues a list; null on the last page. */
export const nextCursor = z.string().nullable().meta({ description: 'Pass as cursor for the next page' });

/** Epoch milliseconds as an ISO date and time in UTC. */
export const isoTime = z.string().meta({ format: 'date-time', examples: ['2026-11-22T09:30:00.000Z'] });
export function iso(epochMs: number): string {
  const day = Math.floor(epochMs / DAY_MS);
  // Answers hold many times of few days: the day is worked out once, the rest is a matter of dividing.
  if (day !== lastDay.number) lastDay = { number: day, text: new Date(epochMs).toISOString().slice(0, -13) };
  const ms = Math.floor(epochMs) - day * DAY_MS;
  const [minutes, seconds] = [Math.floor(ms / 60_000), Math.floor(ms / 1_000)];
  const clock = `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds % 60)}`;
  return `${lastDay.text}${clock}.${String(ms % 1_000).padStart(3, '0')}Z`;
}
const DAY_MS = 86_400_000;
let lastDay = { number: Number.NaN, text: '' };
const two = (value: number): string => (value < 10 ? `0${value}` : String(value));

/** A presigned URL as it is handed out. */
export const signedUrl = z.object({
  url: z.url(),
  method: z.enum(['GET', 'PUT']),
  headers: z.record(z.string(), z.string()).meta({ description: 'Send these with the request' }),
  expiresAt: isoTime,
});

/** Where an object lies, in the form that the web client parses: a JSON text. */
export function locationText({ bucket, key }: { bucket: string; key: string }): string {
  return JSON.stringify({ Bucket: bucket, Key: key });
}
