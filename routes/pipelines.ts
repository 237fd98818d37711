/** Jobs under the name and in the shape that the existing web client and scripts read. */
import { z } from 'zod';
import type { Jobs } from '../services/jobs.ts';
import type { Links } from '../services/links.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { pathId } from '../src/schemas/http/common.ts';
import {
  pipelineList,
  pipelineQuery,
  pipelineStatus,
  toClientJob,
  toPipelineStatus,
} from '../src/schemas/http/jobs.ts';

export interface PipelineRoutesDeps {
  jobs: Pick<Jobs, 'get' | 'list'>;
  links: Pick<Links, 'ofJobs'>;
}

const tags = ['Jobs'];

/** Routes under /api/pipeline that read. */
export function pipelineRoutes({ jobs, links }: PipelineRoutesDeps) {
  return async (app: Api): Promise<void> => {
    app.get(
      '/pipeline/list',
      {
        config: { access: 'user' },
        schema: {
          tags,
          operationId: 'listPipelines',
          summary: 'Your jobs with download links, as the web client reads them',
          querystring: pipelineQuery,
          response: { 200: answer('One page, newest first', pipelineList) },
        },
      },
      async (request) => {
        const { items, cursor } = await jobs.list(principalOf(request), request.query);
        const byJob = await links.ofJobs(items);
        const listed = items.map((job) => toClientJob(job, byJob.get(job.jobId)));
        return { jobs: listed, pipelines: listed, cursor: cursor ?? null };
      },
    );

    app.get(
      '/pipeline/status/:pipelineId',
      {
        config: { access: 'user', errors: ['not_found'] },
        schema: {
          tags,
          operationId: 'pipelineStatus',
          summary: 'QUEUED, RUNNING, SUCCEEDED or FAILED',
          params: z.object({ pipelineId: pathId }),
          response: { 200: answer('The state in one word, and the exact one', pipelineStatus) },
        },
      },
      async (request) => toPipelineStatus(await jobs.get(principalOf(request), request.params.pipelineId)),
    );
  };
}
