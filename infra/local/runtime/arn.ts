/** Amazon Resource Names as the runners and the state machines need them. */

export interface Arn {
  readonly partition: string;
  readonly service: string;
  readonly region: string;
  readonly accountId: string;
  /** Everything after the account: `function:NAME`, `stateMachine:NAME`, `role/NAME`. */
  readonly resource: string;
}

/** Parts of an ARN, `undefined` for any other text. */
export function parseArn(text: string): Arn | undefined {
  const match = /^arn:([^:]+):([^:]+):([^:]*):([^:]*):(.+)$/s.exec(text);
  if (!match) return undefined;
  const [, partition, service, region, accountId, resource] = match;
  return { partition, service, region, accountId, resource };
}

/** ARN of a role in the account of another resource. */
export function roleArnFor(resourceArn: string, roleName: string): string {
  const { partition, accountId } = parseArn(resourceArn) ?? { partition: 'aws', accountId: '' };
  return `arn:${partition}:iam::${accountId}:role/${roleName}`;
}
