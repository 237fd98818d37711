/** What the operations accept: shapes, names, ARNs and page tokens, refused with AWS's error codes. */
import { z } from 'zod';
import { AwsError } from '../contract.ts';
import { parseArn } from '../runtime/arn.ts';
import { MAX_PAYLOAD_BYTES, parseJson } from './json.ts';

const status = z.enum(['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED']);
const arn = z.string().min(1).max(256);
const maxResults = z.number().int().min(0).max(1000).optional();
const nextToken = z.string().min(1).max(3096).optional();

export const REQUESTS = {
  StartExecution: z.object({
    stateMachineArn: arn,
    name: z.string().min(1).max(80).optional(),
    input: z.string().max(MAX_PAYLOAD_BYTES).optional(),
  }),
  DescribeExecution: z.object({
    executionArn: arn,
    includedData: z.enum(['ALL_DATA', 'METADATA_ONLY']).optional(),
  }),
  StopExecution: z.object({
    executionArn: arn,
    error: z.string().max(256).optional(),
    cause: z.string().max(32_768).optional(),
  }),
  ListExecutions: z.object({ stateMachineArn: arn, statusFilter: status.optional(), maxResults, nextToken }),
  GetExecutionHistory: z.object({
    executionArn: arn,
    maxResults,
    nextToken,
    reverseOrder: z.boolean().optional(),
    includeExecutionData: z.boolean().optional(),
  }),
  DescribeStateMachine: z.object({ stateMachineArn: arn, includedData: z.string().optional() }),
  ListTagsForResource: z.object({ resourceArn: arn }),
};

/** The checked input of an operation. Throws ValidationException. */
export function checkRequest<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new AwsError(
    'ValidationException',
    `1 validation error detected: Value at '${issue.path.join('.')}' failed to satisfy constraint: ${constraint(issue)}`,
  );
}

/** Limits in AWS's words, anything else as zod says it. */
function constraint(issue: z.core.$ZodIssue): string {
  const length =
    'origin' in issue && issue.origin === 'string' ? 'Member must have length' : 'Member must have value';
  if (issue.code === 'too_big') return `${length} less than or equal to ${issue.maximum}`;
  if (issue.code === 'too_small') return `${length} greater than or equal to ${issue.minimum}`;
  return issue.message;
}

/** Throws InvalidArn unless `text` is the ARN of a state machine or an execution. */
export function checkArn(text: string, kind: 'stateMachine' | 'execution'): void {
  const parsed = parseArn(text);
  const parts = parsed?.resource.split(':') ?? [];
  const wanted = kind === 'stateMachine' ? 2 : 3;
  if (parsed?.service !== 'states' || parts[0] !== kind || parts.length < wanted || parts.includes('')) {
    throw new AwsError('InvalidArn', `Invalid Arn: '${text}'`);
  }
}

/** Throws InvalidName for white space, brackets, wildcards, special and control characters. */
export function checkName(name: string): void {
  if (!/^[^\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}\p{Cs}]+$/u.test(name)) {
    throw new AwsError('InvalidName', `Invalid Name: '${name}'`);
  }
}

/** Throws InvalidExecutionInput for more than 262,144 bytes of UTF-8 and for text that is no JSON. */
export function checkInput(input: string): void {
  const fail = (reason: string) =>
    new AwsError('InvalidExecutionInput', `Invalid State Machine Execution Input: '${reason}'`);
  if (Buffer.byteLength(input) > MAX_PAYLOAD_BYTES) {
    throw fail(`the input is larger than ${MAX_PAYLOAD_BYTES} bytes`);
  }
  try {
    parseJson(input);
  } catch (error) {
    throw fail(error instanceof Error ? error.message : 'not JSON');
  }
}

/** A page token: opaque to the caller, valid only for the same question. */
export function writeToken(question: string, position: string): string {
  return Buffer.from(JSON.stringify([question, position])).toString('base64url');
}

/** The position in a page token. Throws InvalidToken for a token that was not made for `question`. */
export function readToken(question: string, token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  try {
    const [asked, position] = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (asked === question && typeof position === 'string') return position;
  } catch {
    throw invalidToken();
  }
  throw invalidToken();
}

const invalidToken = () => new AwsError('InvalidToken', "Invalid Token: 'Invalid token'");
