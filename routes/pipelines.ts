/** Jobs under the name and in the shape that the existing web client and scripts read. */
import { z } from 'zod';
import type { Links } from '../services/files/links.ts';
import type { Drafts } from '../services/jobs/drafts.ts';
import type { Jobs } from '../services/jobs/jobs.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { pipelineList, pipelineQuery, toClientJob } from '../src/schemas/http/client-jobs.ts';
import { pathId } from '../src/schemas/http/common.ts';
import { pipelineStatus, toPipelineStatus } from '../src/schemas/http/jobs.ts';
import {
  pipelineRequestAnswer,
  pipelineRequestBody,
  pipelineView,
  toPipelineRequestAnswer,
  toPipelineView,
} from '../src/schemas/http/pipelines.ts';

export interface PipelineRoutesDeps {
  jobs: Pick<Jobs, 'get' | 'list'>;
  links: Pick<Links, 'ofJobs'>;
  drafts: Pick<Drafts, 'create'>;
}

const tags = ['Jobs'];

/** Routes under /api/pipeline that read, and the one that only makes a name. */
export function pipelineRoutes({ jobs, links, drafts }: PipelineRoutesDeps) {
  return async (app: Api): Promise<void> => {
    for (const [url, operationId] of [
      ['/pipeline/list', 'listPipelines'],
      ['/pipeline/list/:appId', 'listPipelinesOfApp'],
      ['/pipeline', 'listPipelinesAsBefore'],
      ['/downloads', 'listDownloads'],
    ]) {
      app.get(
        url,
        {
          config: { access: 'user' },
          schema: {
            tags,
            operationId,
            summary: 'Your jobs with download links, as the web client reads them',
            description:
              '`status` is `pending`, `completed` or `failed`, the three words that the web client knows; `link` is `unknown` ' +
              'while there is nothing to fetch. The jobs of /api/job in another form.',
            ...(url.includes(':') ? { params: z.object({ appId: z.string().max(100) }) } : {}),
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
    }

    app.get(
      '/pipeline/status/:pipelineId',
      {
        config: { access: 'user', errors: ['not_found'] },
        schema: {
          tags,
          operationId: 'pipelineStatus',
          summary: 'QUEUED, RUNNING, SUCCEEDED or FAILED',
          description: '`status` is one of four words that every script understands, `state` the exact one.',
          params: z.object({ pipelineId: pathId }),
          response: { 200: answer('The state in one word, and the exact one', pipelineStatus) },
        },
      },
      async (request) => toPipelineStatus(await jobs.get(principalOf(request), request.params.pipelineId)),
    );

    app.get(
      '/pipeline/:pipelineId',
      {
        config: { access: 'user', errors: ['not_found'] },
        schema: {
          tags,
          operationId: 'getPipeline',
          summary: 'One job with its download link: pending, completed or failed',
          description: 'In the form in which older scripts read it, with `results` as an s3 address.',
          params: z.object({ pipelineId: pathId }),
          response: { 200: answer('The job', pipelineView) },
        },
      },
      async (request) => {
        const job = await jobs.get(principalOf(request), request.params.pipelineId);
        return toPipelineView(job, (await links.ofJobs([job])).get(job.jobId));
      },
    );

    app.post(
      '/pipeline/request',
      {
        config: { access: 'user', errors: ['limit_reached'] },
        schema: {
          tags,
          operationId: 'requestPipeline',
          summary: 'Make the id and the name of a job that is queued later',
          description:
            'Nothing runs. Send the id as `pipeline` with POST /api/pipeline/queue_job within seven days: the job ' +
            'gets it, and however often that is sent, there is one job.',
          body: pipelineRequestBody,
          response: { 200: answer('The id', pipelineRequestAnswer) },
        },
      },
      async (request) => toPipelineRequestAnswer(await drafts.create(principalOf(request), request.body)),
    );
  };
}
