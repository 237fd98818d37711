/** Jobs that have ended: rename and delete them, also under the names existing callers use. */
import { z } from 'zod';
import type { EndedJobs } from '../services/jobs/ended-jobs.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { pathId } from '../src/schemas/http/common.ts';
import { jobView, renameBody, toJobView } from '../src/schemas/http/jobs.ts';
import { removedAnswer } from '../src/schemas/http/units.ts';

const tags = ['Jobs'];
const jobParams = z.object({ jobId: pathId });
const removing = {
  tags,
  summary: 'Delete a job that has ended, with its result',
  description:
    'Result, failure bundle and job document are deleted first, then the job; uploaded files stay. Deleting ' +
    'twice is fine. A job that still runs is refused: cancel it first. What may still run of a lost job is stopped; ' +
    'while a worker that was stopped may write, the job is refused too, and the message says until when.',
  response: { 200: answer('Removed, now or before', removedAnswer) },
};
const config = { access: 'user', errors: ['conflict', 'cloud_refused'] } as const;

/** PATCH and DELETE of jobs. */
export function endedJobRoutes({ endedJobs }: { endedJobs: EndedJobs }) {
  return async (app: Api): Promise<void> => {
    app.patch(
      '/job/:jobId',
      {
        config: { access: 'user', errors: ['not_found', 'conflict'] },
        schema: {
          tags,
          operationId: 'renameJob',
          summary: 'Rename a job that has ended',
          description: 'Only the name for people changes; names in AWS stay.',
          params: jobParams,
          body: renameBody,
          response: { 200: answer('The job', jobView) },
        },
      },
      async (request) =>
        toJobView(await endedJobs.rename(principalOf(request), request.params.jobId, request.body.alias)),
    );

    for (const [method, url, operationId] of [
      ['DELETE', '/job/:jobId', 'deleteJob'],
      ['POST', '/pipeline/delete/:jobId', 'deletePipelineById'],
    ] as const) {
      app.route({
        method,
        url,
        config,
        schema: { ...removing, operationId, params: jobParams },
        handler: async (request) => {
          const removed = await endedJobs.remove(principalOf(request), request.params.jobId);
          return { success: true, removed } as const;
        },
      });
    }

    app.delete(
      '/pipeline/delete',
      {
        config,
        schema: { ...removing, operationId: 'deletePipeline', querystring: z.object({ id: pathId }) },
      },
      async (request) => {
        const removed = await endedJobs.remove(principalOf(request), request.query.id);
        return { success: true, removed } as const;
      },
    );
  };
}
