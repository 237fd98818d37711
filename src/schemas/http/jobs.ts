/** Jobs on the wire: the broker's own form and those that older callers read. */
import { z } from 'zod';
import { outputFlags, platformName, runResult } from '../execution.ts';
import { FAILURE_PHASES, type FailurePhase, phaseOf } from '../failure-phases.ts';
import { isFailureCode } from '../failures.ts';
import { type Job, type JobFailure, jobFailure, jobState, leftBundle } from '../job.ts';
import {
  iso,
  isoTime,
  locationText,
  modeWord,
  nextCursor,
  pageQuery,
  pathId,
  shortText,
  signedUrl,
} from './common.ts';
import { estimateView } from './estimates.ts';

const failureView = jobFailure.extend({
  phase: z.enum(Object.keys(FAILURE_PHASES) as [FailurePhase, ...FailurePhase[]]).meta({
    description: 'Under which heading of the troubleshooting guide this failure is explained',
  }),
});

function toFailureView(failure: JobFailure): z.infer<typeof failureView> {
  const phase = isFailureCode(failure.code) ? phaseOf(failure.code) : 'jobs_failing';
  return { ...failure, phase };
}

export const jobView = z
  .object({
    jobId: z.string(),
    appId: z.string(),
    alias: z.string(),
    mode: z.enum(['mode_1', 'mode_2']),
    computingUnitId: z.string(),
    state: jobState,
    version: z.number().int().meta({ description: 'Grows with every change of the job' }),
    attempt: z.number().int(),
    platform: platformName.optional(),
    executionArn: z.string().optional(),
    progress: z
      .object({ step: z.string(), fraction: z.number(), message: z.string(), at: isoTime })
      .optional(),
    failure: failureView.optional(),
    summary: runResult.shape.summary.optional(),
    seconds: z.number().optional().meta({ description: 'Duration of the run as the worker measured it' }),
    resultBytes: z.number().int().optional(),
    estimate: estimateView.optional().meta({ description: 'What was said before the job began' }),
    output: outputFlags,
    createdAt: isoTime,
    updatedAt: isoTime,
    startedAt: isoTime.optional(),
    finishedAt: isoTime.optional(),
    history: z.array(z.object({ state: jobState, at: isoTime, by: z.string(), note: z.string().optional() })),
    earlierAttempts: z
      .array(
        z.object({
          attempt: z.number().int(),
          state: jobState,
          finishedAt: isoTime.optional(),
          executionArn: z.string().optional(),
          failure: jobFailure.optional(),
        }),
      )
      .optional()
      .meta({ description: 'Attempts before this one, oldest first' }),
  })
  .meta({
    id: 'Job',
    examples: [
      {
        jobId: '01K9ZB4T8N5W3V6Q2R7S0M1XYA',
        appId: 'mroptimum',
        alias: 'brain-ac-rss',
        mode: 'mode_2',
        computingUnitId: '01K9ZB2E4G6J8L0N2P4R6T8V0X',
        state: 'succeeded',
        version: 6,
        attempt: 0,
        platform: 'lambda',
        executionArn:
          'arn:aws:states:us-east-1:123456789012:execution:mroptimum-mode2:job-01K9ZB4T8N5W3V6Q2R7S0M1XYA-0',
        summary: { medianSnr: 41.2, maxSnr: 96.5, slices: 1, matrix: [96, 96, 1], coils: 16, warnings: 0 },
        seconds: 2.5,
        resultBytes: 182_044,
        output: { coilsensitivity: false, gfactor: false, matlab: true },
        createdAt: '2026-11-22T09:30:00.000Z',
        updatedAt: '2026-11-22T09:30:09.000Z',
        startedAt: '2026-11-22T09:30:01.000Z',
        finishedAt: '2026-11-22T09:30:09.000Z',
        history: [
          { state: 'queued', at: '2026-11-22T09:30:00.000Z', by: 'user' },
          { state: 'succeeded', at: '2026-11-22T09:30:09.000Z', by: 'aws' },
        ],
      },
    ],
  });
export type JobView = z.infer<typeof jobView>;

const isoOrNone = (at: number | undefined): string | undefined => (at === undefined ? undefined : iso(at));

/** A job as its owner sees it. */
export function toJobView(job: Job): JobView {
  return {
    jobId: job.jobId,
    appId: job.appId,
    alias: job.alias,
    mode: job.mode,
    computingUnitId: job.unitId,
    state: job.state,
    version: job.version,
    attempt: job.attempt,
    platform: job.platform,
    executionArn: job.executionArn,
    progress: job.progress && { ...job.progress, at: iso(job.progress.at) },
    failure: job.failure && toFailureView(job.failure),
    summary: job.runResult?.summary,
    seconds: job.runResult?.seconds,
    resultBytes: job.runResult?.sizeBytes,
    estimate: job.estimate,
    output: job.output,
    createdAt: iso(job.createdAt),
    updatedAt: iso(job.updatedAt),
    startedAt: isoOrNone(job.startedAt),
    finishedAt: isoOrNone(job.finishedAt),
    history: job.history.map((entry) => ({ ...entry, at: iso(entry.at) })),
    earlierAttempts: job.earlier?.map(({ attempt, state, finishedAt, executionArn, failure }) => ({
      attempt,
      state,
      finishedAt: isoOrNone(finishedAt),
      executionArn,
      failure,
    })),
  };
}

/** One state or several, with commas between. */
const STATE = `(?:${jobState.options.join('|')})`;
const stateList = z
  .string()
  .max(200)
  .regex(new RegExp(`^${STATE}(?:,${STATE})*$`), `must be of ${jobState.options.join(', ')}`)
  .transform((text) => text.split(','))
  .pipe(z.array(jobState))
  .meta({ description: 'One or more states, with commas', examples: ['failed,lost'] });
export const jobQuery = pageQuery
  .extend({
    state: stateList.optional(),
    mode: modeWord.optional(),
    computing_unit_id: pathId.optional(),
    alias: z.string().max(200).optional().meta({ description: 'Beginning of the alias, in any case' }),
  })
  .transform(({ computing_unit_id, ...query }) => ({ ...query, unitId: computing_unit_id }));

export const jobList = z.object({ jobs: z.array(jobView), count: z.number().int(), cursor: nextCursor });
export const renameBody = z
  .object({ alias: shortText(200) })
  .meta({ examples: [{ alias: 'brain, second try' }] });
export const retryBody = z
  .object({
    version: z.number().int().min(1).optional().meta({
      description: 'The version of the job that is to be tried again: a second click then changes nothing',
    }),
  })
  .nullish()
  .meta({ examples: [{ version: 7 }] });
export const resultAnswer = signedUrl.extend({ filename: z.string() });

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
