/** Conditions of writes: what must hold of the stored item, checked by DynamoDB in the same step. */

/** Condition of a write, as DynamoDB takes it. */
export interface Condition {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, unknown>;
}

/** The item does not exist. */
export const ABSENT: Condition = { ConditionExpression: 'attribute_not_exists(pk)' };

/** The stored item has this version. */
export function ofVersion(version: number): Condition {
  return {
    ConditionExpression: '#version = :version',
    ExpressionAttributeNames: { '#version': 'version' },
    ExpressionAttributeValues: { ':version': version },
  };
}
