/**
 * The roles of the workflow: no keys; one repository, one environment, one audience; stacks by their names. One deploys;
 * the other, for pull requests, only looks at what would change. Both hand a role of its own to each stack.
 */
import { readFileSync } from 'node:fs';
import { failure } from '../../mode2-deployment/failure.ts';
import { PRIVATE_REPOSITORIES, PUBLIC_REPOSITORIES } from './repositories.ts';

export const ISSUER = 'token.actions.githubusercontent.com';
/** The stacks that the workflow deploys; the role that CloudFormation makes the resources of each with, and its policy. */
export const PLATFORM_STACKS = {
  'mroptimum-app': { role: 'CloudMRWorkerStackRole', policy: '../../mode2-deployment/deployer-policy.json' },
  'cloudmr-broker': { role: 'CloudMRBrokerStackRole', policy: '../../broker/deployer-policy.json' },
} as const;
const STACK_ROLES = Object.values(PLATFORM_STACKS).map(({ role }) => role);
/** Of templates that a pull request has changed: apart from those that are deployed. */
const PREVIEW_PREFIX = 'preview';

export interface RoleWish {
  readonly organisation: string;
  readonly repository: string;
  readonly environment: string;
  /** Of the role for pull requests. */
  readonly previewEnvironment: string;
  readonly audience: string;
  readonly roleName: string;
  readonly accountId: string;
  readonly partition: string;
}

/** Who may take the role: a job of exactly this repository in exactly this environment. */
export function trustOf(
  { organisation, repository, audience, accountId, partition }: RoleWish,
  environment: string,
) {
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

export type Place = Pick<RoleWish, 'accountId' | 'partition'>;

/** What a pull request may do: have CloudFormation say what would change in our stacks. Nothing is carried out. */
export function previewPermissionsOf({ accountId, partition }: Place) {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: [
          'cloudformation:CreateChangeSet',
          'cloudformation:DeleteChangeSet',
          'cloudformation:DescribeChangeSet',
          'cloudformation:DescribeStacks',
          'cloudformation:GetTemplate',
          'cloudformation:GetTemplateSummary',
        ],
        Resource: stacksOf({ accountId, partition }),
      },
      {
        Effect: 'Allow',
        Action: ['s3:GetObject', 's3:PutObject'],
        Resource: `arn:${partition}:s3:::${artifactBucket(accountId)}/${PREVIEW_PREFIX}/*`,
      },
      passStackRoles({ accountId, partition }),
    ],
  };
}

/** Where templates are put for CloudFormation to read. */
export const artifactBucket = (accountId: string): string => `cloudmr-artifacts-${accountId}`;

function stacksOf({ accountId, partition }: Place): string[] {
  const names = Object.keys(PLATFORM_STACKS);
  return [
    ...names.map((name) => `arn:${partition}:cloudformation:*:${accountId}:stack/${name}*/*`),
    `arn:${partition}:cloudformation:*:aws:transform/Serverless-2016-10-31`,
  ];
}

function passStackRoles({ accountId, partition }: Place) {
  return {
    Effect: 'Allow',
    Action: 'iam:PassRole',
    Resource: STACK_ROLES.map((role) => `arn:${partition}:iam::${accountId}:role/${role}`),
    Condition: { StringEquals: { 'iam:PassedToService': 'cloudformation.amazonaws.com' } },
  };
}

/** What the workflow may do: push to our repositories, and have CloudFormation change our stacks. */
export function permissionsOf({ accountId, partition }: Place) {
  const account = (service: string, what: string): string =>
    `arn:${partition}:${service}:*:${accountId}:${what}`;
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        // These take no resource.
        Action: [
          'ec2:DescribeSubnets',
          'ec2:DescribeVpcs',
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
        Resource: stacksOf({ accountId, partition }),
      },
      {
        Effect: 'Allow',
        Action: ['s3:GetObject', 's3:PutObject'],
        Resource: `arn:${partition}:s3:::${artifactBucket(accountId)}/*`,
      },
      // Whether an earlier stack has left secrets; not what they hold.
      {
        Effect: 'Allow',
        Action: 'secretsmanager:DescribeSecret',
        Resource: Object.keys(PLATFORM_STACKS).map((name) => account('secretsmanager', `secret:${name}-*`)),
      },
      passStackRoles({ accountId, partition }),
    ],
  };
}

const STACK_TRUST = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { Service: 'cloudformation.amazonaws.com' }, Action: 'sts:AssumeRole' },
  ],
};

/** Every role with its trust and policies: what `--dry-run` shows and createOidcRoles makes. */
export function rolesOf(
  wish: RoleWish,
): { name: string; trust: object; policy: object; environment?: string }[] {
  const { roleName, environment, previewEnvironment } = wish;
  const readPolicy = (path: string): object =>
    JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
  return [
    ...Object.values(PLATFORM_STACKS).map(({ role, policy }) => {
      const template = {
        Effect: 'Allow',
        Action: 's3:GetObject',
        Resource: `arn:${wish.partition}:s3:::${artifactBucket(wish.accountId)}/*`,
      };
      const known = readPolicy(policy) as { Statement: object[] };
      return {
        name: role,
        trust: STACK_TRUST,
        policy: { ...known, Statement: [...known.Statement, template] },
      };
    }),
    { name: roleName, trust: trustOf(wish, environment), policy: permissionsOf(wish), environment },
    {
      name: `${roleName}-preview`,
      trust: trustOf(wish, previewEnvironment),
      policy: previewPermissionsOf(wish),
      environment: previewEnvironment,
    },
  ];
}

/** @throws DeployFailure wrong_arguments */
export function mustBeName(what: string, text: string | undefined): string {
  if (text && /^[\w.-]{1,100}$/.test(text)) return text;
  throw failure(
    'wrong_arguments',
    `${what} must be a name, exactly and without wildcards, not "${text ?? ''}"`,
  );
}
