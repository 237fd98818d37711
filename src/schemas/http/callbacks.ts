/** What the worker and the report function send. Only the token proves anything; the rest is a hint. */
import { z } from 'zod';
import { ulid } from '../ids.ts';
import { type Job, jobState } from '../job.ts';
import { blankable, given } from './common.ts';

/** Anything the sender knows; the broker asks Step Functions what is true. */
export const callbackBody = z
  .looseObject({ status: z.string().max(40).optional() })
  .nullish()
  .meta({ examples: [{ status: 'succeeded' }] });

const jobName = blankable(ulid);
/** Which job ended: named under one of its names, or by the key of its result. */
export const pipelineEndedBody = z
  .looseObject({
    pipeline: jobName,
    pipelineId: jobName,
    pipeline_id: jobName,
    jobId: jobName,
    job_id: jobName,
    key: blankable(z.string().max(1024)),
  })
  .meta({
    anyOf: [
      ...['pipeline', 'pipelineId', 'pipeline_id', 'jobId', 'job_id'].map((name) => given(name)),
      given('key', '^[^/]*/[^/]*/[0-9A-HJKMNP-TV-Z]{26}(/|$)'),
    ],
  })
  .transform((body, context) => {
    const named = body.pipeline ?? body.pipelineId ?? body.pipeline_id ?? body.jobId ?? body.job_id;
    // Keys of results are `<app>/<user>/<job>/...`, as the broker named them.
    const jobId = named ?? ulid.safeParse(body.key?.split('/')[2]).data;
    if (jobId) return { jobId };
    context.addIssue({ code: 'custom', path: ['pipeline'], message: 'is missing' });
    return z.NEVER;
  })
  .meta({ examples: [{ pipeline: '01K9ZB4T8N5W3V6Q2R7S0M1XYA' }] });

export const callbackAnswer = z.object({
  success: z.literal(true),
  jobId: z.string(),
  state: jobState.meta({ examples: ['succeeded'] }),
  cancel: z.boolean().meta({ description: 'True: the worker should stop, nobody waits for the result' }),
});

export function toCallbackAnswer(job: Job): z.infer<typeof callbackAnswer> {
  const cancel = job.state === 'canceling' || job.state === 'canceled';
  return { success: true, jobId: job.jobId, state: job.state, cancel };
}
