/** In which part of the way a failure happened, in the words in which users look for help. */
import type { FailureCode } from './failures.ts';

export const FAILURE_PHASES = {
  deployment_fails: 'Deployment fails',
  jobs_not_starting: 'Jobs not starting',
  jobs_failing: 'Jobs failing',
  results_not_appearing: 'Results not appearing',
} as const;
export type FailurePhase = keyof typeof FAILURE_PHASES;

/** What is in neither list happens while a job runs. */
const STARTING = new Set<FailureCode>([
  'unit_trust_broken',
  'unit_wrong_account',
  'unit_permission_missing',
  'unit_not_found',
  'unit_paused',
  'unit_pending',
  'unit_changed',
  'unit_not_shared',
  'session_expired',
  'clock_skew',
  'name_conflict',
  'image_pull',
  'no_network',
  'no_capacity',
  'quota_fargate_vcpu',
]);
const SETTLING = new Set<FailureCode>(['result_missing', 'result_corrupt', 'lost']);

/** The phase of a failure of a job. */
export function phaseOf(code: FailureCode): FailurePhase {
  if (STARTING.has(code)) return 'jobs_not_starting';
  return SETTLING.has(code) ? 'results_not_appearing' : 'jobs_failing';
}
