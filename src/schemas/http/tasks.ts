/** Submitting a job, as the web client, the scripts and the documents write it. */
import { z } from 'zod';
import { outputFlags } from '../execution.ts';
import { ulid } from '../ids.ts';
import type { Job } from '../job.ts';
import type { Unit } from '../unit.ts';
import { appFields, appOf, blankable, modeWord, shortText, unitIdWord } from './common.ts';
import { estimateView, toKeptEstimateView } from './estimates.ts';

/** Which unit, said at the top of the body or inside the task. */
const selector = {
  mode: blankable(modeWord),
  computing_unit_mode: blankable(modeWord),
  computing_unit_id: unitIdWord,
  computingUnitId: unitIdWord,
};
type Selector = z.output<z.ZodObject<typeof selector>>;

const task = z
  .looseObject(selector)
  .refine((value) => !isTooDeep(value), 'is nested too deeply')
  .meta({ description: 'The SNR task as the web client writes it' });

const run = { ...appFields, task, output: outputFlags.partial().nullish(), ...selector };
const usd = blankable(z.number().min(0).max(1_000_000)).meta({
  description: 'Refuse the job if it may cost you more than so many US dollars',
});

const EXAMPLE_JOB = '01K9ZB4T8N5W3V6Q2R7S0M1XYA';
const EXAMPLE = {
  cloudapp_name: 'MR Optimum',
  mode: 'mode_1',
  output: { coilsensitivity: false, gfactor: false, matlab: true },
  task: {
    version: 'v0',
    type: 'snr',
    id: 0,
    name: 'ac',
    options: {
      reconstructor: {
        type: 'recon',
        id: 0,
        name: 'rss',
        options: {
          signal: {
            type: 'file',
            options: {
              type: 's3',
              filename: 'signal.dat',
              bucket: 'cloudmr-data',
              key: 'mroptimum/01K9ZB1C3D5F7H9K1M3P5R7T9V/uploads/01K9ZB4T8N5W3V6Q2R7S0M1XYA.dat',
            },
          },
        },
      },
    },
  },
};

export const submitBody = z
  .object({
    ...run,
    alias: blankable(shortText(200)).meta({
      description: 'Name of the job, for people; only a pipeline that was made with a name needs none',
    }),
    pipeline: z.unknown().optional().meta({ description: 'A pipeline made by POST /api/pipeline/request' }),
    max_usd: usd,
    maxUsd: usd,
  })
  .transform((body) => ({
    ...runOf(body),
    alias: body.alias,
    draftId: ulid.safeParse(body.pipeline).data,
    maxUsd: body.max_usd ?? body.maxUsd,
  }))
  .meta({ examples: [{ ...EXAMPLE, alias: 'brain-ac-rss' }] });

/** What a submission is asked for without submitting it: the same body is understood. */
export const estimateBody = z
  .object(run)
  .transform((body) => runOf(body))
  .meta({ examples: [EXAMPLE] });

function runOf(body: z.output<z.ZodObject<typeof run>>) {
  return {
    appId: appOf(body),
    task: body.task as Record<string, unknown>,
    output: outputFlags.parse(body.output ?? {}),
    unitId: idOf(body) ?? idOf(body.task),
    mode: modeOf(body) ?? modeOf(body.task),
  };
}

function idOf(fields: Selector): string | undefined {
  return fields.computing_unit_id ?? fields.computingUnitId;
}

function modeOf(fields: Selector): 'mode_1' | 'mode_2' | undefined {
  return fields.mode ?? fields.computing_unit_mode;
}

/** Deeper than any task, and shallow enough for everything that walks through it. */
const MAX_DEPTH = 32;

/** Level by level, so that no depth exhausts the stack. */
function isTooDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return true;
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
  }
  return false;
}

/** Headers of a submit. Loose: what is not named here still belongs to the request. */
export const submitHeaders = z.looseObject({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')
    .optional()
    .meta({ description: 'The same key with the same body gives the same job, however often it is sent' }),
});

export const submitAnswer = z
  .object({
    success: z.literal(true),
    jobId: z.string(),
    pipeline: z.string().meta({ description: 'The jobId, for older callers' }),
    pipelineId: z.string(),
    pipeline_id: z.string(),
    taskId: z.string(),
    task_id: z.string(),
    alias: z.string(),
    state: z.string(),
    message: z.string(),
    executionArn: z.string().optional().meta({ description: 'The name under which the execution will run' }),
    computingUnit: z.object({
      computingUnitId: z.string(),
      id: z.string(),
      alias: z.string(),
      mode: z.enum(['mode_1', 'mode_2']),
    }),
    estimate: estimateView.optional(),
    warnings: z.array(z.string()).meta({ description: 'What will probably go wrong' }),
  })
  .meta({
    examples: [
      {
        success: true,
        jobId: EXAMPLE_JOB,
        pipeline: EXAMPLE_JOB,
        pipelineId: EXAMPLE_JOB,
        pipeline_id: EXAMPLE_JOB,
        taskId: EXAMPLE_JOB,
        task_id: EXAMPLE_JOB,
        alias: 'brain-ac-rss',
        state: 'queued',
        message: 'The job is queued.',
        executionArn: `arn:aws:states:us-east-1:123456789012:execution:mroptimum-mode2:job-${EXAMPLE_JOB}-0`,
        computingUnit: {
          computingUnitId: '01K9ZB2E4G6J8L0N2P4R6T8V0X',
          id: '01K9ZB2E4G6J8L0N2P4R6T8V0X',
          alias: 'Mode 2',
          mode: 'mode_2',
        },
        warnings: [],
      },
    ],
  });

export function toSubmitAnswer(accepted: {
  job: Job;
  unit: Unit | undefined;
  executionArn: string | undefined;
  warnings: string[];
}): z.infer<typeof submitAnswer> {
  const { job, unit, executionArn, warnings } = accepted;
  const { jobId, alias, state, unitId, mode } = job;
  return {
    success: true,
    jobId,
    pipeline: jobId,
    pipelineId: jobId,
    pipeline_id: jobId,
    taskId: jobId,
    task_id: jobId,
    alias,
    state,
    message: 'The job is queued.',
    executionArn,
    computingUnit: { computingUnitId: unitId, id: unitId, alias: unit?.alias ?? 'removed', mode },
    estimate: job.estimate && toKeptEstimateView(job.estimate),
    warnings,
  };
}
