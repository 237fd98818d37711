/** Names of sessions, as the owner of an account reads them in CloudTrail. */
import { workContext } from '../../../services/context.ts';

/** AWS takes no longer one. */
const MAX_CHARACTERS = 64;

/**
 * `cloudmr-PURPOSE-ID`: the job or the request that opens the session, and the unit where the broker looks by
 * itself. Sessions are kept, so that one name may stand for later requests too.
 */
export function sessionName(purpose: string, unitId: string): string {
  const { jobId, requestId } = workContext();
  const id = (jobId ?? requestId ?? unitId).replace(/[^A-Za-z0-9+=,.@_-]/g, '-');
  return `cloudmr-${purpose}-${id}`.slice(0, MAX_CHARACTERS);
}

/**
 * For whom a session is, in the `sourceIdentity` of every event: the person whose files it reaches, else the broker
 * itself. A role allows it by `sts:SetSourceIdentity`; unit-trust.ts finds out.
 */
export function sourceIdentityOf(ownerId: string | undefined): string {
  return `cloudmr-${(ownerId ?? 'broker').replace(/[^A-Za-z0-9+=,.@_-]/g, '-')}`.slice(0, MAX_CHARACTERS);
}
