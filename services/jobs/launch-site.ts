/** Whether a job may be started now, and where. Asked at the last moment: a job may wait for long. */
import type { FailureCode } from '../../src/schemas/failures.ts';
import { accountOfArn } from '../../src/schemas/ids.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import type { UserStore } from '../ports.ts';
import { PREFLIGHT_OWNER } from '../preflight/owner.ts';
import { mayUse } from '../units/usable-units.ts';
import { type JobLocations, jobLocations } from './naming.ts';
import { hasLeft } from './place.ts';

/** Checks whose failure keeps the broker out, or would let others in. */
const TRUST: ReadonlySet<string> = new Set(['assume_role', 'external_id_required']);

export type LaunchSite =
  /** `names`: where its objects go; other buckets than at submit if the unit has left those. */
  | { readonly kind: 'open'; readonly unit: Unit; readonly names: JobLocations }
  /** Somebody may still open it. */
  | { readonly kind: 'waits'; readonly code: FailureCode; readonly message: string }
  | { readonly kind: 'closed'; readonly code: FailureCode; readonly message: string }
  /** Nobody is there to want the result any more, or to pay for it. */
  | { readonly kind: 'unwanted' };

/** Creates the question. */
export function createLaunchSites({ users }: { users: Pick<UserStore, 'get'> }) {
  async function isGone(userId: string): Promise<boolean> {
    const user = await users.get(userId);
    return user?.status === 'disabled' || user?.status === 'deleted';
  }

  async function maySpend({ ownerId }: Job, unit: Unit): Promise<boolean> {
    // Of a unit's test jobs nobody is the owner.
    if (ownerId !== PREFLIGHT_OWNER && !mayUse(ownerId, unit)) return false;
    return unit.ownerId === ownerId || unit.mode === 'mode_1' || !(await isGone(unit.ownerId));
  }

  /** `unit` as it is stored; undefined: it was removed. */
  return async function siteOf(job: Job, unit: Unit | undefined): Promise<LaunchSite> {
    if (await isGone(job.ownerId)) return { kind: 'unwanted' };
    if (!unit) return closed('unit_not_found', 'The computing unit of this job is no longer registered.');
    if (!(await maySpend(job, unit))) {
      return closed('unit_not_shared', 'The computing unit is not shared with this person any more.');
    }
    if (!inOneAccount(unit)) {
      const message = 'Role and state machine of the computing unit belong to different accounts.';
      return closed('unit_wrong_account', message);
    }
    if (unit.paused) {
      return { kind: 'waits', code: 'unit_paused', message: 'The use of the computing unit was stopped.' };
    }
    if (unit.status === 'pending') {
      const message = 'The computing unit was changed and has not been proven since.';
      return { kind: 'waits', code: 'unit_pending', message };
    }
    if (Object.values(job.inputs).some(({ bucket }) => bucket !== unit.dataBucket)) {
      const message = 'The files of this job lie in a bucket that the computing unit has left.';
      return closed('unit_changed', message);
    }
    return { kind: 'open', unit, names: jobLocations(unit, job.ownerId, job.jobId, job.attempt) };
  };
}

/** What the last look at the role has found against it, in words. */
export function distrust(unit: Unit): string | undefined {
  return unit.checks?.find(({ code, status }) => status === 'failed' && TRUST.has(code))?.evidence;
}

/** Whether an attempt that may have begun already has begun just there, so that starting it again repeats it. */
export function isWhereItBegan(site: LaunchSite, { place, document, result, failureBundle }: Job): boolean {
  if (site.kind !== 'open' || !place) return false;
  const { stateMachineArn } = place;
  const [dataBucket, resultsBucket, failedBucket] = [document, result, failureBundle].map(
    ({ bucket }) => bucket,
  );
  return !hasLeft(site.unit, { stateMachineArn, dataBucket, resultsBucket, failedBucket });
}

/**
 * Whether an execution that has begun may run on, though nothing would be started there now: a unit that was changed
 * or removed has its jobs come to their end, but nobody goes on spending the money of somebody who no longer allows it.
 */
export function mayGoOn(site: Exclude<LaunchSite, { kind: 'open' }>): boolean {
  if (site.kind === 'unwanted') return false;
  return site.kind !== 'closed' || site.code === 'unit_not_found' || site.code === 'unit_changed';
}

/** Checked before anything is sent: a role of another account must not even be asked for. */
function inOneAccount({ awsAccountId, stateMachineArn, crossAccountRoleArn: role }: Unit): boolean {
  return accountOfArn(stateMachineArn) === awsAccountId && (!role || accountOfArn(role) === awsAccountId);
}

function closed(code: FailureCode, message: string): LaunchSite {
  return { kind: 'closed', code, message };
}
