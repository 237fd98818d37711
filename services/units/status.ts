/** What the checks of a unit mean for it: status, what is missing, and when to look again. Pure. */
import type { Unit, UnitCheck, UnitStatus } from '../../src/schemas/unit.ts';
import { merged } from '../preflight/catalogue.ts';
import { resourcesHash } from './proven-resources.ts';

/** A unit in order is looked at this often; launches look more often (trustCheckedAt). */
const READY_PAUSE_MS = 6 * 3_600_000;
/** After a failure soon, then ever more seldom. */
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 3_600_000;

/** Whether jobs may start. While AWS does not answer they wait, as all others do. */
export function mayRun({ status }: Pick<Unit, 'status'>): boolean {
  return status === 'ready' || status === 'unreachable';
}

/** Whether the broker may enter the account at all. */
export function isProven(unit: Pick<Unit, 'mode' | 'proof'>): boolean {
  return unit.mode === 'mode_1' || unit.proof !== undefined;
}

/** Whether what was found of one holds for the other: both are entered in the same way, and name the same. */
export function isSamePlace(a: Unit, b: Unit): boolean {
  return a.appId === b.appId && a.externalId === b.externalId && resourcesHash(a) === resourcesHash(b);
}

/**
 * The unit after a round of checks: whatever was not looked at in this round keeps its last finding. The
 * version is not changed.
 */
export function judged(unit: Unit, round: readonly UnitCheck[], now: number): Unit {
  // "AWS does not answer" is over as soon as anything else was found.
  const older = unit.checks?.filter(({ code }) => code !== 'reachable');
  const checks = merged(older, round);
  const wrong = checks.filter((check) => check.status === 'failed');
  const status = statusOf(unit, wrong);
  const failedChecks = wrong.length === 0 ? 0 : (unit.failedChecks ?? 0) + 1;
  // An outage of AWS is over by itself: its end is not to be missed, because no job is taken meanwhile.
  const pause = status === 'unreachable' ? FIRST_PAUSE_MS : pauseMs(failedChecks);
  const next = isProven(unit) ? now + pause : undefined;
  // A test job that is overdue waits for the next look: something before it has failed.
  const canaryDueAt = (unit.canaryDueAt ?? 0) > now ? unit.canaryDueAt : undefined;
  return {
    ...unit,
    status,
    checks,
    missing: wrong.map(({ code, evidence }) => `${code}: ${evidence}`),
    failedChecks,
    statusSince: status === unit.status ? (unit.statusSince ?? now) : now,
    lastValidatedAt: wrong.length === 0 ? now : unit.lastValidatedAt,
    trustCheckedAt: round.some(({ code }) => code === 'assume_role') ? now : unit.trustCheckedAt,
    nextCheckAt: next === undefined ? undefined : Math.min(next, canaryDueAt ?? next),
    updatedAt: now,
  };
}

function statusOf(unit: Unit, wrong: readonly UnitCheck[]): UnitStatus {
  if (wrong.length === 0) return 'ready';
  if (unit.lastValidatedAt === undefined) return 'pending';
  return wrong.every(({ code }) => code === 'reachable') ? 'unreachable' : 'degraded';
}

/** Milliseconds until the next look, by the rounds that failed one after the other. */
export function pauseMs(failedRounds: number): number {
  if (failedRounds === 0) return READY_PAUSE_MS;
  return Math.min(FIRST_PAUSE_MS * 2 ** (failedRounds - 1), LONGEST_PAUSE_MS);
}
