/** Submitting a job, as the web client, the scripts and the documents write it. */
import { z } from 'zod';
import { outputFlags } from '../execution.ts';
import { appFields, appOf, blankable, modeWord, shortText, unitIdWord } from './common.ts';

/** Which unit, said at the top of the body or inside the task. */
const selector = {
  mode: blankable(modeWord),
  computing_unit_mode: blankable(modeWord),
  computing_unit_id: unitIdWord,
  computingUnitId: unitIdWord,
};
type Selector = z.output<z.ZodObject<typeof selector>>;

export const submitBody = z
  .object({
    ...appFields,
    alias: shortText(200).meta({ description: 'Name of the job, for people' }),
    task: z.looseObject(selector).meta({ description: 'The SNR task as the web client writes it' }),
    output: outputFlags.partial().nullish(),
    ...selector,
  })
  .transform((body) => ({
    appId: appOf(body),
    alias: body.alias,
    task: body.task as Record<string, unknown>,
    output: outputFlags.parse(body.output ?? {}),
    unitId: idOf(body) ?? idOf(body.task),
    mode: modeOf(body) ?? modeOf(body.task),
  }))
  .meta({
    examples: [
      {
        cloudapp_name: 'MR Optimum',
        alias: 'brain-ac-rss',
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
      },
    ],
  });

function idOf(fields: Selector): string | undefined {
  return fields.computing_unit_id ?? fields.computingUnitId;
}

function modeOf(fields: Selector): 'mode_1' | 'mode_2' | undefined {
  return fields.mode ?? fields.computing_unit_mode;
}

/** Headers of a submit. Loose: what is not named here still belongs to the request. */
export const submitHeaders = z.looseObject({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')
    .optional()
    .meta({ description: 'The same key with the same body gives the same job, however often it is sent' }),
});

export const submitAnswer = z.object({
  success: z.literal(true),
  jobId: z.string(),
  pipeline: z.string().meta({ description: 'The jobId, for older callers' }),
  pipelineId: z.string(),
  pipeline_id: z.string(),
  taskId: z.string(),
  task_id: z.string(),
  alias: z.string(),
  state: z.string(),
  computingUnit: z.object({
    computingUnitId: z.string(),
    id: z.string(),
    alias: z.string(),
    mode: z.enum(['mode_1', 'mode_2']),
  }),
});
