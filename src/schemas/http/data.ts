/** Uploads and downloads on the wire. */
import { z } from 'zod';
import type { DataRecord } from '../identity.ts';
import { blankable, given, iso, isoTime, locationText, signedUrl, unitFields, unitOf } from './common.ts';

const EXAMPLE_ID = '01K9ZB4T8N5W3V6Q2R7S0M1XYA';
const id = blankable(z.string().regex(/^[\w-]{1,64}$/, 'must be an id'));
const bytes = blankable(z.coerce.number().int().min(0));
export const filename = z
  .string()
  .trim()
  .min(1)
  .max(255)
  .regex(/^[ -.0-[\]-~\u00a0-\uffff]+$/, 'must be a file name without slashes');

/** How long a URL should live. */
const seconds = blankable(z.coerce.number().int().min(60).max(43_200)).meta({
  description: 'Seconds the URL should live: 60 to 43200, 3600 if left out; `expiresAt` says the truth',
});

const put = z
  .object({
    operation: z.literal('put'),
    expiresIn: seconds,
    filename: filename.meta({ examples: ['signal.dat'] }),
    sizeBytes: bytes,
    size: bytes,
    filesize: bytes,
    ...unitFields,
  })
  .transform((body) => ({
    operation: body.operation,
    seconds: body.expiresIn,
    wish: {
      ...unitOf(body),
      filename: body.filename,
      sizeBytes: body.sizeBytes ?? body.size ?? body.filesize,
    },
  }));
const get = z
  .object({ operation: z.literal('get'), dataId: id, jobId: id, expiresIn: seconds })
  .refine((body) => (body.dataId === undefined) !== (body.jobId === undefined), {
    path: ['dataId'],
    message: 'name either a dataId (an upload) or a jobId (its result)',
  })
  .meta({ oneOf: [given('dataId'), given('jobId')] })
  .transform(({ expiresIn, ...body }) => ({ ...body, seconds: expiresIn }));

export const presignBody = z.discriminatedUnion('operation', [put, get]).meta({
  examples: [
    { operation: 'put', filename: 'signal.dat', sizeBytes: 24_117_248, computing_unit_id: EXAMPLE_ID },
    { operation: 'get', jobId: EXAMPLE_ID, expiresIn: 900 },
  ],
});

export const presignAnswer = signedUrl
  .extend({
    filename: z.string(),
    dataId: z.string().optional(),
    id: z.string().optional(),
    bucket: z.string().optional(),
    key: z.string().optional(),
    location: z.string().optional().meta({ description: 'JSON text {"Bucket","Key"}' }),
  })
  .meta({
    id: 'Presigned',
    examples: [
      {
        url: 'https://mroptimum-mode2-results-123456789012.s3.us-east-1.amazonaws.com/mroptimum/result.zip?X-Amz-Signature=9f86d0',
        method: 'GET',
        headers: {},
        expiresAt: '2026-11-22T10:30:00.000Z',
        filename: 'brain-ac-rss.zip',
      },
    ],
  });

export const dataQuery = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(200),
  cursor: z.string().min(1).max(2_048).optional(),
  cloudapp_name: z.string().max(100).optional(),
});

/** A file as the web client reads it. */
export const dataView = z
  .object({
    id: z.string(),
    filename: z.string(),
    link: z.string().meta({ description: 'Presigned GET, or the word unknown' }),
    md5: z.string(),
    size: z.string(),
    status: z.enum(['notavailable', 'available']),
    created_at: isoTime,
    updated_at: isoTime,
    database: z.literal('s3'),
    location: z.string().meta({ description: 'JSON text {"Bucket","Key"}' }),
    computingUnitId: z.string(),
    missing: z
      .string()
      .nullable()
      .meta({
        description: 'What is still to be done before the file can be used; null: nothing',
        examples: [null],
      }),
    is_demo_data: z.boolean(),
  })
  .meta({ id: 'DataFile' });

export function toDataView(record: DataRecord, link: string | undefined): z.infer<typeof dataView> {
  return {
    id: record.dataId,
    filename: record.filename,
    link: link ?? 'unknown',
    md5: '',
    size: String(record.sizeBytes ?? 0),
    status: record.status,
    created_at: iso(record.createdAt),
    updated_at: iso(record.updatedAt),
    database: 's3',
    location: locationText(record),
    computingUnitId: record.unitId,
    missing: missingOf(record),
    is_demo_data: false,
  };
}

function missingOf({ status, absent, upload }: DataRecord): string | null {
  if (status === 'available') return null;
  if (absent) return 'It never arrived, and its upload has ended: delete it and upload the file again.';
  if (upload) return 'Its upload was not completed: send the same file again to go on, or delete it.';
  return 'Nothing has arrived yet: PUT the file to its URL, or delete it and upload it again.';
}

/** A new file and where to PUT it. */
export function toUploadAnswer({
  record,
  upload,
}: {
  record: DataRecord;
  upload: { url: string; method: 'GET' | 'PUT'; headers: Record<string, string>; expiresAt: number };
}): z.infer<typeof presignAnswer> {
  return {
    ...upload,
    expiresAt: iso(upload.expiresAt),
    filename: record.filename,
    dataId: record.dataId,
    id: record.dataId,
    bucket: record.bucket,
    key: record.key,
    location: locationText(record),
  };
}

/** A new name, as the web client and the older one send it. */
export const updateDataBody = z
  .object({
    fileid: id,
    filename: filename.meta({ examples: ['brain.dat'] }),
    cloudapp_name: z.string().max(100).optional(),
    is_demo_data: z.boolean().optional(),
  })
  .meta({ examples: [{ fileid: EXAMPLE_ID, filename: 'brain.dat' }] });

const EXAMPLE_LOCATION = locationText({
  bucket: 'cloudmr-data',
  key: `mroptimum/01K9ZB1C3D5F7H9K1M3P5R7T9V/uploads/${EXAMPLE_ID}.dat`,
});
const locationObject = z.object({ Bucket: z.string(), Key: z.string().max(1_024) });
/** A file that has arrived, as the first web client told it: by the location it was given before. */
export const createDataBody = z
  .object({
    filename: filename.optional(),
    location: z
      .union([z.string().max(2_048).meta({ format: 's3-location' }), locationObject])
      .meta({ examples: [EXAMPLE_LOCATION] }),
    size: bytes,
    md5: z.string().max(100).nullish(),
  })
  .transform((body, context) => {
    const location = locationObject.safeParse(parsedLocation(body.location));
    if (location.success) return { filename: body.filename, key: location.data.Key };
    context.addIssue({
      code: 'custom',
      path: ['location'],
      message: 'must be {"Bucket", "Key"} as JSON text',
    });
    return z.NEVER;
  })
  .meta({ examples: [{ filename: 'signal.dat', location: EXAMPLE_LOCATION, size: '24117248' }] });

function parsedLocation(location: unknown): unknown {
  if (typeof location !== 'string') return location;
  try {
    return JSON.parse(location);
  } catch {
    // Not JSON is one more form that the shape refuses.
    return undefined;
  }
}
