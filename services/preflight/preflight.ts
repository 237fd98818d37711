/** All checks of a unit that need no test job: run together, reported together. */
import type { Unit, UnitCheck } from '../../src/schemas/unit.ts';
import type { Clock } from '../ports.ts';
import { CHECKS, type CheckCode, passed, skipped } from './catalogue.ts';
import type { TrustChecks } from './trust.ts';

type Check = (unit: Unit) => Promise<UnitCheck[]>;

export interface PreflightDeps {
  checkTrust: TrustChecks;
  checkRegion: Check;
  checkMachine: Check;
  checkBuckets: Check;
  checkBrowsers: Check;
  checkQuotas: Check;
  clock: Clock;
}

/** What only the worker of the test job can say; what it said once counts until it says something else. */
const BY_WORKER = /^(quotas|image|image_digest)$/;
/** Found by the test job, or before any check. */
const ELSEWHERE = /^(canary_|reachable$|registration$|ownership_proof$)/;

/** Creates the preflight. @throws (the checks) CloudError if AWS does not answer. */
export function createPreflight(deps: PreflightDeps): Check {
  const { checkTrust, clock } = deps;
  const further = [deps.checkMachine, deps.checkBuckets, deps.checkBrowsers, deps.checkQuotas];

  return async function check(unit) {
    const at = clock();
    const owner =
      unit.mode === 'mode_1'
        ? "an administrator registered the platform's own account"
        : `proven by ${unit.proof?.callerArn}`;
    const trust = [passed('ownership_proof', owner, at), ...(await checkTrust(unit))];
    const region = isClosed(trust) ? [] : await deps.checkRegion(unit);
    const first = [...trust, ...region];
    const rest = isClosed(first) ? [] : (await Promise.all(further.map((check) => check(unit)))).flat();
    const found = new Set([...first, ...rest].map(({ code }) => code));
    const said = new Set(unit.checks?.map(({ code }) => code).filter((code) => BY_WORKER.test(code)));
    const unasked = (Object.keys(CHECKS) as CheckCode[])
      .filter((code) => !ELSEWHERE.test(code) && !found.has(code) && !said.has(code))
      .map((code) =>
        BY_WORKER.test(code)
          ? skipped(code, 'the test job, whose worker says it, has not run yet', at)
          : skipped(code, 'not asked, because something before it has failed', at),
      );
    return [...first, ...rest, ...unasked];
  };
}

/** What comes after it cannot be asked. */
function isClosed(found: readonly UnitCheck[]): boolean {
  return found.some(({ status }) => status === 'failed');
}
