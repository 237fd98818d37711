/** Uploads and downloads: the broker signs, the bytes go elsewhere. */
import { z } from 'zod';
import type { Files } from '../services/files/files.ts';
import type { Links } from '../services/files/links.ts';
import type { Jobs } from '../services/jobs/jobs.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { iso, pathId } from '../src/schemas/http/common.ts';
import {
  dataQuery,
  dataView,
  presignAnswer,
  presignBody,
  toDataView,
  toUploadAnswer,
} from '../src/schemas/http/data.ts';
import { removedAnswer } from '../src/schemas/http/units.ts';

export interface DataRoutesDeps {
  files: Files;
  jobs: Pick<Jobs, 'download'>;
  links: Pick<Links, 'ofFiles'>;
}

const tags = ['Data'];
const dataParams = z.object({ dataId: pathId });

/** Routes under /api/data. */
export function dataRoutes({ files, jobs, links }: DataRoutesDeps) {
  return async (app: Api): Promise<void> => {
    app.post(
      '/data/presign',
      {
        config: {
          access: 'user',
          errors: ['not_found', 'no_unit', 'unit_not_ready', 'conflict', 'too_many', 'cloud_refused'],
        },
        schema: {
          tags,
          operationId: 'presign',
          summary: 'A URL to PUT a new file, or to GET a file or a result',
          description:
            'URLs are valid for as long as was asked (an hour, if nothing was), or less if the session that ' +
            'signed them ends earlier: see `expiresAt`. `put` names the object and stores its record before the bytes arrive.',
          body: presignBody,
          response: { 200: answer('Where to send or fetch the bytes, and until when', presignAnswer) },
        },
      },
      async (request) => {
        const who = principalOf(request);
        const { body } = request;
        if (body.operation === 'put') {
          return toUploadAnswer(await files.presignUpload(who, body.wish, body.seconds));
        }
        const signed = body.jobId
          ? await jobs.download(who, body.jobId, body.seconds)
          : await files.presignDownload(who, body.dataId ?? '', body.seconds);
        return { ...signed, expiresAt: iso(signed.expiresAt) };
      },
    );

    for (const [url, operationId] of [
      ['/data/read', 'listData'],
      ['/data', 'listDataAsBefore'],
    ]) {
      app.get(
        url,
        {
          config: { access: 'user' },
          schema: {
            tags,
            operationId,
            summary: 'Your files, with download links',
            description:
              'A bare list, as the web client reads it. Files that were PUT and not confirmed are looked for, up to 25 ' +
              'in each list. `missing` says why a file cannot be used yet; its `link` works once the bytes are there.',
            querystring: dataQuery,
            response: { 200: answer('Newest first; x-next-cursor continues the list', z.array(dataView)) },
          },
        },
        async (request, reply) => {
          const { items, cursor } = await files.list(principalOf(request), request.query);
          const byFile = await links.ofFiles(items);
          if (cursor) reply.header('x-next-cursor', cursor);
          return items.map((record) => toDataView(record, byFile.get(record.dataId)));
        },
      );
    }

    app.post(
      '/data/:dataId/confirm',
      {
        config: { access: 'user', errors: ['not_found', 'conflict', 'cloud_refused'] },
        schema: {
          tags,
          operationId: 'confirmUpload',
          summary: 'The upload is done; the broker looks and notes the size',
          description:
            'The broker asks the bucket for the size. Without it the next list of files looks by itself, and jobs ' +
            'take a file that is there.',
          params: dataParams,
          response: { 200: answer('The file', dataView) },
        },
      },
      async (request) => {
        const record = await files.confirmUpload(principalOf(request), request.params.dataId);
        return toDataView(record, (await links.ofFiles([record])).get(record.dataId));
      },
    );

    for (const [method, url, operationId] of [
      ['DELETE', '/data/:dataId', 'removeData'],
      ['POST', '/data/delete/:dataId', 'deleteData'],
      ['GET', '/data/delete/:dataId', 'deleteDataAsBefore'],
    ] as const) {
      app.route({
        method,
        url,
        config: { access: 'user', scope: 'data:write', errors: ['cloud_refused'] },
        schema: {
          tags,
          operationId,
          summary: 'Delete a file and its record',
          description: 'The object goes first. Repeating it answers `removed: false`.',
          params: dataParams,
          response: { 200: answer('Deleted, now or before', removedAnswer) },
        },
        handler: async (request) => {
          const removed = await files.remove(principalOf(request), request.params.dataId);
          return { success: true, removed } as const;
        },
      });
    }
  };
}
