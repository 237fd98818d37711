/** Coil sensitivities of the task document. */
import { z } from 'zod';
import type { SensitivityName } from './mr/sensitivity/estimator.ts';
import type { TaskMask } from './task-mask.ts';
import { fileReference, taskMask } from './task-mask.ts';

export interface TaskSensitivity {
  readonly method: SensitivityName;
  readonly mask: TaskMask;
  /** The scan of the body coil, or the maps to load. */
  readonly source: z.infer<typeof fileReference> | undefined;
}

const METHODS = ['inner', 'inneracl', 'walsh', 'espirit', 'bodycoil'] as const;
/** Methods that take a file. */
const WITH_SOURCE: readonly SensitivityName[] = ['bodycoil', 'upload'];

const method = z
  .string()
  .transform((name) => name.trim().toLowerCase())
  .pipe(z.enum(METHODS));

const named = z.looseObject({ options: z.looseObject({ filename: z.string().min(1) }) });

/**
 * The block `sensitivityMap`. `loadSensitivity` goes before the method. The reconstruction "espirit" has its own
 * maps unless they are loaded: its users post the method of the others. A source without a file name is none.
 */
export function taskSensitivity(isEspirit: boolean): z.ZodType<TaskSensitivity, unknown> {
  const options = z
    .object({
      loadSensitivity: z.boolean().nullish(),
      sensitivityMapMethod: method.nullish(),
      sensitivityMapSource: z.unknown().optional(),
      mask: taskMask,
    })
    .transform((given, context): TaskSensitivity => {
      const chosen = isEspirit ? 'espirit' : (given.sensitivityMapMethod ?? 'inner');
      const name: SensitivityName = given.loadSensitivity === true ? 'upload' : chosen;
      if (!WITH_SOURCE.includes(name)) return { method: name, mask: given.mask, source: undefined };
      const source = fileReference.and(named).safeParse(given.sensitivityMapSource);
      if (!source.success) {
        const what = name === 'upload' ? 'loadSensitivity' : `the method "${name}"`;
        context.addIssue({
          code: 'custom',
          path: ['sensitivityMapSource'],
          message: `${what} needs a file with its name`,
        });
        return z.NEVER;
      }
      return { method: name, mask: given.mask, source: source.data };
    });
  const none = { options: { mask: undefined } };
  return z
    .preprocess(
      (value) => (value && typeof value === 'object' && 'options' in value ? value : none),
      z.object({ options }),
    )
    .transform((block) => block.options);
}
