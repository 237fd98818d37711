/** What every STS endpoint has to do for a broker that assumes roles, asked through the real SDK. */
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetCallerIdentityCommand,
  type STSClient,
} from '@aws-sdk/client-sts';
import type { Test } from 'tap';

export interface StsEnv {
  /** A client with credentials of the account that may assume `roleArn`. */
  readonly client: STSClient;
  /** A client with temporary credentials. */
  as(credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string }): STSClient;
  readonly callerAccount: string;
  /** A role of another account that asks for `externalId`. */
  readonly roleArn: string;
  readonly externalId: string;
}

/** Runs the contract; what `differences` names is known to be otherwise there, and why. */
export async function runStsContract(
  t: Test,
  env: StsEnv,
  differences: Record<string, string> = {},
): Promise<void> {
  const roleAccount = env.roleArn.split(':')[4];
  const roleName = env.roleArn.split('/').at(-1);
  const check = (name: string, body: (t: Test) => Promise<void>) =>
    t.test(name, name in differences ? { skip: differences[name] } : {}, body);
  const assume = (more: Partial<AssumeRoleCommandInput> = {}) =>
    env.client.send(
      new AssumeRoleCommand({
        RoleArn: env.roleArn,
        RoleSessionName: 'start-unit-1',
        ExternalId: env.externalId,
        ...more,
      }),
    );
  const refusal = (more: Partial<AssumeRoleCommandInput>) =>
    assume(more).then(
      () => 'accepted',
      (error: Error) => error.name,
    );

  await check('the caller’s identity names its account', async (t) => {
    const { Account, Arn, UserId } = await env.client.send(new GetCallerIdentityCommand());
    t.equal(Account, env.callerAccount);
    t.match(Arn, new RegExp(`^arn:aws:(iam|sts)::${env.callerAccount}:`));
    t.ok(UserId);
  });

  await check('a session has temporary credentials and a name of its own', async (t) => {
    const before = Date.now();
    const { Credentials, AssumedRoleUser } = await assume({ DurationSeconds: 900 });
    // The embedded cloud's keys begin with L: nothing takes them for keys of AWS.
    t.match(Credentials?.AccessKeyId, /^[AL]SIA[A-Z0-9]{16,124}$/);
    t.ok((Credentials?.SecretAccessKey ?? '').length >= 40);
    t.ok((Credentials?.SessionToken ?? '').length > 100);
    const seconds = ((Credentials?.Expiration?.getTime() ?? 0) - before) / 1000;
    t.ok(seconds > 895 && seconds < 905, `${seconds} s`);
    t.equal(AssumedRoleUser?.Arn, `arn:aws:sts::${roleAccount}:assumed-role/${roleName}/start-unit-1`);
    t.match(AssumedRoleUser?.AssumedRoleId, /^AROA[A-Z0-9]{17}:start-unit-1$/);
  });

  await check('without a length a session lasts an hour', async (t) => {
    const before = Date.now();
    const { Credentials } = await assume();
    const seconds = ((Credentials?.Expiration?.getTime() ?? 0) - before) / 1000;
    t.ok(seconds > 3590 && seconds < 3610, `${seconds} s`);
  });

  await check('who calls with a session is that session', async (t) => {
    const { Credentials, AssumedRoleUser } = await assume();
    const session = env.as({
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    });
    const { Account, Arn, UserId } = await session.send(new GetCallerIdentityCommand());
    t.same([Account, Arn, UserId], [roleAccount, AssumedRoleUser?.Arn, AssumedRoleUser?.AssumedRoleId]);
  });

  await check('two sessions of a role have different credentials', async (t) => {
    const [a, b] = [await assume(), await assume()];
    t.not(a.Credentials?.AccessKeyId, b.Credentials?.AccessKeyId);
    t.not(a.Credentials?.SessionToken, b.Credentials?.SessionToken);
  });

  await check('a session policy is taken and its packed size told', async (t) => {
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'states:StartExecution', Resource: '*' }],
    });
    const { PackedPolicySize } = await assume({ Policy });
    t.ok((PackedPolicySize ?? 0) > 0 && (PackedPolicySize ?? 101) < 100, `${PackedPolicySize} %`);
  });

  await check('the external ID must be that of the trust policy', async (t) => {
    t.equal(await refusal({ ExternalId: 'another-one' }), 'AccessDenied');
    t.equal(await refusal({ ExternalId: undefined }), 'AccessDenied');
  });

  await check('a role that does not exist is refused like one that does not trust', async (t) => {
    t.equal(await refusal({ RoleArn: `${env.roleArn}-absent` }), 'AccessDenied');
  });

  await check('a length or a name beyond the limits is a ValidationError', async (t) => {
    for (const more of [
      { DurationSeconds: 899 },
      { DurationSeconds: 43_201 },
      { RoleSessionName: 'x' },
      { RoleSessionName: 'y'.repeat(65) },
      { RoleSessionName: 'not allowed' },
      { RoleArn: 'no ARN at all, but long enough' },
    ]) {
      t.equal(await refusal(more), 'ValidationError', JSON.stringify(more));
    }
  });

  await check('a session policy that is no policy is a MalformedPolicyDocument', async (t) => {
    t.match(await refusal({ Policy: '{"Statement":' }), /^MalformedPolicyDocument/);
  });
}
