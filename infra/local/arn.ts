/** Amazon Resource Names: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`. */

export interface Arn {
  readonly service: string;
  readonly region: string;
  readonly accountId: string;
  /** Everything after the fifth colon; may hold colons and slashes. */
  readonly resource: string;
}

/** Undefined if the text is not an ARN. */
export function parseArn(text: string): Arn | undefined {
  const match = /^arn:aws[a-z-]*:([a-z0-9-]*):([a-z0-9-]*):([0-9]*|aws):([\s\S]+)$/.exec(text);
  if (!match) return undefined;
  const [, service, region, accountId, resource] = match;
  return { service, region, accountId, resource };
}

export function roleArn(accountId: string, name: string): string {
  return `arn:aws:iam::${accountId}:role/${name}`;
}

export function rootArn(accountId: string): string {
  return `arn:aws:iam::${accountId}:root`;
}
