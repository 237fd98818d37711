/** Conditions of writes: what must hold of the stored item, checked by DynamoDB in the same step. */

/** Condition of a write, as DynamoDB takes it. */
export interface Condition {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, unknown>;
}

/** The item does not exist. */
export const ABSENT: Condition = { ConditionExpression: 'attribute_not_exists(pk)' };

/** The item exists. */
export const PRESENT: Condition = { ConditionExpression: 'attribute_exists(pk)' };

/** The item exists and is from before there were versions. */
const UNVERSIONED: Condition = {
  ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(#version)',
  ExpressionAttributeNames: { '#version': 'version' },
};

/** The stored item is the one before `version`; items from before there were versions count as version 0. */
export function before(version: number): Condition {
  return version > 1 ? ofVersion(version - 1) : UNVERSIONED;
}

/** There is no item, or one of a smaller version. */
export function newerThanStored(version: number): Condition {
  return {
    ConditionExpression: 'attribute_not_exists(pk) OR #version < :version',
    ExpressionAttributeNames: { '#version': 'version' },
    ExpressionAttributeValues: { ':version': version },
  };
}

/** The stored item has this version. */
export function ofVersion(version: number): Condition {
  return {
    ConditionExpression: '#version = :version',
    ExpressionAttributeNames: { '#version': 'version' },
    ExpressionAttributeValues: { ':version': version },
  };
}

/** The stored item has this version, or is from before there were versions; or there is none. */
export function ofVersionOrNone(version: number): Condition {
  const { ConditionExpression, ...values } = ofVersion(version);
  return { ...values, ConditionExpression: `${ConditionExpression} OR attribute_not_exists(#version)` };
}

/** The stored item is the one of this very write. */
export function ofWrite(writeId: unknown): Condition {
  return { ConditionExpression: 'writeId = :writeId', ExpressionAttributeValues: { ':writeId': writeId } };
}
