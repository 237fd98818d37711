/** Formats of everything that names something. */
import { z } from 'zod';

export const accountId = z.string().regex(/^\d{12}$/, 'must be a 12-digit AWS account id');
export const region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be an AWS region such as us-east-1');
export const roleArn = z
  .string()
  .max(2048)
  .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/, 'must be the ARN of an IAM role');
export const stateMachineArn = z
  .string()
  .max(2048)
  .regex(
    /^arn:aws[a-z-]*:states:[a-z0-9-]+:\d{12}:stateMachine:[\w-]{1,80}$/,
    'must be the ARN of a Step Functions state machine',
  );
export const bucketName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of an S3 bucket');
/** ULIDs, as the broker makes them. */
export const ulid = z.string().regex(/^[0-9A-HJKMNP-TV-Z]{26}$/, 'must be an id made by the broker');

/** Account id in an ARN, or undefined. */
export function accountOfArn(arn: string): string | undefined {
  return /^arn:[^:]+:[^:]+:[^:]*:(\d{12}):/.exec(arn)?.[1];
}

/** `aws`, `aws-cn` ...; empty for what is no ARN. */
export function partitionOf(arn: string): string {
  return arn.split(':')[1] ?? '';
}

/** Region in an ARN, or undefined. */
export function regionOfArn(arn: string): string | undefined {
  return /^arn:[^:]+:[^:]+:([^:]+):/.exec(arn)?.[1];
}
