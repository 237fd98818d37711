/**
 * From an error of Step Functions to a failure code: what Lambda, ECS and Step Functions say when a run
 * ends without the worker having said why.
 */
import type { RunFailure } from '../src/schemas/execution.ts';
import { FAILURES, type FailureCode, failureCodeOf } from '../src/schemas/failures.ts';
import { textWithoutSecrets } from './redact.ts';

/** `$.error` of a Catch. */
export interface StateError {
  readonly Error?: string;
  readonly Cause?: string;
}

interface Rule {
  readonly code: FailureCode;
  /** Matched against the error name, a line break, and the texts of the cause. */
  readonly pattern: RegExp;
  /** What says that it is something else after all. */
  readonly unless?: RegExp;
  readonly message: string;
  /** What AWS said is added: it names the image, or what the registry says of it. */
  readonly quotes?: true;
}

/** First match wins: what names a cause stands before what names only a kind. */
const RULES: readonly Rule[] = [
  {
    code: 'worker_oom',
    // 137, killed: by the kernel. 134, aborted: by V8, whose heap was full.
    pattern: /OutOfMemory|out of memory|\bexit(ed)?\b.*\b13[47]\b|signal: (killed|aborted)|JavaScript heap/i,
    message: 'The run was ended because it needed more memory than its platform has.',
  },
  {
    // Words of the ECS agent, which meets the network first: for the registry, before any container runs.
    code: 'no_network',
    pattern:
      /registry auth|task network configuration|dial tcp|i\/o timeout|waiting for connection|context deadline exceeded|InvalidSubnet|subnet ID .*does not exist/i,
    unless: /AccessDenied|not authorized/i,
    message:
      'The image could not be pulled: the subnets of the task give it no way to the container registry (ECR).',
  },
  {
    code: 'image_pull',
    pattern: /CannotPullContainer|CannotPullImage|pull image|ImageNotFound|manifest.*not found/i,
    message: 'The container image of the worker could not be pulled from its registry (ECR)',
    quotes: true,
  },
  {
    code: 'preempted',
    pattern:
      /SpotInterruption|TerminationNotice|Host EC2|HostStop|host .*(stop|terminat)|Task stopped by|UserInitiated|ServiceSchedulerInitiated/i,
    message: 'The platform stopped the task.',
  },
  {
    code: 'quota_fargate_vcpu',
    pattern: /limit on the number of (tasks|vCPUs)|vCPU/i,
    message: 'The account may not run more vCPUs on Fargate at once.',
  },
  {
    code: 'no_capacity',
    pattern:
      /Capacity is unavailable|capacity|RESOURCE:|TooManyRequests|Throttling|ConcurrentInvocationLimit/i,
    message: 'The platform had no room for the run.',
  },
  {
    code: 'worker_timeout',
    pattern: /^States\.(Timeout|HeartbeatTimeout)|Task timed out|Sandbox\.Timedout|timed out after/i,
    message: 'The run took longer than its platform allows.',
  },
  {
    code: 'unit_permission_missing',
    pattern: /AccessDenied|not authorized to perform|States\.Permissions/i,
    message: 'The state machine lacks a permission.',
  },
  {
    code: 'unit_not_found',
    pattern: /ResourceNotFound|ClusterNotFound|TaskDefinition.*(not found|inactive)|Function not found/i,
    message: 'A resource of the computing unit is gone.',
  },
];

/** The failure behind a caught error. */
export function classifyFailure(error: StateError | undefined): RunFailure {
  const name = error?.Error ?? '';
  const cause = readCause(error?.Cause ?? '');
  const code = failureCodeOf(name);
  if (code) return failureOf(code, cause.message ?? 'The worker gave no details.');
  const text = `${name}\n${cause.texts.join('\n')}`;
  const rule = RULES.find(({ pattern, unless }) => pattern.test(text) && !unless?.test(text));
  const details = cause.message ?? cause.texts.join(' ');
  if (rule) return failureOf(rule.code, rule.quotes ? `${rule.message}: ${details}` : rule.message);
  return failureOf(
    'worker_error',
    [name, details].filter(Boolean).join(': ') || 'The run failed without a reason.',
  );
}

export function failureOf(code: FailureCode, message: string): RunFailure {
  return { code, message: textWithoutSecrets(message).slice(0, 1000), remedy: FAILURES[code].remedy };
}

/** What a cause says: of a Lambda its errorMessage, of an ECS task why it and its containers stopped. */
function readCause(cause: string): { message: string | undefined; texts: string[] } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(cause);
  } catch {
    return { message: undefined, texts: [cause] };
  }
  if (parsed === null || typeof parsed !== 'object') return { message: undefined, texts: [cause] };
  const { errorType, errorMessage, StopCode, StoppedReason, Containers } = parsed as Record<string, unknown>;
  const containers = Array.isArray(Containers) ? (Containers as Record<string, unknown>[]) : [];
  const texts = [errorType, errorMessage, StopCode, StoppedReason]
    .concat(
      containers.flatMap(({ ExitCode, Reason }) => [
        ExitCode === undefined ? '' : `exit ${ExitCode}`,
        Reason,
      ]),
    )
    .filter((text): text is string => typeof text === 'string' && text !== '');
  return { message: typeof errorMessage === 'string' ? errorMessage : undefined, texts };
}
