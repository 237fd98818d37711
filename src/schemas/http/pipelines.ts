/** Pipelines on the wire: jobs in the words of scripts that existed before the broker. */
import { z } from 'zod';
import type { Draft } from '../draft.ts';
import type { Job } from '../job.ts';
import { clientJob, toClientJob } from './client-jobs.ts';
import { appFields, appOf, blankable, shortText } from './common.ts';

const name = blankable(shortText(200));

/** Create only, whatever else is in it: older scripts send a task along and then queue it. */
export const pipelineRequestBody = z
  .looseObject({ ...appFields, alias: name, name })
  .transform((body) => ({ appId: appOf(body), alias: body.alias ?? body.name }))
  .meta({ examples: [{ application: 'MR Optimum', alias: 'brain-ac-rss' }] });

export const pipelineRequestAnswer = z.object({
  success: z.literal(true),
  pipeline: z.string(),
  pipelineId: z.string(),
  pipeline_id: z.string(),
  id: z.string(),
  alias: z.string().optional(),
});

export function toPipelineRequestAnswer({ draftId, alias }: Draft): z.infer<typeof pipelineRequestAnswer> {
  return { success: true, pipeline: draftId, pipelineId: draftId, pipeline_id: draftId, id: draftId, alias };
}

export const pipelineView = clientJob.extend({
  pipeline: z.string(),
  results: z.string().nullable().meta({ description: 'Where the result lies, as s3://bucket/key' }),
  error: z.string().optional().meta({ description: 'Stable code of the failure' }),
  message: z.string().optional(),
});

export function toPipelineView(job: Job, link: string | undefined): z.infer<typeof pipelineView> {
  return {
    ...toClientJob(job, link),
    pipeline: job.jobId,
    results: job.runResult ? `s3://${job.result.bucket}/${job.result.key}` : null,
    error: job.failure?.code,
    message: job.failure?.message,
  };
}
