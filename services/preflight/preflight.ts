/** All checks of a unit that need no test job: run together, reported together. */
import type { Unit, UnitCheck } from '../../src/schemas/unit.ts';
import { type Clock, CloudError, type UnitCloud } from '../ports.ts';
import { failed, passed } from './catalogue.ts';
import { isAway, type TrustChecks } from './trust.ts';

export interface PreflightDeps {
  checkTrust: TrustChecks;
  cloud: UnitCloud;
  clock: Clock;
}

/** Creates the preflight. @throws (the checks) CloudError if AWS does not answer. */
export function createPreflight({ checkTrust, cloud, clock }: PreflightDeps) {
  async function checkResults(unit: Unit): Promise<UnitCheck[]> {
    const at = clock();
    try {
      await cloud.headObject(unit, { bucket: unit.resultsBucket, key: `${unit.appId}/probe` });
    } catch (error) {
      if (!(error instanceof CloudError) || isAway(error)) throw error;
      if (error.problem !== 'not_found') {
        return [failed('results_bucket', `${error.awsCode} when looking into ${unit.resultsBucket}`, at)];
      }
    }
    return [passed('results_bucket', 'can be looked into', at)];
  }

  return async function check(unit: Unit): Promise<UnitCheck[]> {
    const trust = await checkTrust(unit);
    if (trust.some(({ status }) => status === 'failed')) return trust;
    return [...trust, ...(await checkResults(unit))];
  };
}
