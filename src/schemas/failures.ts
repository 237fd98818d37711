/**
 * Every way a job can fail, as data: who must act and what they should do.
 * The worker throws these codes, the state machine carries them, the broker stores and shows them.
 * Shared bridge: `compute/`, `services/` and the stack functions may all import this file.
 */
export type Actor = 'user' | 'unit_owner' | 'operator';

export interface FailureInfo {
  /** Who has to do something about it. */
  readonly actor: Actor;
  /** What that person should do, in one or two sentences. */
  readonly remedy: string;
}

export const FAILURES = {
  // --- the job document and its inputs -------------------------------------------------------------
  bad_options: {
    actor: 'user',
    remedy: 'Correct the option named in the message and submit the job again.',
  },
  input_not_found: {
    actor: 'user',
    remedy: 'Upload the file again and submit a new job; check that it was not deleted meanwhile.',
  },
  input_unreadable: {
    actor: 'user',
    remedy: 'Use an ISMRMRD .h5 or a Siemens TWIX .dat file straight from the scanner, completely copied.',
  },
  unsupported_sequence: {
    actor: 'user',
    remedy: 'Measure with a Cartesian sequence without ramp sampling (for example a gradient echo).',
  },
  noise_missing: {
    actor: 'user',
    remedy: 'Add a noise scan (same protocol without RF), or use a file that contains its noise measurement.',
  },
  noise_mismatch: {
    actor: 'user',
    remedy: 'Use a noise scan measured with the same coils, all of them switched on, as the signal scan.',
  },
  // --- the run --------------------------------------------------------------------------------------
  worker_oom: {
    actor: 'user',
    remedy: 'Retry the job on Fargate (`platform` of the retry), or reduce slices or replicas.',
  },
  worker_timeout: {
    actor: 'user',
    remedy: 'Retry the job on Fargate (`platform` of the retry), or reduce slices or replicas.',
  },
  canceled: { actor: 'user', remedy: 'Submit the job again if it is still wanted.' },
  image_pull: {
    actor: 'unit_owner',
    remedy:
      'Check that the image exists under its tag or digest, in the region of the stack, and deploy the current stack again.',
  },
  no_network: {
    actor: 'unit_owner',
    remedy:
      'Run the tasks in public subnets that give addresses (MapPublicIpOnLaunch=true and a route to an internet gateway), or in private ones with a NAT gateway; name such subnets when the stack is deployed.',
  },
  no_capacity: {
    actor: 'unit_owner',
    remedy:
      'Wait and retry, or ask AWS to raise the Fargate vCPU or Lambda concurrency quota of the account.',
  },
  quota_fargate_vcpu: {
    actor: 'unit_owner',
    remedy:
      'Ask AWS to raise the quota "Fargate On-Demand vCPU resource count" of the account (https://console.aws.amazon.com/servicequotas/home/services/fargate/quotas/L-3032A538), or wait until other tasks have ended, and retry.',
  },
  preempted: { actor: 'user', remedy: 'The platform stopped the task. Submit the job again.' },
  storage_denied: {
    actor: 'unit_owner',
    remedy: "Allow the worker's role to read the data bucket and to write the results and failed buckets.",
  },
  worker_error: {
    actor: 'operator',
    remedy: 'This is a defect of the worker. Send the failure bundle of the job to support.',
  },
  // --- the computing unit ---------------------------------------------------------------------------
  unit_trust_broken: {
    actor: 'unit_owner',
    remedy:
      "Let the role's trust policy name the broker's role and require the external ID shown for this computing unit.",
  },
  unit_wrong_account: {
    actor: 'unit_owner',
    remedy: 'Register a role, a state machine and buckets that all belong to the same AWS account.',
  },
  unit_permission_missing: {
    actor: 'unit_owner',
    remedy:
      'Update the Mode 2 stack, so that the cross-account role has the permissions of the current template.',
  },
  unit_not_found: {
    actor: 'unit_owner',
    remedy: 'The state machine or a bucket is gone. Deploy the stack again and register the computing unit.',
  },
  unit_paused: {
    actor: 'unit_owner',
    remedy: 'Open the computing unit again (POST /api/computing-unit/{id}/resume), then retry the job.',
  },
  unit_pending: {
    actor: 'unit_owner',
    remedy:
      'The computing unit was changed and is not proven: finish its registration (see its `missing` list), then retry the job.',
  },
  unit_changed: {
    actor: 'user',
    remedy: 'Upload the files again to the computing unit as it is now, and submit a new job.',
  },
  unit_not_shared: {
    actor: 'user',
    remedy: 'Ask the owner of the computing unit to share it again, or submit the job to another one.',
  },
  session_expired: {
    actor: 'operator',
    remedy: "Check the broker's clock and the session duration of the role, then retry the job.",
  },
  clock_skew: {
    actor: 'operator',
    remedy: "Set the broker's clock by NTP: AWS refuses its signatures. Then retry the job.",
  },
  // --- settling -------------------------------------------------------------------------------------
  result_missing: {
    actor: 'operator',
    remedy: 'The run succeeded but left no result. Retry the job; if it repeats, send its id to support.',
  },
  result_corrupt: {
    actor: 'operator',
    remedy: 'The stored result differs from what the worker wrote. Retry the job.',
  },
  name_conflict: {
    actor: 'operator',
    remedy: 'Another execution already has the name of this job. Retry the job: the retry gets a new name.',
  },
  lost: {
    actor: 'operator',
    remedy: 'Step Functions no longer knows the execution. Retry the job.',
  },
} as const satisfies Record<string, FailureInfo>;

export type FailureCode = keyof typeof FAILURES;

/** What workers of earlier releases say, which go on running in the stacks of others. */
const FORMER: ReadonlyMap<unknown, FailureCode> = new Map([
  ['out_of_memory', 'worker_oom'],
  ['timeout', 'worker_timeout'],
]);

/** The stable failure code that `code` is, or was called before; undefined if it is none. */
export function failureCodeOf(code: unknown): FailureCode | undefined {
  if (typeof code === 'string' && Object.hasOwn(FAILURES, code)) return code as FailureCode;
  return FORMER.get(code);
}
