/** Jobs on the wire in the forms that older callers read. */
import { z } from 'zod';
import { outputFlags } from '../execution.ts';
import { type Job, jobState, leftBundle } from '../job.ts';
import { iso, isoTime, locationText, nextCursor, pageQuery } from './common.ts';

/** Four words that every script understands. */
const STATUS_WORDS: Record<Job['state'], 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED'> = {
  queued: 'QUEUED',
  starting: 'QUEUED',
  running: 'RUNNING',
  canceling: 'RUNNING',
  succeeded: 'SUCCEEDED',
  failed: 'FAILED',
  canceled: 'FAILED',
  lost: 'FAILED',
};
export const pipelineStatus = z
  .object({
    pipeline: z.string(),
    pipelineId: z.string(),
    jobId: z.string(),
    alias: z.string(),
    status: z.enum(['QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED']),
    state: jobState,
    executionArn: z.string().optional(),
    error: z.string().optional().meta({ description: 'Stable code of the failure' }),
    message: z.string().optional(),
  })
  .meta({
    examples: [
      {
        pipeline: '01K9ZB4T8N5W3V6Q2R7S0M1XYA',
        pipelineId: '01K9ZB4T8N5W3V6Q2R7S0M1XYA',
        jobId: '01K9ZB4T8N5W3V6Q2R7S0M1XYA',
        alias: 'brain-ac-rss',
        status: 'RUNNING',
        state: 'running',
      },
    ],
  });

export function toPipelineStatus(job: Job): z.infer<typeof pipelineStatus> {
  return {
    pipeline: job.jobId,
    pipelineId: job.jobId,
    jobId: job.jobId,
    alias: job.alias,
    status: STATUS_WORDS[job.state],
    state: job.state,
    executionArn: job.executionArn,
    error: job.failure?.code,
    message: job.failure?.message,
  };
}

/** The web client shows a button to open the result for every word but these three. */
const CLIENT_WORDS: Record<Job['state'], 'pending' | 'completed' | 'failed'> = {
  queued: 'pending',
  starting: 'pending',
  running: 'pending',
  canceling: 'pending',
  succeeded: 'completed',
  failed: 'failed',
  canceled: 'failed',
  lost: 'failed',
};
const clientFile = z.object({
  id: z.string(),
  fileName: z.string(),
  filename: z.string(),
  link: z.string().meta({ description: 'Presigned GET, or the word unknown' }),
  location: z.string().meta({ description: 'JSON text {"Bucket","Key"}' }),
  status: z.string(),
  database: z.literal('s3'),
  size: z.string(),
});
export const clientJob = z.object({
  id: z.string(),
  pipeline_id: z.string(),
  alias: z.string(),
  status: z.enum(['pending', 'completed', 'failed']),
  state: jobState,
  createdAt: isoTime,
  updatedAt: isoTime,
  setup: z.object({
    version: z.literal('v0'),
    alias: z.string(),
    output: outputFlags,
    task: z.record(z.string(), z.unknown()),
  }),
  files: z.array(clientFile),
});

export const pipelineQuery = pageQuery.extend({ cloudapp_name: z.string().max(100).optional() });
export const pipelineList = z.object({
  jobs: z.array(clientJob),
  pipelines: z
    .array(z.object({ id: z.string(), alias: z.string(), status: z.string() }))
    .meta({ deprecated: true, description: 'The same jobs in short' }),
  cursor: nextCursor,
});

/** A job as the web client lists it; `link` is the presigned GET of its result. */
export function toClientJob(job: Job, link: string | undefined): z.infer<typeof clientJob> {
  return {
    id: job.jobId,
    pipeline_id: job.jobId,
    alias: job.alias,
    status: CLIENT_WORDS[job.state],
    state: job.state,
    createdAt: iso(job.createdAt),
    updatedAt: iso(job.updatedAt),
    setup: { version: 'v0', alias: job.alias, output: job.output, task: job.task },
    files: filesOf(job, link),
  };
}

/** The result, or the bundle of a job that failed: the web client offers whatever is in the list. */
function filesOf(job: Job, link: string | undefined): z.infer<typeof clientFile>[] {
  const failed = leftBundle(job);
  if (!job.runResult && !failed) return [];
  const fileName = failed ? `${job.alias} (failure)` : job.alias;
  return [
    {
      id: job.jobId,
      fileName,
      filename: `${fileName}.zip`,
      link: link ?? 'unknown',
      location: locationText(failed ? job.failureBundle : job.result),
      status: 'available',
      database: 's3',
      size: String(job.runResult?.sizeBytes ?? 0),
    },
  ];
}
