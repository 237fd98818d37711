/**
 * Whether all of a unit lies in one region: what was registered, what the ARNs say, and where S3 says that each bucket
 * is. A signature is good for one region, so that nothing else can be asked where this does not fit.
 */
import { partitionOf, regionOfArn } from '../../src/schemas/ids.ts';
import { isRegion } from '../../src/schemas/regions.ts';
import type { Unit, UnitCheck } from '../../src/schemas/unit.ts';
import type { Clock } from '../ports.ts';
import type { UnitProbe } from '../units/ports.ts';
import { failed, passed } from './catalogue.ts';

/** Creates the check. @throws (the check) CloudError if AWS does not answer. */
export function createRegionCheck(deps: { probe: Pick<UnitProbe, 'bucketRegion'>; clock: Clock }) {
  async function bucketGaps(unit: Unit): Promise<{ wrong: string[]; unseen: string[] }> {
    const buckets = [...new Set([unit.dataBucket, unit.resultsBucket, unit.failedBucket])];
    const regions = await Promise.all(buckets.map((bucket) => deps.probe.bucketRegion(unit, bucket)));
    const wrong = buckets.flatMap((bucket, i) =>
      regions[i] !== undefined && regions[i] !== unit.region
        ? `the bucket ${bucket} is in ${regions[i]}`
        : [],
    );
    return { wrong, unseen: buckets.filter((_, i) => regions[i] === undefined) };
  }

  return async function checkRegion(unit: Unit): Promise<UnitCheck[]> {
    const wrong = arnGaps(unit);
    const { wrong: elsewhere, unseen } =
      wrong.length > 0 ? { wrong: [], unseen: [] } : await bucketGaps(unit);
    const at = deps.clock();
    const gaps = [...wrong, ...elsewhere];
    if (gaps.length > 0) {
      return [failed('region', `the computing unit is in ${unit.region}, but ${gaps.join('; ')}`, at)];
    }
    const but = unseen.length > 0 ? `; S3 does not say where ${unseen.join(', ')} is` : '';
    return [passed('region', `state machine and buckets are in ${unit.region}${but}`, at)];
  };
}

/** What the names alone show: older registrations may hold what is refused today. */
function arnGaps({ region, stateMachineArn, crossAccountRoleArn }: Unit): string[] {
  const partition = partitionOf(stateMachineArn);
  const gaps: string[] = [];
  if (!isRegion(partition, region))
    gaps.push(`the partition ${partition} of its state machine has no such region`);
  const machine = regionOfArn(stateMachineArn);
  if (machine !== region) gaps.push(`its state machine is in ${machine}`);
  const role = crossAccountRoleArn && partitionOf(crossAccountRoleArn);
  if (role && role !== partition)
    gaps.push(`its role is in the partition ${role}, its state machine in ${partition}`);
  return gaps;
}
