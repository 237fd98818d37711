/** Uploads in parts, for large files: the bytes go straight to the bucket of the computing unit. */
import { z } from 'zod';
import type { Files } from '../services/files/files.ts';
import type { Links } from '../services/files/links.ts';
import type { Uploads } from '../services/files/uploads.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { iso, pathId } from '../src/schemas/http/common.ts';
import { createDataBody, dataView, toDataView, updateDataBody } from '../src/schemas/http/data.ts';
import { removedAnswer } from '../src/schemas/http/units.ts';
import {
  beginUploadBody,
  completeUploadBody,
  finalizeBody,
  initiateAnswer,
  initiateBody,
  signedParts,
  signPartsBody,
  toInitiateAnswer,
  toUploadView,
  uploadView,
} from '../src/schemas/http/uploads.ts';

export interface UploadRoutesDeps {
  uploads: Uploads;
  files: Pick<Files, 'rename' | 'confirmUpload'>;
  links: Pick<Links, 'ofFiles'>;
}

/** What the web client cuts files into; it asks for all URLs at once and keeps them. */
const CLIENT_PART_BYTES = 10 * 1024 ** 2;
const CLIENT_URL_SECONDS = 43_200;

const tags = ['Data'];
const dataParams = z.object({ dataId: pathId });
/** The id in the path of a route that may have none. */
function dataIdIn(params: unknown): string | undefined {
  return (params as { dataId?: string }).dataId;
}

const fileAnswer = answer('The file', dataView);

/** Routes of uploads in parts, and of what is changed about files. */
export function uploadRoutes({ uploads, files, links }: UploadRoutesDeps) {
  return async (app: Api): Promise<void> => {
    app.post(
      '/data/uploads',
      {
        config: {
          access: 'user',
          errors: ['not_found', 'no_unit', 'unit_not_ready', 'too_many', 'cloud_refused'],
        },
        schema: {
          tags,
          operationId: 'beginUpload',
          summary: 'Begin the upload of a large file in parts',
          description:
            'Then sign parts (`/data/{dataId}/parts`), PUT each of them, and complete with the ETags that the PUTs ' +
            'answered. Parts may be sent in any order, at the same time, and again.',
          body: beginUploadBody,
          response: { 200: answer('The upload', uploadView) },
        },
      },
      async (request) => toUploadView(await uploads.begin(principalOf(request), request.body)),
    );

    app.post(
      '/data/:dataId/parts',
      {
        config: { access: 'user', errors: ['not_found', 'conflict', 'cloud_refused'] },
        schema: {
          tags,
          operationId: 'signParts',
          summary: 'URLs to PUT parts of an upload',
          description:
            'Again and again, until the upload is complete: a URL ends with the session that signed it.',
          params: dataParams,
          body: signPartsBody,
          response: { 200: answer('One URL for each part', signedParts) },
        },
      },
      async (request) => {
        const { partNumbers, expiresIn } = request.body;
        const signed = await uploads.sign(
          principalOf(request),
          request.params.dataId,
          partNumbers,
          expiresIn,
        );
        return { parts: signed.map((part) => ({ ...part, expiresAt: iso(part.expiresAt) })) };
      },
    );

    app.post(
      '/data/:dataId/complete',
      {
        config: { access: 'user', errors: ['not_found', 'conflict', 'cloud_refused'] },
        schema: {
          tags,
          operationId: 'completeUpload',
          summary: 'All parts are there: put them together',
          description: 'The size must be the one that was announced. Completing twice is fine.',
          params: dataParams,
          body: completeUploadBody,
          response: { 200: fileAnswer },
        },
      },
      async (request) => {
        const { uploadId, parts } = request.body;
        const who = principalOf(request);
        const record = await uploads.complete(who, request.params.dataId, uploadId, parts);
        return toDataView(record, (await links.ofFiles([record])).get(record.dataId));
      },
    );

    app.post(
      '/data/:dataId/abort',
      {
        config: { access: 'user', errors: ['cloud_refused'] },
        schema: {
          tags,
          operationId: 'abortUpload',
          summary: 'Give an upload up, with the parts that have arrived',
          description:
            'What was uploaded so far is thrown away by S3. Repeating it answers `removed: false`.',
          params: dataParams,
          response: { 200: answer('Given up, now or before', removedAnswer) },
        },
      },
      async (request) => {
        const removed = await uploads.abort(principalOf(request), request.params.dataId);
        return { success: true, removed } as const;
      },
    );

    app.post(
      '/upload_initiate',
      {
        config: {
          access: 'user',
          errors: ['not_found', 'no_unit', 'unit_not_ready', 'too_many', 'cloud_refused'],
        },
        schema: {
          tags,
          operationId: 'uploadInitiate',
          summary: 'Begin an upload, as the web client does',
          description:
            'All parts, of 10 MiB each, are signed at once. `expiresAt` says until when they can be sent. An empty file ' +
            'has no parts and is there at once; a job that reads it fails with `input_unreadable`.',
          body: initiateBody,
          response: { 200: answer('The URLs of the parts in their order, and the file', initiateAnswer) },
        },
      },
      async (request) => {
        const who = principalOf(request);
        const record = await uploads.begin(who, { ...request.body, partBytes: CLIENT_PART_BYTES });
        const numbers = Array.from({ length: record.upload?.parts ?? 0 }, (_, index) => index + 1);
        const signed =
          numbers.length > 0 ? await uploads.sign(who, record.dataId, numbers, CLIENT_URL_SECONDS) : [];
        return toInitiateAnswer(record, signed, (await links.ofFiles([record])).get(record.dataId));
      },
    );

    app.post(
      '/upload_finalize',
      {
        config: { access: 'user', errors: ['not_found', 'conflict', 'cloud_refused'] },
        schema: {
          tags,
          operationId: 'uploadFinalize',
          summary: 'Complete an upload, as the web client does',
          description:
            'As the web client says it, with the ETags of its parts. Repeating it answers the same file.',
          body: finalizeBody,
          response: { 200: fileAnswer },
        },
      },
      async (request) => {
        const who = principalOf(request);
        const { Key, uploadId, parts } = request.body;
        const { dataId } = await uploads.byKey(who, Key);
        const record = await uploads.complete(who, dataId, uploadId, parts);
        return toDataView(record, (await links.ofFiles([record])).get(record.dataId));
      },
    );

    for (const [url, operationId] of [
      ['/data/update', 'updateData'],
      ['/data/update/:dataId', 'updateDataById'],
    ]) {
      app.post(
        url,
        {
          config: { access: 'user', errors: ['not_found'] },
          schema: {
            tags,
            operationId,
            summary: 'Rename a file',
            description: 'Its key stays. The file is named by `fileid`, or in the path.',
            ...(url.includes(':') ? { params: dataParams } : {}),
            body: updateDataBody,
            response: { 200: fileAnswer },
          },
        },
        async (request) => {
          const dataId = dataIdIn(request.params) ?? request.body.fileid ?? '';
          const record = await files.rename(principalOf(request), dataId, request.body.filename);
          return toDataView(record, (await links.ofFiles([record])).get(record.dataId));
        },
      );
    }

    app.post(
      '/data/create',
      {
        config: { access: 'user', errors: ['not_found', 'conflict', 'cloud_refused'] },
        schema: {
          tags,
          operationId: 'createData',
          summary: 'The file at this location has arrived, as the first web client tells it',
          description: 'Only for locations that the broker gave to you: keys are made by the broker.',
          body: createDataBody,
          response: { 200: fileAnswer },
        },
      },
      async (request) => {
        const who = principalOf(request);
        const { key, filename } = request.body;
        const { dataId } = await uploads.byKey(who, key);
        if (filename) await files.rename(who, dataId, filename);
        const record = await files.confirmUpload(who, dataId);
        return toDataView(record, (await links.ofFiles([record])).get(record.dataId));
      },
    );
  };
}
