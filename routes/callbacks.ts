/** What the worker and the report function tell about a job, with the token of that job. */
import { z } from 'zod';
import type { Callbacks } from '../services/jobs/callbacks.ts';
import type { ReportedEnd } from '../services/jobs/reported-ends.ts';
import { jobTokenOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { progressReport } from '../src/schemas/execution.ts';
import {
  callbackAnswer,
  callbackBody,
  pipelineEndedBody,
  toCallbackAnswer,
} from '../src/schemas/http/callbacks.ts';
import { pathId } from '../src/schemas/http/common.ts';

const tags = ['Callbacks'];
const jobParams = z.object({ jobId: pathId });
const told = answer('The job as it is now stored', callbackAnswer);

export interface CallbackRoutesDeps {
  callbacks: Callbacks;
  /** Requests per minute and address. */
  perMinute: number;
}

/** Routes of the worker. */
export function callbackRoutes({ callbacks, perMinute }: CallbackRoutesDeps) {
  return async (app: Api): Promise<void> => {
    const rateLimit = { max: perMinute };

    app.post(
      '/job/:jobId/callback',
      {
        config: { access: 'job', rateLimit },
        schema: {
          tags,
          operationId: 'jobCallback',
          summary: 'The run has ended',
          description: 'A hint only: the broker asks Step Functions. Repeated and late calls do no harm.',
          params: jobParams,
          body: callbackBody,
          response: { 200: told },
        },
      },
      async (request) => {
        const reported = endOf(request.body?.status);
        return toCallbackAnswer(await callbacks.ended(request.params.jobId, jobTokenOf(request), reported));
      },
    );

    app.post(
      '/job/:jobId/progress',
      {
        config: { access: 'job', rateLimit, errors: ['job_terminal'] },
        schema: {
          tags,
          operationId: 'jobProgress',
          summary: 'The run has got this far',
          description:
            'Shown in the job and in its events; `cancel: true` tells the worker that nobody waits any more.',
          params: jobParams,
          body: progressReport,
          response: { 200: told },
        },
      },
      async (request) =>
        toCallbackAnswer(await callbacks.progress(request.params.jobId, jobTokenOf(request), request.body)),
    );

    for (const [url, operationId, reported] of [
      ['/pipeline/completed', 'pipelineCompleted', 'succeeded'],
      ['/pipeline/failed', 'pipelineFailed', 'failed'],
    ] as const) {
      app.post(
        url,
        {
          config: { access: 'job', rateLimit },
          schema: {
            tags,
            operationId,
            summary: 'The run has ended, as older stacks say it',
            description: 'Only a nudge: what is true is asked of Step Functions and of the bucket.',
            body: pipelineEndedBody,
            response: { 200: told },
          },
        },
        async (request) =>
          toCallbackAnswer(await callbacks.ended(request.body.jobId, jobTokenOf(request), reported)),
      );

      app.post(
        `${url}/:jobId`,
        {
          config: { access: 'job', rateLimit },
          schema: {
            tags,
            operationId: `${operationId}ById`,
            summary: 'The run has ended, as older stacks say it',
            description: 'Only a nudge: what is true is asked of Step Functions and of the bucket.',
            params: jobParams,
            body: callbackBody,
            response: { 200: told },
          },
        },
        async (request) =>
          toCallbackAnswer(await callbacks.ended(request.params.jobId, jobTokenOf(request), reported)),
      );
    }
  };
}

/** The end that a body names, in the words of the worker or of Step Functions; undefined if it names none. */
function endOf(status: string | undefined): ReportedEnd | undefined {
  if (status === 'succeeded') return status;
  return status && ['failed', 'timed_out', 'aborted'].includes(status) ? 'failed' : undefined;
}
