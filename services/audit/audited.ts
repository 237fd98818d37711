/** Acts that go into the audit trail: the services as they are, with a record of what they did. */

import type { Unit } from '../../src/schemas/unit.ts';
import type { Poison } from '../clockwork/poison.ts';
import type { Refusals } from '../identity/guard.ts';
import type { EndedJobs } from '../jobs/ended-jobs.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Retry } from '../jobs/retry.ts';
import type { LimitsService } from '../limits/limits.ts';
import type { AsideJob } from '../ports.ts';
import type { Principal } from '../principal.ts';
import type { KillSwitch } from '../units/kill-switch.ts';
import type { RoleUse } from '../units/ports.ts';
import type { Registered } from '../units/register.ts';
import type { Units } from '../units/units.ts';
import type { Audit } from './audit.ts';

type Recorder = Pick<Audit, 'record'>;

/** Cancel. */
export function auditedJobs(jobs: Jobs, audit: Recorder): Jobs {
  return {
    ...jobs,
    async cancel(who, jobId) {
      const job = await jobs.cancel(who, jobId);
      await audit.record({ ownerId: who.userId, action: 'job.cancel', subject: jobId, outcome: job.state });
      return job;
    },
  };
}

/** Lets a job go that was set aside. */
export type ReleaseJob = (who: Principal, jobId: string) => Promise<AsideJob>;

/** The operator's release of jobs that were set aside. */
export function auditedRelease(poison: Pick<Poison, 'release'>, audit: Recorder): ReleaseJob {
  return async (who, jobId) => {
    const entry = await poison.release(jobId);
    const details = { error: entry.error, failures: String(entry.failures) };
    await audit.record({
      ownerId: who.userId,
      action: 'job.release',
      subject: jobId,
      outcome: 'ok',
      details,
    });
    return entry;
  };
}

/** New attempts. */
export function auditedRetry(retry: Retry, audit: Recorder): Retry {
  return async (who, jobId, ...how) => {
    const job = await retry(who, jobId, ...how);
    const outcome = `attempt ${job.attempt}`;
    await audit.record({ ownerId: who.userId, action: 'job.retry', subject: jobId, outcome });
    return job;
  };
}

/** Rename and delete. */
export function auditedEndedJobs(endedJobs: EndedJobs, audit: Recorder): EndedJobs {
  return {
    async rename(who, jobId, alias) {
      const job = await endedJobs.rename(who, jobId, alias);
      await audit.record({ ownerId: who.userId, action: 'job.rename', subject: jobId, outcome: 'ok' });
      return job;
    },
    async remove(who, jobId) {
      const removed = await endedJobs.remove(who, jobId);
      if (removed) {
        await audit.record({ ownerId: who.userId, action: 'job.delete', subject: jobId, outcome: 'ok' });
      }
      return removed;
    },
  };
}

/** Registration, changes, checks by hand and removal of units. */
export function auditedUnits(units: Units, audit: Recorder): Units {
  async function recorded(work: Promise<Registered>): Promise<Registered> {
    const done = await work;
    await audit.record({
      ownerId: done.unit.ownerId,
      action: 'unit.register',
      subject: done.unit.unitId,
      outcome: `${done.action}, ${done.unit.status}`,
      details: registrationDetails(done.unit),
    });
    return done;
  }

  async function act(who: Principal, action: string, work: Promise<Unit>): Promise<Unit> {
    const unit = await work;
    await audit.record({ ownerId: who.userId, action, subject: unit.unitId, outcome: unit.status });
    return unit;
  }

  async function membership(who: Principal, action: string, work: Promise<Unit>): Promise<Unit> {
    const unit = await work;
    const outcome = `${unit.sharedWith?.length ?? 0} people`;
    await audit.record({ ownerId: who.userId, action, subject: unit.unitId, outcome });
    return unit;
  }

  return {
    ...units,
    register: (who, registration, signed) => recorded(units.register(who, registration, signed)),
    enrol: (code, registration, signed) => recorded(units.enrol(code, registration, signed)),
    async withdraw(code, stateMachineArn) {
      const unit = await units.withdraw(code, stateMachineArn);
      if (unit) {
        const outcome = 'its stack was deleted';
        await audit.record({ ownerId: unit.ownerId, action: 'unit.remove', subject: unit.unitId, outcome });
      }
      return unit;
    },
    async update(who, unitId, change, signed) {
      const unit = await units.update(who, unitId, change, signed);
      await audit.record({
        ownerId: who.userId,
        action: 'unit.update',
        subject: unitId,
        outcome: unit.status,
        details: registrationDetails(unit),
      });
      return unit;
    },
    share: (who, unitId, person) => membership(who, 'unit.share', units.share(who, unitId, person)),
    unshare: (who, unitId, person) => membership(who, 'unit.unshare', units.unshare(who, unitId, person)),
    async removeAll(ownerId) {
      const removed = await units.removeAll(ownerId);
      for (const { unitId } of removed) {
        const outcome = 'the owner is gone';
        await audit.record({ ownerId, action: 'unit.remove', subject: unitId, outcome });
      }
      return removed;
    },
    setDefault: (who, unitId) => act(who, 'unit.default', units.setDefault(who, unitId)),
    preflight: (who, unitId) => act(who, 'unit.preflight', units.preflight(who, unitId)),
    async remove(who, which) {
      const removed = await units.remove(who, which);
      const subject = 'unitId' in which ? which.unitId : which.stateMachineArn;
      if (removed) {
        await audit.record({ ownerId: who.userId, action: 'unit.remove', subject, outcome: 'ok' });
      }
      return removed;
    },
  };
}

/** The switches: for one unit in the trails of its owner and of who has set it, for all in the administrator's. */
export function auditedSwitch(killSwitch: KillSwitch, audit: Recorder): KillSwitch {
  async function one(who: Principal, action: string, work: Promise<Unit>): Promise<Unit> {
    const unit = await work;
    for (const ownerId of new Set([unit.ownerId, who.userId])) {
      const outcome = unit.paused ? `stopped by ${unit.paused.by}` : 'open';
      await audit.record({ ownerId, action, subject: unit.unitId, outcome });
    }
    return unit;
  }
  return {
    ...killSwitch,
    pause: (who, unitId) => one(who, 'unit.pause', killSwitch.pause(who, unitId)),
    resume: (who, unitId) => one(who, 'unit.resume', killSwitch.resume(who, unitId)),
    async setAll(who, stopped) {
      const set = await killSwitch.setAll(who, stopped);
      const outcome = stopped ? 'stopped' : 'open';
      await audit.record({ ownerId: who.userId, action: 'units.switch', subject: 'all', outcome });
      return set;
    },
  };
}

/** Caps that the owner of a unit sets. */
export function auditedCaps(caps: LimitsService, audit: Recorder): LimitsService {
  return {
    ...caps,
    async setForUnit(who, unit, limits) {
      const set = await caps.setForUnit(who, unit, limits);
      await audit.record({
        ownerId: who.userId,
        action: 'unit.limits',
        subject: unit.unitId,
        outcome: 'ok',
        details: { all: JSON.stringify(set.all), perMember: JSON.stringify(set.perMember) },
      });
      return set;
    },
  };
}

function registrationDetails({ mode, awsAccountId, proof }: Unit): Record<string, string> {
  return { mode, awsAccountId, ...(proof ? { provenBy: proof.callerArn } : {}) };
}

/** Entries into somebody's account, in the trail of the unit's owner. Once per session, not per call. */
export function recordRoleUse(audit: Recorder): (use: RoleUse) => Promise<void> {
  return ({ unit, purpose, forUserId, roleSessionName, outcome, accessKeyId, sourceIdentity, tried }) =>
    audit.record({
      ownerId: unit.ownerId,
      action: `session.${purpose}`,
      subject: unit.unitId,
      outcome,
      details: {
        roleSessionName,
        ...(accessKeyId ? { accessKeyId } : {}),
        ...(sourceIdentity ? { sourceIdentity } : {}),
        ...(forUserId ? { forUserId } : {}),
        ...tried,
      },
    });
}

/** Refused attempts to sign in, in the trail of the account: counted, so that nobody can fill it; without waiting. */
export function noteSignInRefused(
  audit: Pick<Audit, 'noteCount'>,
): (userId: string, code: string, refusals: Refusals) => void {
  return (userId, code, refusals) =>
    audit.noteCount(
      { ownerId: userId, actor: 'unknown', action: 'user.sign-in', subject: userId, outcome: code },
      refusals,
    );
}
