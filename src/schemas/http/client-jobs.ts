/** Jobs on the wire as the web client lists them. */
import { z } from 'zod';
import { outputFlags } from '../execution.ts';
import { type Job, jobState, leftBundle } from '../job.ts';
import { iso, isoTime, locationText, nextCursor, pageQuery } from './common.ts';

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
  status: z.string().meta({ examples: ['available'] }),
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
    .array(
      z.object({ id: z.string(), alias: z.string(), status: z.string().meta({ examples: ['pending'] }) }),
    )
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
