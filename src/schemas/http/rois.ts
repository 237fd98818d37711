/** Regions of interest on the wire, as the web client reads and writes them. */
import { z } from 'zod';
import { type Roi, sliceMM } from '../roi.ts';
import { iso, isoTime, locationText, pathId, shortText } from './common.ts';
import { filename } from './data.ts';

const EXAMPLE_JOB = '01K9ZB4T8N5W3V6Q2R7S0M1XYA';
const EXAMPLE_ROI = `${EXAMPLE_JOB}-01K9ZBXR1D3F5H7K9M2P4R6T8V`;
const place = z.object({ sliceMM: sliceMM.optional() });

export const roiQuery = z.object({
  pipeline_id: pathId.meta({ description: 'Id of the job' }),
  cloudapp_name: z.string().max(100).optional(),
});

export const roiUploadBody = z
  .object({
    filename: filename.meta({ examples: ['left.zip'] }),
    pipeline_id: pathId,
    type: shortText(40).default('image'),
    contentType: z.string().max(200).optional(),
    data: place.nullish(),
    cloudapp_name: z.string().max(100).optional(),
  })
  .transform(({ filename: name, pipeline_id, type, data }) => ({
    filename: name,
    jobId: pipeline_id,
    type,
    sliceMM: data?.sliceMM,
  }))
  .meta({
    examples: [
      {
        filename: 'left.zip',
        pipeline_id: EXAMPLE_JOB,
        type: 'image',
        contentType: 'application/octet-stream',
        data: { sliceMM: { '0': 1.5, '1': -20, '2': 3 } },
      },
    ],
  });

const roiId = z
  .string()
  .regex(/^[\w-]{1,80}$/, 'must be the id of a region')
  .meta({ examples: [EXAMPLE_ROI] });
export const roiDeleteBody = z
  .object({ roi_id: roiId, cloudapp_name: z.string().max(100).optional() })
  .meta({ examples: [{ roi_id: EXAMPLE_ROI }] });

export const roiView = z
  .object({
    id: z.string(),
    filename: z.string(),
    link: z.string().meta({ description: 'Presigned GET, or the word unknown' }),
    location: z.string().meta({ description: 'JSON text {"Bucket","Key"}' }),
    size: z.string(),
    md5: z.string(),
    status: z.enum(['notavailable', 'available']).meta({ description: 'Whether its bytes have arrived' }),
    database: z.literal('s3'),
    type: z.string(),
    created_at: isoTime,
    updated_at: isoTime,
    pivot: z.object({ pipeline_id: z.string(), roi_id: z.string() }),
    data: place.optional(),
  })
  .meta({ id: 'RegionOfInterest' });

export function toRoiView(roi: Roi, link: string | undefined): z.infer<typeof roiView> {
  return {
    id: roi.roiId,
    filename: roi.filename,
    link: link ?? 'unknown',
    location: locationText(roi),
    size: String(roi.sizeBytes ?? 0),
    md5: '',
    status: roi.sizeBytes === undefined ? 'notavailable' : 'available',
    database: 's3',
    type: roi.type,
    created_at: iso(roi.createdAt),
    updated_at: iso(roi.updatedAt),
    pivot: { pipeline_id: roi.jobId, roi_id: roi.roiId },
    ...(roi.sliceMM === undefined ? {} : { data: { sliceMM: roi.sliceMM } }),
  };
}

export const roiUploadAnswer = z.object({
  upload_url: z.url().meta({ description: 'PUT the zip of the viewer here' }),
  access_url: z.url().meta({ description: 'Presigned GET of the same' }),
  expiresAt: isoTime,
  roi: roiView,
});
