/** Whether a definition can run here. What is not emulated is refused by name when its stack is applied. */
import { AwsError } from '../contract.ts';
import { definitionSchema } from './check-fields.ts';
import type { Machine, State } from './definition.ts';
import { integrationOf, type Shape } from './integrations.ts';
import { isObject, type Json, parseJson } from './json.ts';

/** Largest definition, bytes. */
const MAX_DEFINITION = 1_048_576;

/**
 * Checks a definition (JSON text or parsed). Throws InvalidDefinition with all findings, each with its place.
 */
export function checkDefinition(definition: unknown): void {
  const parsed = definitionSchema.safeParse(typeof definition === 'string' ? parse(definition) : definition);
  const findings = parsed.success
    ? [...graphFindings(parsed.data as Machine, '', new Set())]
    : parsed.error.issues.map((issue) => `${issue.message} at /${issue.path.map(String).join('/')}`);
  if (findings.length === 0) return;
  throw invalid(findings.slice(0, 10).join('; '));
}

function invalid(reason: string): AwsError {
  return new AwsError('InvalidDefinition', `Invalid State Machine Definition: '${reason}'`);
}

function parse(text: string): unknown {
  if (Buffer.byteLength(text) > MAX_DEFINITION) throw invalid(`more than ${MAX_DEFINITION} bytes`);
  try {
    return parseJson(text);
  } catch (error) {
    throw invalid(`INVALID_JSON_DESCRIPTION: ${error instanceof Error ? error.message : error}`);
  }
}

/** What schemas cannot say: every transition leads somewhere, every state is reached, fields fit together. */
function* graphFindings(machine: Machine, at: string, names: Set<string>): Generator<string> {
  const { States, StartAt } = machine;
  const here = `${at}/States`;
  if (!Object.hasOwn(States, StartAt)) yield `StartAt names no state: '${StartAt}' at ${at}/StartAt`;
  const reached = new Set<string>([StartAt]);
  for (const name of reached) {
    for (const target of Object.hasOwn(States, name) ? targets(States[name]) : []) reached.add(target);
  }
  for (const [name, state] of Object.entries(States)) {
    const place = `${here}/${name}`;
    if (names.has(name)) yield `the state name '${name}' is used twice at ${place}`;
    names.add(name);
    if (!reached.has(name)) yield `the state is never reached at ${place}`;
    for (const target of targets(state)) {
      if (!Object.hasOwn(States, target)) yield `there is no state '${target}' to go to at ${place}`;
    }
    yield* stateFindings(state, place);
    for (const [field, child] of children(state)) yield* graphFindings(child, `${place}/${field}`, names);
  }
}

function targets(state: State): string[] {
  const named = [state.Next, ...(state.Catch ?? []).map((entry) => entry.Next)];
  if (state.Type === 'Choice') named.push(state.Default, ...state.Choices.map((rule) => rule.Next));
  return named.filter((name) => name !== undefined);
}

function children(state: State): [field: string, machine: Machine][] {
  if (state.Type === 'Parallel') return state.Branches.map((branch, i) => [`Branches/${i}`, branch]);
  if (state.Type !== 'Map') return [];
  return [state.ItemProcessor, state.Iterator]
    .filter((m) => m !== undefined)
    .map((m) => ['ItemProcessor', m]);
}

const count = (...values: unknown[]): number => values.filter((value) => value !== undefined).length;

function* stateFindings(state: State, at: string): Generator<string> {
  if (!['Choice', 'Succeed', 'Fail'].includes(state.Type) && count(state.Next, state.End) !== 1) {
    yield `needs either Next or End at ${at}`;
  }
  switch (state.Type) {
    case 'Choice':
      for (const [i, rule] of state.Choices.entries()) {
        if (rule.Next === undefined) yield `a choice needs Next at ${at}/Choices/${i}`;
        if (nestedNext(rule)) yield `only the outermost rule may have Next at ${at}/Choices/${i}`;
      }
      break;
    case 'Wait':
      if (count(state.Seconds, state.SecondsPath, state.Timestamp, state.TimestampPath) !== 1) {
        yield `needs one of Seconds, SecondsPath, Timestamp and TimestampPath at ${at}`;
      }
      break;
    case 'Fail':
      if (count(state.Error, state.ErrorPath) > 1) yield `has both Error and ErrorPath at ${at}`;
      if (count(state.Cause, state.CausePath) > 1) yield `has both Cause and CausePath at ${at}`;
      break;
    case 'Map':
      if (count(state.ItemProcessor, state.Iterator) !== 1) yield `needs an ItemProcessor at ${at}`;
      if (count(state.ItemSelector, state.Parameters) > 1)
        yield `has both ItemSelector and Parameters at ${at}`;
      if (count(state.MaxConcurrency, state.MaxConcurrencyPath) > 1) {
        yield `has both MaxConcurrency and MaxConcurrencyPath at ${at}`;
      }
      break;
    case 'Task':
      for (const field of ['TimeoutSeconds', 'HeartbeatSeconds'] as const) {
        if (count(state[field], state[`${field}Path`]) > 1)
          yield `has both ${field} and ${field}Path at ${at}`;
      }
      if ((state.HeartbeatSeconds ?? 0) >= (state.TimeoutSeconds ?? Number.POSITIVE_INFINITY)) {
        yield `HeartbeatSeconds must be smaller than TimeoutSeconds at ${at}`;
      }
      yield* resourceFindings(state.Resource, state.Parameters, at);
  }
}

function nestedNext(rule: { And?: object[]; Or?: object[]; Not?: object }): boolean {
  return [...(rule.And ?? []), ...(rule.Or ?? []), ...(rule.Not ? [rule.Not] : [])].some(
    (part) => 'Next' in part || nestedNext(part),
  );
}

function* resourceFindings(resource: string, parameters: Json | undefined, at: string): Generator<string> {
  const integration = integrationOf(resource);
  if (!integration) {
    yield `the resource '${resource}' is not emulated at ${at}/Resource`;
    return;
  }
  if (integration.parameters === true) return;
  for (const field of integration.required) {
    if (!isObject(parameters) || !(field in parameters || `${field}.$` in parameters)) {
      yield `the field '${field}' is required at ${at}/Parameters`;
    }
  }
  yield* shapeFindings(parameters ?? {}, integration.parameters, `${at}/Parameters`);
}

/** Fields of a template that the service does not know. */
function* shapeFindings(value: Json, shape: Shape, at: string): Generator<string> {
  if (shape === true) return;
  if (Array.isArray(shape)) {
    for (const [i, item] of (Array.isArray(value) ? value : []).entries()) {
      yield* shapeFindings(item, shape[0], `${at}/${i}`);
    }
  } else if (isObject(value)) {
    for (const [key, child] of Object.entries(value)) {
      const field = key.replace(/\.\$$/, '');
      if (!Object.hasOwn(shape, field)) yield `the field '${field}' is not emulated at ${at}`;
      else if (field === key) yield* shapeFindings(child, shape[field], `${at}/${key}`);
    }
  }
}
