/** Jobs that exist: look, list, cancel, try again, fetch the result. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Jobs } from '../services/jobs/jobs.ts';
import type { Retry } from '../services/jobs/retry.ts';
import type { JobVersions } from '../services/jobs/versions.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { etagOf, notModified, unchanged } from '../src/plugins/etag.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { iso, pathId } from '../src/schemas/http/common.ts';
import { jobList, jobQuery, jobView, resultAnswer, retryBody, toJobView } from '../src/schemas/http/jobs.ts';

const tags = ['Jobs'];
const jobParams = z.object({ jobId: pathId });

export interface JobRoutesDeps {
  jobs: Jobs;
  retry: Retry;
  versions: JobVersions;
}

/** Who holds an answer already looks whether it is still the same, again and again. */
const looksAgain = ({ headers }: FastifyRequest): boolean => headers['if-none-match'] !== undefined;

/** Routes under /api/job for the owner of a job. */
export function jobRoutes({ jobs, retry, versions }: JobRoutesDeps) {
  return async (app: Api): Promise<void> => {
    app.get(
      '/job',
      {
        config: { access: 'user' },
        schema: {
          tags,
          operationId: 'listJobs',
          summary: 'Your jobs, newest first',
          description:
            'Answers 304 if nothing has changed since the ETag in If-None-Match. With a filter a page may hold ' +
            'fewer jobs than `limit` although more follow.',
          querystring: jobQuery,
          response: { 200: answer('One page', jobList), 304: notModified },
        },
      },
      async (request, reply) => {
        const who = principalOf(request);
        const question = `list ${JSON.stringify(request.query)}`;
        const { items, cursor } = await versions.answer(
          { userId: who.userId, question, mayBeKnown: looksAgain(request) },
          () => jobs.list(who, request.query),
          (page) => page.items.length,
        );
        if (unchanged(request, reply, etagOf(items, cursor))) return reply.status(304).send();
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
          description: 'Answers 304 if nothing has changed since the ETag in If-None-Match.',
          params: jobParams,
          response: { 200: answer('The job', jobView), 304: notModified },
        },
      },
      async (request, reply) => {
        const who = principalOf(request);
        const { jobId } = request.params;
        const job = await versions.job({ userId: who.userId, jobId, mayBeKnown: looksAgain(request) }, () =>
          jobs.get(who, jobId),
        );
        if (unchanged(request, reply, etagOf([job]))) return reply.status(304).send();
        return toJobView(job);
      },
    );

    app.post(
      '/job/:jobId/cancel',
      {
        config: { access: 'user', errors: ['not_found', 'job_terminal'] },
        schema: {
          tags,
          operationId: 'cancelJob',
          summary: 'Stop a job',
          description:
            '`canceling` until Step Functions says that the execution is aborted; a run that had just finished keeps its result.',
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
        const { version, platform } = request.body ?? {};
        const job = await retry(principalOf(request), request.params.jobId, version, platform);
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
          description:
            'A presigned GET that ends at `expiresAt`: the earlier of what was asked and the end of the session that signed it.',
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
