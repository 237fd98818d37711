/** What must hold before anything is sent to a unit's account; otherwise CloudError `invalid`. */
import { CloudError } from '../../../services/ports.ts';
import type { ObjectLocation } from '../../schemas/execution.ts';
import { accountOfArn, regionOfArn } from '../../schemas/ids.ts';
import type { Unit } from '../../schemas/unit.ts';
import type { Purpose } from './session-policy.ts';

/** Role, state machine and bucket owner are one account in one region, or nothing is sent. */
export function mustBeOneAccount(unit: Unit, operation: string): void {
  const arns = [unit.stateMachineArn, ...(unit.crossAccountRoleArn ? [unit.crossAccountRoleArn] : [])];
  const foreign = arns.find((arn) => accountOfArn(arn) !== unit.awsAccountId);
  if (foreign) {
    const message = `${foreign} is not in account ${unit.awsAccountId}`;
    throw new CloudError('invalid', operation, 'WrongAccount', message);
  }
  if (regionOfArn(unit.stateMachineArn) !== unit.region) {
    const message = `${unit.stateMachineArn} is not in region ${unit.region}`;
    throw new CloudError('invalid', operation, 'WrongRegion', message);
  }
}

/** Only buckets that were registered with the unit. */
export function mustBeOurs(unit: Unit, { bucket }: ObjectLocation, operation: string): void {
  if (bucket === unit.dataBucket || bucket === unit.resultsBucket || bucket === unit.failedBucket) return;
  throw new CloudError('invalid', operation, 'WrongBucket', `${bucket} is not a bucket of this unit`);
}

export function mustBeItsExecution(unit: Unit, executionArn: string, operation: string): void {
  if (executionArn.startsWith(`${unit.stateMachineArn.replace(':stateMachine:', ':execution:')}:`)) return;
  const message = `${executionArn} is not an execution of the unit's state machine`;
  throw new CloudError('invalid', operation, 'WrongStateMachine', message);
}

/** Whose object it is: keys are `{app}/{owner}/...`. */
export function ownerOf(unit: Unit, location: ObjectLocation, operation: string): string {
  mustBeOurs(unit, location, operation);
  const prefix = `${unit.appId}/`;
  const rest = location.key.startsWith(prefix) ? location.key.slice(prefix.length) : '';
  const slash = rest.indexOf('/');
  if (slash > 0) return rest.slice(0, slash);
  throw new CloudError('invalid', operation, 'WrongKey', 'the key is not one of an owner in this app');
}

/** The purpose of signing for one object: its owner's. */
export function presigning(unit: Unit, location: ObjectLocation, operation: string): Purpose {
  return { kind: 'presign', ownerId: ownerOf(unit, location, operation) };
}
