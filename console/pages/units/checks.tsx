/** What the checks of a unit have found: evidence, remedy, who must act, and the line to paste. */
import type { Check } from '../../lib/api.ts';
import { actorName, when } from '../../lib/format.ts';
import { Badge, Copyable } from '../../ui/parts.tsx';

const NAMES: Record<string, string> = {
  reachable: 'AWS answers',
  ownership_proof: 'The account is proven',
  registration: 'The registration is complete',
  assume_role: 'The broker may enter',
  external_id_required: 'Nobody may enter without the external ID',
  session_policy: 'Each session is limited to what it needs',
  source_identity: 'CloudTrail says for whom the broker acts',
  region: 'All lies in one region',
  state_machine: 'State machine',
  machine_tags: 'Tags of the state machine',
  data_bucket: 'Data bucket',
  results_bucket: 'Results bucket',
  failed_bucket: 'Bucket of failed jobs',
  outside_prefix: 'Nothing outside the prefix of the app',
  bucket_settings: 'Buckets are private and encrypted',
  execution_list: 'The broker sees what runs',
  presigned_get: 'Browsers may read results',
  presigned_put: 'Browsers may send files',
  console_cors: 'This console may send files and read',
  clock: 'Clocks agree',
  quotas: 'Limits of the function',
  account_quotas: 'Quotas of the account',
  image: 'Released worker',
  image_digest: 'Released image of the worker',
  privileges: 'The role has no more rights than it needs',
  canary_run: 'Test job: runs',
  canary_callback: 'Test job: reports',
  canary_download: 'Test job: result can be fetched',
  canary_snr: 'Test job: SNR is right',
  canary_cancel: 'Test job: can be stopped',
};

const TONES = { passed: 'good', warning: 'warn', failed: 'bad', skipped: undefined } as const;
const WORDS = { passed: 'Passed', warning: 'Warning', failed: 'Failed', skipped: 'Not asked' } as const;
/** What somebody has to act on comes first. */
const ORDER = ['failed', 'warning', 'skipped', 'passed'];

export function Checks({ checks }: { checks: readonly Check[] }) {
  const sorted = [...checks].sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
  return (
    <ul class="bare checks">
      {sorted.map((check) => (
        <li key={check.code}>
          <div class="row row-between">
            <h3>{NAMES[check.code] ?? check.code}</h3>
            <Badge tone={TONES[check.status]}>{WORDS[check.status]}</Badge>
          </div>
          <p class="soft small wrap" title={when(check.checkedAt)}>
            {check.evidence}
          </p>
          {check.remedy && (check.status === 'failed' || check.status === 'warning') && (
            <p class="small">
              <strong>{check.actor ? `${actorName(check.actor)}: ` : 'What to do: '}</strong>
              {check.remedy}
            </p>
          )}
          {check.policy && <Copyable label={`policy for ${check.code}`} text={pretty(check.policy)} />}
          {check.command && <Copyable label={`command for ${check.code}`} text={check.command} />}
        </li>
      ))}
    </ul>
  );
}

function pretty(policy: string): string {
  return JSON.stringify(JSON.parse(policy), undefined, 2);
}
