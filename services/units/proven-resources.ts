/** What a proof of ownership is about, and whether it is about this. Pure. */
import { createHash } from 'node:crypto';
import type { OwnershipProof, Unit } from '../../src/schemas/unit.ts';

/** A change of any of it asks for another proof. */
export type ProvenResources = Pick<
  Unit,
  | 'awsAccountId'
  | 'region'
  | 'stateMachineArn'
  | 'crossAccountRoleArn'
  | 'resultsBucket'
  | 'failedBucket'
  | 'dataBucket'
>;

/** Whether a proof is about exactly these resources. */
export function covers(proof: OwnershipProof | undefined, resources: ProvenResources): boolean {
  return proof !== undefined && proof.resources === resourcesHash(resources);
}

/**
 * Whether a proof is about the role of these resources. A job that is under way may be followed to a machine and
 * buckets that its unit has left, but through no role that nobody has proven.
 */
export function coversRole(proof: OwnershipProof | undefined, resources: ProvenResources): boolean {
  if (proof?.roleArn === undefined) return covers(proof, resources);
  return proof.roleArn === resources.crossAccountRoleArn;
}

/** What a proof keeps of its resources: SHA-256, hex. */
export function resourcesHash({
  awsAccountId,
  region,
  stateMachineArn,
  crossAccountRoleArn,
  resultsBucket,
  failedBucket,
  dataBucket,
}: ProvenResources): string {
  const what = [
    awsAccountId,
    region,
    stateMachineArn,
    crossAccountRoleArn,
    resultsBucket,
    failedBucket,
    dataBucket,
  ];
  return createHash('sha256').update(JSON.stringify(what)).digest('hex');
}
