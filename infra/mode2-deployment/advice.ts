/** Why a resource of a stack could not be made, and what to do: CloudFormation's sentences, in our words. */
import { type DeployFailure, failure, type ProblemCode } from './failure.ts';
import type { StackEvent } from './stack.ts';

/** The first that fits counts. */
const ADVICE: readonly [pattern: RegExp, code: ProblemCode, remedy?: string][] = [
  [/MemorySize.*(3008|less than or equal)/i, 'lambda_memory_cap'],
  [/BucketAlreadyExists|bucket.*already exists/i, 'bucket_taken'],
  [
    /already exists/i,
    'stack_failed',
    'Something of this name is left of an earlier stack, or belongs to another one. Choose another --stack-name, or delete what is named.',
  ],
  [/not authorized|AccessDenied|UnauthorizedOperation|is unable to assume/i, 'permission_missing'],
  [/limit exceeded|LimitExceeded|quota|TooMany|maximum number/i, 'quota_reached'],
  [/image .*(not exist|not found)|ImageNotFound|repository .*(not exist|not found)/i, 'image_missing'],
  [
    /challenge_used|enrolment|enrollment/i,
    'registration_failed',
    'The code for the registration is good for 10 minutes and once. Run the same command again: it takes a new one.',
  ],
  [
    /ownership_refused|clock_skew|trust_unsafe|not_allowed|cloudmr|registration|broker/i,
    'registration_failed',
  ],
  [/subnet.*(not exist|not found|InvalidSubnet)/i, 'subnet_wrong'],
  [
    /service.?linked role|AWSServiceRoleForECS/i,
    'stack_failed',
    'ECS was never used in this account: run `aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com`, then this again.',
  ],
];

/** The failure that a stack ended by. `first` is the event that all others follow from. */
export function adviceFor(first: StackEvent | undefined, status: string): DeployFailure {
  if (!first) return failure('stack_failed', `it ended as ${status}`);
  const reason = first.ResourceStatusReason ?? 'without a reason';
  const found = ADVICE.find(([pattern]) => pattern.test(reason));
  const where = `${first.LogicalResourceId} (${first.ResourceType})`;
  return failure(found?.[1] ?? 'stack_failed', `the first that failed was ${where}: ${reason}`, found?.[2]);
}
