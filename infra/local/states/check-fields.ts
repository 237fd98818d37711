/** The fields that each state type may have, as zod schemas: whatever is not listed is refused by name. */
import { z } from 'zod';
import { hasPathForm, OPERATORS, operatorOf, parseTimestamp } from './choice-rules.ts';
import type { ChoiceRule, Machine, State } from './definition.ts';
import { isIntrinsic, parseIntrinsic } from './intrinsics.ts';
import { isObject, type Json } from './json.ts';
import { parsePath } from './jsonpath.ts';

type Context = z.core.$RefinementCtx;

function complain(context: Context, message: string, path: PropertyKey[] = []): void {
  context.addIssue({ code: 'custom', message, path: path as (string | number)[] });
}

/** Runs a parser that throws SyntaxError and reports what it says. */
function tryParse(context: Context, parse: () => unknown, path: PropertyKey[] = []): void {
  try {
    parse();
  } catch (error) {
    complain(context, error instanceof Error ? error.message : String(error), path);
  }
}

const path = z.string().superRefine((text, context) => tryParse(context, () => parsePath(text)));
const referencePath = z.string().superRefine((text, context) =>
  tryParse(context, () => {
    if (!parsePath(text).reference) throw new SyntaxError(`'${text}' is not a Reference Path`);
  }),
);
const pathOrIntrinsic = z
  .string()
  .superRefine((text, context) =>
    tryParse(context, () => (isIntrinsic(text) ? parseIntrinsic(text) : parsePath(text))),
  );

function checkTemplate(value: Json, context: Context, at: PropertyKey[]): void {
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) checkTemplate(item, context, [...at, i]);
  } else if (isObject(value)) {
    for (const [key, child] of Object.entries(value)) {
      if (!key.endsWith('.$')) checkTemplate(child, context, [...at, key]);
      else if (typeof child !== 'string') complain(context, 'must be a path or an intrinsic', [...at, key]);
      else
        tryParse(context, () => (isIntrinsic(child) ? parseIntrinsic(child) : parsePath(child)), [
          ...at,
          key,
        ]);
    }
  }
}
const template = z
  .json()
  .superRefine((value, context) => checkTemplate(value as Json, context, []))
  .transform((value) => value as Json);

const seconds = (most: number) => z.number().int().min(1).max(most);
const stateName = z.string().min(1).max(80);
const errorEquals = z.array(z.string().min(1)).min(1);

const retrier = z.strictObject({
  ErrorEquals: errorEquals,
  IntervalSeconds: seconds(99_999_999).optional(),
  MaxAttempts: z.number().int().min(0).max(99_999_999).optional(),
  BackoffRate: z.number().min(1).optional(),
  MaxDelaySeconds: seconds(31_622_399).optional(),
  JitterStrategy: z.enum(['FULL', 'NONE']).optional(),
});
const catcher = z.strictObject({
  ErrorEquals: errorEquals,
  ResultPath: referencePath.nullable().optional(),
  Next: stateName,
  Comment: z.string().optional(),
});

/** States.ALL must stand alone and in the last entry. */
function allComesLast(entries: { ErrorEquals: string[] }[], context: Context): void {
  entries.forEach(({ ErrorEquals }, i) => {
    if (!ErrorEquals.includes('States.ALL')) return;
    if (ErrorEquals.length > 1 || i < entries.length - 1) {
      complain(context, 'States.ALL must appear alone and in the last entry', [i, 'ErrorEquals']);
    }
  });
}

const queryLanguage = z
  .literal('JSONPath', {
    error: (issue) => `the query language ${JSON.stringify(issue.input)} is not emulated`,
  })
  .optional();
const comment = { Comment: z.string().optional(), QueryLanguage: queryLanguage };
const inputOutput = { InputPath: path.nullable().optional(), OutputPath: path.nullable().optional() };
const transition = { Next: stateName.optional(), End: z.literal(true).optional() };
const result = { Parameters: template.optional(), ResultPath: referencePath.nullable().optional() };
const failing = {
  ResultSelector: template.optional(),
  Retry: z.array(retrier).superRefine(allComesLast).optional(),
  Catch: z.array(catcher).superRefine(allComesLast).optional(),
};

const rule: z.ZodType<ChoiceRule> = z.lazy(() =>
  z
    .looseObject({
      Comment: z.string().optional(),
      Next: stateName.optional(),
      And: z.array(rule).min(1).optional(),
      Or: z.array(rule).min(1).optional(),
      Not: rule.optional(),
      Variable: path.optional(),
    })
    .superRefine((value, context) => {
      const finding = ruleFinding(value as ChoiceRule);
      if (finding) complain(context, finding);
    }),
);

/** What is wrong with a rule, seen without the rules inside it. */
function ruleFinding(value: ChoiceRule): string | undefined {
  const operator = operatorOf(value);
  const others = Object.keys(value).filter((key) => !['Variable', 'Next', 'Comment', operator].includes(key));
  if (operator === '' || others.length > 0) return 'needs exactly one operator';
  const nested = ['And', 'Or', 'Not'].includes(operator);
  if (nested === (value.Variable !== undefined)) {
    return nested ? 'has a Variable beside And, Or or Not' : 'needs a Variable';
  }
  if (nested) return undefined;
  const operand = value[operator] as Json;
  const base = operator.endsWith('Path') ? operator.slice(0, -'Path'.length) : operator;
  if (operator !== base && OPERATORS.has(base) && hasPathForm(base)) {
    return typeof operand === 'string' && isPath(operand) ? undefined : `${operator} needs a path`;
  }
  if (operator !== 'IsPresent' && !OPERATORS.has(operator))
    return `unknown comparison operator '${operator}'`;
  return operandFits(operator, operand) ? undefined : `${operator} needs a value of its type`;
}

function isPath(text: string): boolean {
  return path.safeParse(text).success;
}

function operandFits(operator: string, operand: Json): boolean {
  if (operator.startsWith('Is') || operator.startsWith('Boolean')) return typeof operand === 'boolean';
  if (operator.startsWith('Numeric')) return typeof operand === 'number';
  if (operator.startsWith('Timestamp')) return parseTimestamp(operand) !== undefined;
  return typeof operand === 'string';
}

const lazyMachine: z.ZodType<Machine> = z.lazy(() => machine);
const processor: z.ZodType<Machine> = z.lazy(() =>
  machine.extend({
    ProcessorConfig: z
      .strictObject({ Mode: z.literal('INLINE', { error: 'a DISTRIBUTED Map is not emulated' }) })
      .optional(),
  }),
);

const STATES = [
  z.strictObject({
    Type: z.literal('Task'),
    ...comment,
    ...inputOutput,
    ...transition,
    ...result,
    ...failing,
    Resource: z.string(),
    TimeoutSeconds: seconds(99_999_999).optional(),
    TimeoutSecondsPath: path.optional(),
    HeartbeatSeconds: seconds(99_999_999).optional(),
    HeartbeatSecondsPath: path.optional(),
  }),
  z.strictObject({
    Type: z.literal('Pass'),
    ...comment,
    ...inputOutput,
    ...transition,
    ...result,
    Result: z.json().optional(),
  }),
  z.strictObject({
    Type: z.literal('Choice'),
    ...comment,
    ...inputOutput,
    Choices: z.array(rule).min(1),
    Default: stateName.optional(),
  }),
  z.strictObject({
    Type: z.literal('Wait'),
    ...comment,
    ...inputOutput,
    ...transition,
    Seconds: z.number().int().min(0).max(31_536_000).optional(),
    SecondsPath: path.optional(),
    Timestamp: z
      .string()
      .refine((text) => parseTimestamp(text) !== undefined, { error: 'is no RFC 3339 timestamp' })
      .optional(),
    TimestampPath: path.optional(),
  }),
  z.strictObject({ Type: z.literal('Succeed'), ...comment, ...inputOutput }),
  z.strictObject({
    Type: z.literal('Fail'),
    ...comment,
    Error: z.string().optional(),
    ErrorPath: pathOrIntrinsic.optional(),
    Cause: z.string().optional(),
    CausePath: pathOrIntrinsic.optional(),
  }),
  z.strictObject({
    Type: z.literal('Parallel'),
    ...comment,
    ...inputOutput,
    ...transition,
    ...result,
    ...failing,
    Branches: z.array(lazyMachine).min(1),
  }),
  z.strictObject({
    Type: z.literal('Map'),
    ...comment,
    ...inputOutput,
    ...transition,
    ...result,
    ...failing,
    ItemsPath: path.optional(),
    ItemSelector: template.optional(),
    MaxConcurrency: z.number().int().min(0).optional(),
    MaxConcurrencyPath: path.optional(),
    ItemProcessor: processor.optional(),
    Iterator: processor.optional(),
  }),
] as const;

const state = z.discriminatedUnion('Type', STATES) as unknown as z.ZodType<State>;

const machine = z.strictObject({
  Comment: z.string().optional(),
  QueryLanguage: queryLanguage,
  StartAt: stateName,
  States: z.record(stateName, state),
});

/** A whole definition: the only place where Version and TimeoutSeconds may stand. */
export const definitionSchema = machine.extend({
  Version: z.literal('1.0').optional(),
  TimeoutSeconds: seconds(99_999_999).optional(),
});
