/** Uploads in parts on the wire: the broker's own form, and the one of the web client. */
import { z } from 'zod';
import type { DataRecord } from '../identity.ts';
import { iso, isoTime, locationText, signedUrl, unitFields, unitOf } from './common.ts';
import { filename } from './data.ts';

/** The URLs of one answer: 1,000 parts of 10 MiB make 10 GiB. */
const MAX_SIGNED = 1_000;
/** S3 allows no smaller parts but the last. */
const SMALLEST_PART = 5 * 1024 ** 2;
const LARGEST_PART = 5 * 1024 ** 3;

export const beginUploadBody = z
  .object({
    filename: filename.meta({ examples: ['signal.dat'] }),
    sizeBytes: z
      .number()
      .int()
      .min(1)
      .meta({ examples: [3_221_225_472] }),
    partBytes: z.number().int().min(SMALLEST_PART).max(LARGEST_PART).optional().meta({
      description: 'Bytes of every part but the last; the broker chooses if it is left out',
    }),
    ...unitFields,
  })
  .transform((body) => ({
    ...unitOf(body),
    filename: body.filename,
    sizeBytes: body.sizeBytes,
    partBytes: body.partBytes,
  }))
  .meta({ examples: [{ filename: 'signal.dat', sizeBytes: 3_221_225_472, mode: 'mode_2' }] });

const partNumber = z.number().int().min(1).max(10_000);
export const signPartsBody = z
  .object({
    partNumbers: z
      .array(partNumber)
      .min(1)
      .max(MAX_SIGNED)
      .meta({ examples: [[1, 2, 3]] }),
    expiresIn: z.number().int().min(60).max(43_200).default(3_600),
  })
  .meta({ examples: [{ partNumbers: [1, 2, 3], expiresIn: 3_600 }] });

/** S3 answers them in quotes; the web client takes the quotes off. */
const etag = z
  .string()
  .regex(/^"?[\w-]{1,200}"?$/, 'must be the ETag that the PUT of the part answered')
  .transform((text) => text.replaceAll('"', ''));
const partsFrom = (least: number) =>
  z
    .array(z.object({ partNumber, etag }))
    .min(least)
    .max(10_000)
    .refine(
      (list) => new Set(list.map(({ partNumber }) => partNumber)).size === list.length,
      'names a part twice',
    )
    .transform((list) => list.toSorted((a, b) => a.partNumber - b.partNumber));
const EXAMPLE_PARTS = [{ partNumber: 1, etag: '9bb58f26192e4ba00f01e2e7b136bbd8' }];
export const completeUploadBody = z
  .object({ uploadId: z.string().max(2_048).optional(), parts: partsFrom(1) })
  .meta({ examples: [{ parts: EXAMPLE_PARTS }] });

export const uploadView = z.object({
  dataId: z.string(),
  uploadId: z.string(),
  bucket: z.string(),
  key: z.string(),
  location: z.string().meta({ description: 'JSON text {"Bucket","Key"}' }),
  partBytes: z.number().int(),
  parts: z.number().int().meta({ description: 'How many parts the file has' }),
});

export function toUploadView(record: DataRecord): z.infer<typeof uploadView> {
  const { dataId, bucket, key, upload } = record;
  return {
    dataId,
    uploadId: upload?.uploadId ?? '',
    bucket,
    key,
    location: locationText(record),
    partBytes: upload?.partBytes ?? 0,
    parts: upload?.parts ?? 0,
  };
}

const signedPart = signedUrl.extend({ partNumber: z.number().int() });
export const signedParts = z.object({ parts: z.array(signedPart) });

/** The web client sends the size as text, and a description of the file that says nothing more. */
export const initiateBody = z
  .object({
    filename: filename.meta({ examples: ['signal.dat'] }),
    filesize: z.coerce
      .number()
      .int()
      .min(0)
      .max(5 * 1024 ** 4)
      .meta({ examples: ['24117248'] }),
    filetype: z.string().max(200).nullish(),
    filemd5: z.string().max(100).nullish(),
    ...unitFields,
  })
  .transform((body) => ({
    ...unitOf(body),
    filename: body.filename,
    sizeBytes: body.filesize,
  }))
  .meta({ examples: [{ filename: 'signal.dat', filesize: '24117248', cloudapp_name: 'MR Optimum' }] });

export const initiateAnswer = z.object({
  uploadId: z.string(),
  Key: z.string(),
  partUrls: z.array(z.url()),
  expiresAt: isoTime.nullable().meta({ description: 'null: the file is empty and has no parts' }),
  response: z.object({
    id: z.string(),
    filename: z.string(),
    onlineLink: z.string(),
    status: z.string().meta({ examples: ['notavailable'] }),
    md5: z.string(),
    location: z.string(),
    database: z.literal('s3'),
  }),
});

export function toInitiateAnswer(
  record: DataRecord,
  signed: readonly { url: string; expiresAt: number }[],
  link: string | undefined,
): z.infer<typeof initiateAnswer> {
  return {
    uploadId: record.upload?.uploadId ?? '',
    Key: record.key,
    partUrls: signed.map(({ url }) => url),
    expiresAt: signed.length > 0 ? iso(Math.min(...signed.map(({ expiresAt }) => expiresAt))) : null,
    response: {
      id: record.dataId,
      filename: record.filename,
      onlineLink: link ?? 'unknown',
      status: record.status,
      md5: '',
      location: locationText(record),
      database: 's3',
    },
  };
}

export const finalizeBody = z
  .object({
    uploadId: z.string().min(1).max(2_048),
    Key: z.string().min(1).max(1_024),
    // An empty file has none.
    parts: partsFrom(0),
    cloudapp_name: z.string().max(100).optional(),
  })
  .meta({
    examples: [
      {
        uploadId: 'mp-2hT4vKq9',
        Key: 'mroptimum/01K9ZB1C3D5F7H9K1M3P5R7T9V/uploads/01K9ZB4T8N5W3V6Q2R7S0M1XYA.dat',
        parts: EXAMPLE_PARTS,
      },
    ],
  });
