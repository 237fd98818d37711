/** The role of the deploying workflow: no keys; one repository, one environment, one audience; stacks by their names. */
import { readFileSync } from 'node:fs';
import type { Aws } from '../../mode2-deployment/aws-cli.ts';
import { failure } from '../../mode2-deployment/failure.ts';
import type { Dialogue } from '../../mode2-deployment/io.ts';
import { PRIVATE_REPOSITORIES, PUBLIC_REPOSITORIES } from './repositories.ts';

const ISSUER = 'token.actions.githubusercontent.com';
/** The stacks that the workflow deploys, and the role that CloudFormation makes their resources with. */
export const PLATFORM_STACKS = ['mroptimum-app', 'cloudmr-broker'] as const;
export const STACK_ROLE = 'CloudMRCloudFormationRole';
const DEPLOYER_POLICY = new URL('../../mode2-deployment/deployer-policy.json', import.meta.url);

export interface RoleWish {
  readonly organisation: string;
  readonly repository: string;
  readonly environment: string;
  readonly audience: string;
  readonly roleName: string;
  readonly accountId: string;
  readonly partition: string;
}

/** Who may take the role: a job of exactly this repository in exactly this environment. */
export function trustOf({ organisation, repository, environment, audience, accountId, partition }: RoleWish) {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Federated: `arn:${partition}:iam::${accountId}:oidc-provider/${ISSUER}` },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: {
          StringEquals: {
            [`${ISSUER}:aud`]: audience,
            [`${ISSUER}:sub`]: `repo:${organisation}/${repository}:environment:${environment}`,
          },
        },
      },
    ],
  };
}

/** What the workflow may do: push to our repositories, and have CloudFormation change our stacks. */
export function permissionsOf({ accountId, partition }: Pick<RoleWish, 'accountId' | 'partition'>) {
  const account = (service: string, what: string): string =>
    `arn:${partition}:${service}:*:${accountId}:${what}`;
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        // These take no resource.
        Action: [
          'ecr:GetAuthorizationToken',
          'ecr-public:GetAuthorizationToken',
          'sts:GetServiceBearerToken',
        ],
        Resource: '*',
      },
      {
        Effect: 'Allow',
        Action: [
          'ecr:BatchCheckLayerAvailability',
          'ecr:BatchGetImage',
          'ecr:CompleteLayerUpload',
          'ecr:DescribeImages',
          'ecr:GetDownloadUrlForLayer',
          'ecr:InitiateLayerUpload',
          'ecr:PutImage',
          'ecr:UploadLayerPart',
        ],
        Resource: PRIVATE_REPOSITORIES.map((name) => account('ecr', `repository/${name}`)),
      },
      {
        Effect: 'Allow',
        Action: [
          'ecr-public:BatchCheckLayerAvailability',
          'ecr-public:CompleteLayerUpload',
          'ecr-public:DescribeImages',
          'ecr-public:InitiateLayerUpload',
          'ecr-public:PutImage',
          'ecr-public:UploadLayerPart',
        ],
        Resource: PUBLIC_REPOSITORIES.map(
          (name) => `arn:${partition}:ecr-public::${accountId}:repository/${name}`,
        ),
      },
      {
        Effect: 'Allow',
        Action: [
          'cloudformation:CreateChangeSet',
          'cloudformation:DeleteChangeSet',
          'cloudformation:DescribeChangeSet',
          'cloudformation:DescribeStackEvents',
          'cloudformation:DescribeStacks',
          'cloudformation:ExecuteChangeSet',
          'cloudformation:GetTemplate',
          'cloudformation:GetTemplateSummary',
        ],
        Resource: [
          ...PLATFORM_STACKS.map((name) => account('cloudformation', `stack/${name}*/*`)),
          `arn:${partition}:cloudformation:*:aws:transform/Serverless-2016-10-31`,
        ],
      },
      {
        Effect: 'Allow',
        Action: ['s3:GetObject', 's3:PutObject'],
        Resource: `arn:${partition}:s3:::cloudmr-artifacts-${accountId}/*`,
      },
      {
        Effect: 'Allow',
        Action: 'iam:PassRole',
        Resource: `arn:${partition}:iam::${accountId}:role/${STACK_ROLE}`,
        Condition: { StringEquals: { 'iam:PassedToService': 'cloudformation.amazonaws.com' } },
      },
    ],
  };
}

const STACK_TRUST = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { Service: 'cloudformation.amazonaws.com' }, Action: 'sts:AssumeRole' },
  ],
};

/** Makes provider and roles, or brings them up to date. Returns the ARN of the workflow's role. */
export async function createOidcRole(
  aws: Aws,
  wish: RoleWish,
  { say }: Pick<Dialogue, 'say'>,
): Promise<string> {
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
  await ensureRole(aws, STACK_ROLE, STACK_TRUST, JSON.parse(readFileSync(DEPLOYER_POLICY, 'utf8')), say);
  await ensureRole(aws, wish.roleName, trustOf(wish), permissionsOf(wish), say);
  return `arn:${wish.partition}:iam::${wish.accountId}:role/${wish.roleName}`;
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

/** @throws DeployFailure wrong_arguments */
export function mustBeName(what: string, text: string | undefined): string {
  if (text && /^[\w.-]{1,100}$/.test(text)) return text;
  throw failure(
    'wrong_arguments',
    `${what} must be a name, exactly and without wildcards, not "${text ?? ''}"`,
  );
}
