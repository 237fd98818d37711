/** Results as viewers open them, and the regions that people draw on them. */
import { z } from 'zod';
import type { Results } from '../services/jobs/results.ts';
import type { Rois } from '../services/jobs/rois.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { iso, pathId } from '../src/schemas/http/common.ts';
import {
  mapsAnswer,
  toMapsAnswer,
  toUnzipAnswer,
  unzipAnswer,
  unzipBody,
} from '../src/schemas/http/results.ts';
import {
  roiDeleteBody,
  roiQuery,
  roiUploadAnswer,
  roiUploadBody,
  roiView,
  toRoiView,
} from '../src/schemas/http/rois.ts';
import { removedAnswer } from '../src/schemas/http/units.ts';

const opening = {
  access: 'user',
  scope: 'jobs:read',
  errors: ['not_found', 'conflict', 'cloud_refused'],
} as const;

/** Opening a result map by map. */
export function resultRoutes({ results }: { results: Results }) {
  return async (app: Api): Promise<void> => {
    app.post(
      '/unzip',
      {
        config: opening,
        schema: {
          tags: ['Jobs'],
          operationId: 'unzipResult',
          summary: 'Open a result, as the web client does: every map with a link of its own',
          description:
            'Nothing is unpacked: the worker has put the maps beside the zip, in the account of the computing unit. ' +
            'Links need no token and no header; they end at `expiresAt`, with the session that signed them.',
          body: unzipBody,
          response: { 200: answer('Table of contents with links', unzipAnswer) },
        },
      },
      async (request) => toUnzipAnswer(await results.openAt(principalOf(request), request.body)),
    );

    app.get(
      '/job/:jobId/maps',
      {
        config: opening,
        schema: {
          tags: ['Jobs'],
          operationId: 'openResult',
          summary: 'Open the result of a job: its maps and pictures one by one',
          description: 'Each map with a presigned link, so that a viewer fetches only what it shows.',
          params: z.object({ jobId: pathId }),
          response: { 200: answer('Maps and pictures with links', mapsAnswer) },
        },
      },
      async (request) => toMapsAnswer(await results.open(principalOf(request), request.params.jobId)),
    );
  };
}

/** Routes under /api/roi. */
export function roiRoutes({ rois }: { rois: Rois }) {
  const tags = ['Data'];
  return async (app: Api): Promise<void> => {
    app.get(
      '/roi/list',
      {
        config: { access: 'user', errors: ['not_found'] },
        schema: {
          tags,
          operationId: 'listRois',
          summary: 'The regions you have drawn on a result',
          description: 'A bare list, as the web client reads it, with a link to the bytes of each.',
          querystring: roiQuery,
          response: { 200: answer('All of them, newest first', z.array(roiView)) },
        },
      },
      async (request) => {
        const listed = await rois.list(principalOf(request), request.query.pipeline_id);
        return listed.map(({ roi, link }) => toRoiView(roi, link));
      },
    );

    app.post(
      '/roi/upload',
      {
        config: { access: 'user', errors: ['not_found', 'conflict', 'cloud_refused'] },
        schema: {
          tags,
          operationId: 'uploadRoi',
          summary: 'Name a new region and get the URL for its bytes',
          description: 'The region is listed from now on; `status` says whether its bytes have arrived.',
          body: roiUploadBody,
          response: { 200: answer('Where to PUT and to GET it', roiUploadAnswer) },
        },
      },
      async (request) => {
        const { roi, upload, access } = await rois.begin(principalOf(request), request.body);
        return {
          upload_url: upload.url,
          access_url: access.url,
          expiresAt: iso(upload.expiresAt),
          roi: toRoiView(roi, access.url),
        };
      },
    );

    app.delete(
      '/roi/delete',
      {
        config: { access: 'user', errors: ['cloud_refused'] },
        schema: {
          tags,
          operationId: 'deleteRoi',
          summary: 'Delete a region and its bytes',
          description: 'Repeating it answers `removed: false`.',
          body: roiDeleteBody,
          response: { 200: answer('Deleted, now or before', removedAnswer) },
        },
      },
      async (request) => {
        const removed = await rois.remove(principalOf(request), request.body.roi_id);
        return { success: true, removed } as const;
      },
    );
  };
}
