/** Jobs that exist: look, list, cancel, try again, fetch the result. */
import { z } from 'zod';
import type { Jobs } from '../services/jobs.ts';
import type { Retry } from '../services/retry.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { iso, pageQuery, pathId } from '../src/schemas/http/common.ts';
import { jobList, jobView, resultAnswer, retryBody, toJobView } from '../src/schemas/http/jobs.ts';

const tags = ['Jobs'];
const jobParams = z.object({ jobId: pathId });

export interface JobRoutesDeps {
  jobs: Jobs;
  retry: Retry;
}

/** Routes under /api/job for the owner of a job. */
export function jobRoutes({ jobs, retry }: JobRoutesDeps) {
  return async (app: Api): Promise<void> => {
    app.get(
      '/job',
      {
        config: { access: 'user' },
        schema: {
          tags,
          operationId: 'listJobs',
          summary: 'Your jobs, newest first',
          querystring: pageQuery,
          response: { 200: answer('One page', jobList) },
        },
      },
      async (request) => {
        const { items, cursor } = await jobs.list(principalOf(request), request.query);
        return { jobs: items.map(toJobView), count: items.length, cursor: cursor ?? null };
      },
    );

    app.get(
      '/job/:jobId',
      {
        config: { access: 'user', errors: ['not_found'] },
        schema: {
          tags,
          operationId: 'getJob',
          summary: 'One job with its history',
          params: jobParams,
          response: { 200: answer('The job', jobView) },
        },
      },
      async (request) => toJobView(await jobs.get(principalOf(request), request.params.jobId)),
    );

    app.post(
      '/job/:jobId/cancel',
      {
        config: { access: 'user', errors: ['not_found', 'job_terminal'] },
        schema: {
          tags,
          operationId: 'cancelJob',
          summary: 'Stop a job',
          description: '`canceling` until Step Functions says that the execution is aborted.',
          params: jobParams,
          response: { 202: answer('The job, canceled or canceling', jobView) },
        },
      },
      async (request, reply) => {
        const job = await jobs.cancel(principalOf(request), request.params.jobId);
        return reply.status(202).send(toJobView(job));
      },
    );

    app.post(
      '/job/:jobId/retry',
      {
        config: { access: 'user', errors: ['not_found', 'conflict', 'unit_not_ready'] },
        schema: {
          tags,
          operationId: 'retryJob',
          summary: 'Try a job again that failed, was canceled or was lost',
          description: 'A new attempt of the same job, with a new execution and new objects.',
          params: jobParams,
          body: retryBody,
          response: { 202: answer('The job, queued again', jobView) },
        },
      },
      async (request, reply) => {
        const job = await retry(principalOf(request), request.params.jobId, request.body?.version);
        return reply.status(202).send(toJobView(job));
      },
    );

    app.get(
      '/job/:jobId/result',
      {
        config: { access: 'user', errors: ['not_found', 'conflict', 'cloud_refused'] },
        schema: {
          tags,
          operationId: 'getResult',
          summary: 'Presigned URL of the result zip, or of the failure bundle of a failed job',
          params: jobParams,
          response: { 200: answer('Where to GET it, and until when', resultAnswer) },
        },
      },
      async (request) => {
        const signed = await jobs.download(principalOf(request), request.params.jobId);
        return { ...signed, expiresAt: iso(signed.expiresAt) };
      },
    );
  };
}
