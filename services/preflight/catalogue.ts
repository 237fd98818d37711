/**
 * Every check of a computing unit, as data: what must be done when it fails, and by whom. The order is the one
 * in which the checks are shown.
 */
import type { UnitCheck } from '../../src/schemas/unit.ts';

interface CheckInfo {
  readonly remedy: string;
  readonly actor: 'user' | 'unit_owner' | 'operator';
}

export const CHECKS = {
  reachable: {
    actor: 'operator',
    remedy:
      'AWS does not answer. The broker asks again by itself; nothing has to be done unless it lasts. If the region is one that accounts have to enable, see that it is enabled in the account of the unit.',
  },
  ownership_proof: {
    actor: 'unit_owner',
    remedy:
      'Ask for a challenge (POST /api/computing-unit/challenges), sign it with credentials of the account, and register again with the proof.',
  },
  registration: {
    actor: 'unit_owner',
    remedy: 'Complete the registration: send it again with the value that is named.',
  },
  assume_role: {
    actor: 'unit_owner',
    remedy:
      "Let the role's trust policy name the broker's role and require the external ID shown for this computing unit.",
  },
  external_id_required: {
    actor: 'unit_owner',
    remedy:
      'Require the external ID in the trust policy of the role: without it, anybody could have the broker enter your account.',
  },
  session_policy: {
    actor: 'operator',
    remedy:
      'The names of the resources are too long for a session policy. Deploy the stack with a shorter name.',
  },
  source_identity: {
    actor: 'unit_owner',
    remedy:
      'Deploy the current stack again: its role also allows sts:SetSourceIdentity, so that your CloudTrail names the person behind each session.',
  },
  region: {
    actor: 'unit_owner',
    remedy:
      'Deploy one stack in one region, and register that region with the state machine and the buckets of this stack.',
  },
  state_machine: {
    actor: 'unit_owner',
    remedy: 'Deploy the current stack again, and register the state machine that it names.',
  },
  machine_tags: {
    actor: 'unit_owner',
    remedy:
      'Deploy the current stack again: it tags the state machine, and its role also allows states:ListTagsForResource. Jobs do not depend on it; whoever looks for what belongs to CloudMR, or what it costs, does.',
  },
  execution_list: {
    actor: 'unit_owner',
    remedy:
      'Deploy the current stack again: its role also allows states:ListExecutions, by which the broker sees many jobs at once and finds runs that nobody waits for. Until then it asks for each job by itself.',
  },
  data_bucket: {
    actor: 'unit_owner',
    remedy: 'Register a bucket of this account and region, and let the role read, write and delete in it.',
  },
  results_bucket: {
    actor: 'unit_owner',
    remedy: 'Register a bucket of this account and region, and let the role read, write and delete in it.',
  },
  failed_bucket: {
    actor: 'unit_owner',
    remedy: 'Register a bucket of this account and region, and let the role read, write and delete in it.',
  },
  outside_prefix: {
    actor: 'unit_owner',
    remedy: "Limit the role's object permissions to the prefix of the app, as the current template does.",
  },
  bucket_settings: {
    actor: 'unit_owner',
    remedy: 'Block public access, keep encryption on, and refuse requests without TLS by a bucket policy.',
  },
  presigned_get: {
    actor: 'unit_owner',
    remedy:
      "Let the bucket's CORS rules name each address that is said: update the stack with all of them in CorsOrigins.",
  },
  presigned_put: {
    actor: 'unit_owner',
    remedy:
      "Let the data bucket's CORS rules name each address that is said, allow PUT with any header, and expose ETag: update the stack with all of them in CorsOrigins.",
  },
  console_cors: {
    actor: 'unit_owner',
    remedy:
      "Let the CORS rules of the buckets name the broker's own address too, allow GET and PUT with any header, and expose ETag: deploy the current stack again, or add the address to CorsOrigins.",
  },
  clock: {
    actor: 'operator',
    remedy: "Set the broker's clock by NTP: AWS refuses signatures that are more than 5 minutes off.",
  },
  quotas: {
    actor: 'unit_owner',
    remedy:
      'Ask AWS Support to raise the Lambda quota that is named for this account and region, then deploy the current stack again, which asks for that much.',
  },
  account_quotas: {
    actor: 'unit_owner',
    remedy:
      'Ask AWS for more in this region: the command does, run with credentials of the account; small requests are granted within minutes, others within days. Until then large jobs, or some at once, wait or fail with `quota_fargate_vcpu`.',
  },
  image: {
    actor: 'unit_owner',
    remedy: 'Redeploy the stack of this release: it brings the released worker.',
  },
  image_digest: {
    actor: 'unit_owner',
    remedy:
      'Deploy the current stack again, with another text in ImageRefresh: it pins the images that are released and signed now. If you have chosen this image yourself, nothing has to be done.',
  },
  privileges: {
    actor: 'unit_owner',
    remedy: 'Deploy the current stack again: the role needs less than it has.',
  },
  canary_run: {
    actor: 'unit_owner',
    remedy: 'Look at the failure of the test job; it says what the worker was missing.',
  },
  canary_callback: {
    actor: 'unit_owner',
    remedy: "Let the worker reach the broker over HTTPS: give its subnets a route to the broker's address.",
  },
  canary_download: {
    actor: 'unit_owner',
    remedy: 'Let the role read the results bucket under the prefix of the app.',
  },
  canary_snr: {
    actor: 'operator',
    remedy: 'The worker computes something else than this release: deploy the current stack again.',
  },
  canary_cancel: {
    actor: 'unit_owner',
    remedy: 'Let the role stop executions of its state machine (states:StopExecution).',
  },
} as const satisfies Record<string, CheckInfo>;

export type CheckCode = keyof typeof CHECKS;

export function passed(code: CheckCode, evidence: string, at: number): UnitCheck {
  return { code, status: 'passed', evidence, at };
}

/** What can be pasted: a policy statement into the role, a command into a shell of the account. */
export interface CheckFix {
  readonly policy?: object | undefined;
  readonly command?: string;
}

/** Could not be asked, for a reason that is nobody's fault. */
export function skipped(code: CheckCode, evidence: string, at: number, fix?: CheckFix): UnitCheck {
  return { code, status: 'skipped', evidence, ...pasted(fix), at };
}

export function failed(code: CheckCode, evidence: string, at: number, fix?: CheckFix): UnitCheck {
  return notPassed('failed', code, evidence, at, fix);
}

/** Jobs run nevertheless. */
export function warning(code: CheckCode, evidence: string, at: number, fix?: CheckFix): UnitCheck {
  return notPassed('warning', code, evidence, at, fix);
}

function notPassed(
  status: 'failed' | 'warning',
  code: CheckCode,
  evidence: string,
  at: number,
  fix?: CheckFix,
): UnitCheck {
  const { remedy, actor } = CHECKS[code];
  return { code, status, evidence, remedy, actor, ...pasted(fix), at };
}

function pasted({ policy, command }: CheckFix = {}): Pick<UnitCheck, 'policy' | 'command'> {
  return { ...(policy && { policy: JSON.stringify(policy) }), ...(command && { command }) };
}

const ORDER = Object.keys(CHECKS);

/**
 * In the order of the catalogue; of each code the later finding counts, whichever round is stored first.
 */
export function merged(older: readonly UnitCheck[] | undefined, newer: readonly UnitCheck[]): UnitCheck[] {
  const byCode = new Map<string, UnitCheck>();
  for (const check of [...(older ?? []), ...newer]) {
    if (check.at >= (byCode.get(check.code)?.at ?? 0)) byCode.set(check.code, check);
  }
  return [...byCode.values()].sort((a, b) => ORDER.indexOf(a.code) - ORDER.indexOf(b.code));
}
