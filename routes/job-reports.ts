/** Log and cost of a run. */
import { z } from 'zod';
import type { JobReports } from '../services/jobs/reports.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { iso, pathId } from '../src/schemas/http/common.ts';
import { jobCostAnswer, jobLogAnswer } from '../src/schemas/http/job-reports.ts';

const tags = ['Jobs'];
const jobParams = z.object({ jobId: pathId });

/** GET /api/job/{jobId}/logs and /cost. */
export function jobReportRoutes({ reports }: { reports: JobReports }) {
  return async (app: Api): Promise<void> => {
    app.get(
      '/job/:jobId/logs',
      {
        config: { access: 'user', errors: ['not_found', 'cloud_refused'] },
        schema: {
          tags,
          operationId: 'getJobLogs',
          summary: 'What happened to a job, and where the log of its run lies',
          description:
            'Every state with who caused it, and the last step that the worker reported. After the run, `log` is a ' +
            "presigned URL of the worker's log in the account of the computing unit; `partial` is one of what a failed " +
            'run has left.',
          params: jobParams,
          response: { 200: answer('The story so far', jobLogAnswer) },
        },
      },
      async (request) => {
        const { job, events, log, partial } = await reports.log(principalOf(request), request.params.jobId);
        return {
          jobId: job.jobId,
          state: job.state,
          attempt: job.attempt,
          events: events.map((event) => ({ ...event, at: iso(event.at) })),
          log: log ? { ...log, expiresAt: iso(log.expiresAt) } : null,
          partial: partial ? { ...partial, expiresAt: iso(partial.expiresAt) } : null,
        };
      },
    );

    app.get(
      '/job/:jobId/cost',
      {
        config: { access: 'user', errors: ['not_found'] },
        schema: {
          tags,
          operationId: 'getJobCost',
          summary: 'What a run has cost, line by line',
          description: 'By list prices from the duration of the run; beside it, what was estimated before.',
          params: jobParams,
          response: { 200: answer('The cost of the last attempt', jobCostAnswer) },
        },
      },
      async (request) => {
        const { job, ...cost } = await reports.cost(principalOf(request), request.params.jobId);
        return { jobId: job.jobId, isEstimate: true as const, ...cost, estimated: job.estimate };
      },
    );
  };
}
