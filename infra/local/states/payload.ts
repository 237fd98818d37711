/** How a state's input becomes its parameters, and its result its output. */
import type { State } from './definition.ts';
import { runtimeError } from './errors.ts';
import { evaluateIntrinsic, isIntrinsic } from './intrinsics.ts';
import { isObject, type Json } from './json.ts';
import { parsePath, readPath, writePath } from './jsonpath.ts';

/** Value of a path that must lead somewhere. `field` names the place in the definition. Throws States.Runtime. */
export function requirePath(text: string, field: string, input: Json, context: Json): Json {
  const path = parsePath(text);
  const value = readPath(path, input, context);
  if (value !== undefined) return value;
  const searched = JSON.stringify(path.ofContext ? context : input);
  throw runtimeError(
    `The JSONPath '${text}' specified for the field '${field}' could not be found in the input '${searched}'`,
  );
}

/** Value of a field that takes a path or an intrinsic function (`ErrorPath`, `x.$`). */
export function evaluate(text: string, field: string, input: Json, context: Json): Json {
  return isIntrinsic(text)
    ? evaluateIntrinsic(text, input, context)
    : requirePath(text, field, input, context);
}

/** A payload template (Parameters, ItemSelector, ResultSelector) with every `name.$` replaced by its value. */
export function fill(template: Json, input: Json, context: Json): Json {
  if (Array.isArray(template)) return template.map((item) => fill(item, input, context));
  if (!isObject(template)) return template;
  return Object.fromEntries(
    Object.entries(template).map(([key, value]) =>
      key.endsWith('.$')
        ? [key.slice(0, -2), evaluate(value as string, key, input, context)]
        : [key, fill(value, input, context)],
    ),
  );
}

/** InputPath: the part of the input that the state sees; `null` stands for an empty object. */
export function selectInput(state: State, input: Json, context: Json): Json {
  if (state.InputPath === null) return {};
  return state.InputPath === undefined ? input : requirePath(state.InputPath, 'InputPath', input, context);
}

/** Parameters over the effective input. */
export function buildParameters(state: State, effective: Json, context: Json): Json {
  return state.Parameters === undefined ? effective : fill(state.Parameters, effective, context);
}

/** ResultSelector and ResultPath: the result joined with the raw input (`ResultPath: null` drops it). */
export function mergeResult(state: State, input: Json, result: Json, context: Json): Json {
  const selected = state.ResultSelector === undefined ? result : fill(state.ResultSelector, result, context);
  if (state.ResultPath === null) return input;
  return writePath(parsePath(state.ResultPath ?? '$'), input, selected);
}

/** OutputPath: the part of the output that the next state gets; `null` stands for an empty object. */
export function selectOutput(state: State, output: Json, context: Json): Json {
  if (state.OutputPath === null) return {};
  return state.OutputPath === undefined
    ? output
    : requirePath(state.OutputPath, 'OutputPath', output, context);
}
