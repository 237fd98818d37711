/** Definitions in short, and tables of them with the ends they must come to. */
import type { Test } from 'tap';
import { checkDefinition } from '../../infra/local/states/check.ts';
import { functionArn, type Handler, inProcess, startStates } from './states-harness.ts';

/** A machine of one state, `A`. */
export const one = (state: object) => ({ StartAt: 'A', States: { A: state } });
export const pass = (fields: object) => one({ Type: 'Pass', End: true, ...fields });
/** A state that invokes a function with its input. */
export const invoke = (name: string, fields: object = {}) => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Parameters: { FunctionName: functionArn(name), 'Payload.$': '$' },
  End: true,
  ...fields,
});
/** A branch of one state. */
export const branch = (name: string, state: object) => ({ StartAt: name, States: { [name]: state } });

/** Runs each definition once and compares its end: an output, or an error and its cause. */
export async function runTable(
  t: Test,
  rows: [what: string, definition: unknown, input: unknown, end: unknown][],
  handlers: Record<string, Handler> = {},
): Promise<void> {
  const definitions = Object.fromEntries(rows.map(([, definition], i) => [`m${i}`, definition]));
  for (const definition of Object.values(definitions)) checkDefinition(definition);
  const states = await startStates({ dir: t.testdir(), definitions, lambda: inProcess(handlers) });
  t.teardown(() => states.close());
  await Promise.all(
    rows.map(async ([what, , input, end], i) => {
      const { status, output, error, cause } = await states.run(`m${i}`, input);
      const expected = end as { error?: string; cause?: RegExp };
      if (expected?.error !== undefined) {
        t.match({ status, error, cause }, { status: 'FAILED', ...expected }, what);
      } else {
        t.strictSame(
          { status, error, output: JSON.parse(output ?? 'null') },
          { status: 'SUCCEEDED', error: undefined, output: end },
          what,
        );
      }
    }),
  );
}
