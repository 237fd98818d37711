/** Jobs on the wire: the broker's own form, and the four words of old scripts. */
import { z } from 'zod';
import { outputFlags, platformName, runResult } from '../execution.ts';
import { FAILURE_PHASES, type FailurePhase, phaseOf } from '../failure-phases.ts';
import { failureCodeOf } from '../failures.ts';
import { type Job, type JobFailure, jobFailure, jobState, platformOf } from '../job.ts';
import { iso, isoTime, modeWord, nextCursor, pageQuery, pathId, shortText, signedUrl } from './common.ts';
import { estimateView } from './estimates.ts';

const failureView = jobFailure.extend({
  phase: z.enum(Object.keys(FAILURE_PHASES) as [FailurePhase, ...FailurePhase[]]).meta({
    description: 'Under which heading of the troubleshooting guide this failure is explained',
  }),
  retryOn: platformName.optional().meta({
    description: 'What promises to help: POST /api/job/{jobId}/retry with this as `platform`',
  }),
});

function toFailureView(job: Job, failure: JobFailure): z.infer<typeof failureView> {
  const code = failureCodeOf(failure.code);
  const tooSmall = code === 'worker_timeout' || code === 'worker_oom';
  return {
    ...failure,
    phase: code ? phaseOf(code) : 'jobs_failing',
    retryOn: tooSmall && platformOf(job) !== 'fargate' ? 'fargate' : undefined,
  };
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
    automaticRetries: z
      .array(z.object({ attempt: z.number().int(), code: z.string(), at: isoTime }))
      .optional()
      .meta({
        description: 'Attempts that the broker began by itself, and after which failure; they are free',
      }),
    deadlineAt: isoTime.meta({ description: 'What this attempt has come to is known by then' }),
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
        deadlineAt: '2026-11-22T15:40:00.000Z',
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
    failure: job.failure && toFailureView(job, job.failure),
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
    automaticRetries: job.automaticRetries?.map((retry) => ({ ...retry, at: iso(retry.at) })),
    deadlineAt: iso(job.deadlineAt),
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
    platform: platformName.optional().meta({
      description:
        'Where the new attempt has to run; as the task says, or the size of the run, if it is not given',
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
