/** The door for work: submit a job. */
import type { Submit } from '../services/submit.ts';
import type { Units } from '../services/units.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { submitAnswer, submitBody, submitHeaders } from '../src/schemas/http/tasks.ts';

export interface TaskRoutesDeps {
  submit: Submit['submit'];
  units: Pick<Units, 'get'>;
}

/** POST /api/task/queue and the name existing callers use for it. */
export function taskRoutes({ submit, units }: TaskRoutesDeps) {
  return async (app: Api): Promise<void> => {
    for (const [url, operationId] of [
      ['/task/queue', 'queueTask'],
      ['/pipeline/queue_job', 'queueJob'],
    ]) {
      app.post(
        url,
        {
          config: {
            access: 'user',
            errors: ['not_found', 'no_unit', 'unit_not_ready', 'idempotency_key_reuse'],
          },
          schema: {
            tags: ['Jobs'],
            operationId,
            summary: 'Submit a job',
            description:
              'The answer comes when the job is stored; it starts soon after. The unit is chosen by ' +
              '`computing_unit_id`, else by `mode`, else it is the default one of Mode 1.',
            headers: submitHeaders,
            body: submitBody,
            response: { 202: answer('Accepted', submitAnswer) },
          },
        },
        async (request, reply) => {
          const who = principalOf(request);
          const job = await submit(who, request.body, request.headers['idempotency-key']);
          const unit = await units.get(who, job.unitId);
          return reply.status(202).send({
            success: true,
            jobId: job.jobId,
            pipeline: job.jobId,
            pipelineId: job.jobId,
            pipeline_id: job.jobId,
            taskId: job.jobId,
            task_id: job.jobId,
            alias: job.alias,
            state: job.state,
            computingUnit: {
              computingUnitId: unit.unitId,
              id: unit.unitId,
              alias: unit.alias,
              mode: unit.mode,
            },
          });
        },
      );
    }
  };
}
