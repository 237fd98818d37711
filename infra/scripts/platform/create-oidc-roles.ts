/** Makes what the workflow needs in the account of the platform: identity provider, roles, the bucket of templates. */
import type { Aws } from '../../mode2-deployment/aws-cli.ts';
import type { Dialogue } from '../../mode2-deployment/io.ts';
import { artifactBucket, ISSUER, type Place, type RoleWish, rolesOf } from './oidc-role.ts';

/**
 * Makes provider, roles and the bucket of templates, or brings them up to date. Returns the ARN of the workflow's role
 * in each environment.
 */
export async function createOidcRoles(
  aws: Aws,
  wish: RoleWish,
  { say }: Pick<Dialogue, 'say'>,
): Promise<Record<string, string>> {
  const provider = `arn:${wish.partition}:iam::${wish.accountId}:oidc-provider/${ISSUER}`;
  const known = await aws.find<{ ClientIDList: string[] }>(
    'iam',
    'get-open-id-connect-provider',
    { OpenIDConnectProviderArn: provider },
    ['NoSuchEntity'],
  );
  if (!known) {
    await aws.call('iam', 'create-open-id-connect-provider', {
      Url: `https://${ISSUER}`,
      ClientIDList: [wish.audience],
    });
  } else if (!known.ClientIDList.includes(wish.audience)) {
    await aws.call('iam', 'add-client-id-to-open-id-connect-provider', {
      OpenIDConnectProviderArn: provider,
      ClientID: wish.audience,
    });
  }
  say(`identity provider ${ISSUER}: ${known ? 'is there' : 'made'}`);
  const roles = rolesOf(wish);
  for (const { name, trust, policy } of roles) await ensureRole(aws, name, trust, policy, say);
  await ensureArtifacts(aws, wish, say);
  return Object.fromEntries(
    roles.flatMap(({ name, environment }) =>
      environment ? [[environment, `arn:${wish.partition}:iam::${wish.accountId}:role/${name}`]] : [],
    ),
  );
}

async function ensureRole(
  aws: Aws,
  name: string,
  trust: object,
  policy: object,
  say: Dialogue['say'],
): Promise<void> {
  const document = JSON.stringify(trust);
  const known = await aws.find('iam', 'get-role', { RoleName: name }, ['NoSuchEntity']);
  if (known) await aws.call('iam', 'update-assume-role-policy', { RoleName: name, PolicyDocument: document });
  else {
    await aws.call('iam', 'create-role', {
      RoleName: name,
      AssumeRolePolicyDocument: document,
      MaxSessionDuration: 3_600,
    });
  }
  await aws.call('iam', 'put-role-policy', {
    RoleName: name,
    PolicyName: 'cloudmr-deploy',
    PolicyDocument: JSON.stringify(policy),
  });
  say(`role ${name}: ${known ? 'brought up to date' : 'made'}`);
}

/** The bucket of templates: closed, by TLS only; what was put there for one deployment goes after 30 days. */
async function ensureArtifacts(
  aws: Aws,
  { accountId, partition }: Place,
  say: Dialogue['say'],
): Promise<void> {
  const Bucket = artifactBucket(accountId);
  const head = { Bucket, ExpectedBucketOwner: accountId };
  const known = await aws.find('s3api', 'head-bucket', head, ['404', 'NoSuchBucket', 'NotFound']);
  if (!known) {
    const elsewhere = aws.region !== 'us-east-1';
    const place = elsewhere ? { CreateBucketConfiguration: { LocationConstraint: aws.region } } : {};
    await aws.call('s3api', 'create-bucket', { Bucket, ...place });
  }
  const arn = `arn:${partition}:s3:::${Bucket}`;
  const PublicAccessBlockConfiguration = {
    BlockPublicAcls: true,
    BlockPublicPolicy: true,
    IgnorePublicAcls: true,
    RestrictPublicBuckets: true,
  };
  await aws.call('s3api', 'put-public-access-block', { Bucket, PublicAccessBlockConfiguration });
  await aws.call('s3api', 'put-bucket-policy', {
    Bucket,
    Policy: JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'TlsOnly',
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:*',
          Resource: [arn, `${arn}/*`],
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
      ],
    }),
  });
  await aws.call('s3api', 'put-bucket-lifecycle-configuration', {
    Bucket,
    LifecycleConfiguration: {
      Rules: [{ ID: 'expire', Status: 'Enabled', Filter: { Prefix: '' }, Expiration: { Days: 30 } }],
    },
  });
  say(`bucket ${Bucket}: ${known ? 'brought up to date' : 'made'}`);
}
