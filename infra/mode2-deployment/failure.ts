/**
 * Everything a deployment can fail by, as data: a stable code, the words of the documents, and what to do. The codes
 * of a computing unit and of jobs are the broker's (services/preflight/catalogue.ts, src/schemas/failures.ts).
 */
export const PROBLEMS = {
  wrong_arguments: { title: 'Wrong arguments', remedy: 'Run the same command with --help.' },
  value_missing: {
    title: 'A value is missing',
    remedy: 'Give it by its flag or its variable, or run without --yes on a terminal to be asked.',
  },
  canceled: { title: 'Canceled', remedy: 'Nothing is left in your account. Run it again when you want.' },
  aws_cli_missing: {
    title: 'The AWS CLI is not installed',
    remedy:
      'Install it: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html (macOS: brew install awscli), then run this again.',
  },
  aws_cli_old: {
    title: 'The AWS CLI is too old',
    remedy: 'Install version 2, or version 1.29 or newer.',
  },
  no_credentials: {
    title: 'AWS credentials are not configured',
    remedy:
      'Sign in: `aws configure sso` or `aws configure`, then `aws sts get-caller-identity` must answer.',
  },
  credentials_expired: {
    title: 'The AWS credentials have ended',
    remedy: 'Sign in again: `aws sso login`, with --profile if you use one; then run this again.',
  },
  no_profile: {
    title: 'The AWS CLI has no such profile',
    remedy: 'See `aws configure list-profiles`, and name one of them with --profile.',
  },
  region_unusable: {
    title: 'The region cannot be used',
    remedy: 'Name an existing region with --region; newer ones must be enabled for the account first.',
  },
  aws_unreachable: {
    title: 'AWS does not answer',
    remedy: 'Check the network and the proxy of this machine, and run it again.',
  },
  aws_refused: { title: 'AWS refuses', remedy: 'Read what AWS says; after mending it run this again.' },
  permission_missing: {
    title: 'A permission is missing',
    remedy:
      'Let an administrator give your user or role the policy infra/mode2-deployment/deployer-policy.json of this release (an older copy may allow too little), or deploy as somebody who has it.',
  },
  broker_unreachable: {
    title: 'The broker does not answer',
    remedy: 'Check --api-url, and whether this machine reaches it by HTTPS.',
  },
  broker_refused: { title: 'The broker refuses', remedy: 'Read what the broker says.' },
  invalid_token: {
    title: 'Invalid CloudMR token',
    remedy:
      'Take a new one at https://cloudmrhub.com/profile (or, on another broker, from its profile page); a token of a session is good for an hour.',
  },
  token_ends_soon: {
    title: 'The CloudMR token ends soon',
    remedy: 'Take a new one: the last step of a deployment asks the broker once more.',
  },
  no_vpc: {
    title: 'No VPC found',
    remedy: 'Make one with public subnets in two zones: `aws ec2 create-default-vpc` does it.',
  },
  no_public_subnets: {
    title: 'No public subnets found',
    remedy:
      'Use a VPC whose subnets have a route to an internet gateway and MapPublicIpOnLaunch=true (`aws ec2 create-default-vpc` makes one), or name two subnets with --subnet-id-1 and --subnet-id-2.',
  },
  one_zone: {
    title: 'The subnets are in one availability zone',
    remedy:
      'Name two subnets in different availability zones, or add one: `aws ec2 create-default-subnet --availability-zone ZONE`.',
  },
  subnet_wrong: {
    title: 'A subnet cannot be used',
    remedy: 'Name two subnets of the VPC that is given with --vpc-id.',
  },
  no_egress: {
    title: 'A subnet has no way to the internet',
    remedy:
      'Give its route table a route 0.0.0.0/0 to an internet gateway, and let its network ACL pass port 443; or name another subnet.',
  },
  stack_name_invalid: {
    title: 'The stack name cannot be used',
    remedy:
      'Take 1 to 39 lower-case letters, digits and hyphens that start with a letter and do not end in a hyphen: names of buckets and roles are made of it.',
  },
  stack_busy: {
    title: 'The stack is being changed',
    remedy: 'Wait until it has ended (see `status`), then run this again.',
  },
  stack_broken: {
    title: 'The stack is in a state that cannot be updated',
    remedy: 'Take it away with `destroy`, then deploy again; the data stays.',
  },
  stack_missing: {
    title: 'There is no such stack',
    remedy: 'Check --stack-name, --region and --profile; `deploy` creates it.',
  },
  bucket_taken: {
    title: 'A bucket of this name belongs to somebody else',
    remedy: 'Choose another --stack-name.',
  },
  quota_reached: {
    title: 'A quota of the account is too low',
    remedy: 'Ask for more in the Service Quotas console; the answer takes minutes to a day.',
  },
  lambda_memory_cap: {
    title: 'The account may cap the memory of Lambda functions at 3008 MB',
    remedy:
      'Take 3008 for the Lambda memory, or ask AWS Support to lift the cap; large jobs run on Fargate anyway.',
  },
  image_missing: {
    title: 'The image of the worker is not there',
    remedy: 'Check --image-tag: latest, v2.x.x or a git SHA that was released.',
  },
  image_unknown: {
    title: 'The registry of the images does not answer',
    remedy: 'Nothing has to be done if AWS reaches it; this machine does not.',
  },
  clock_wrong: {
    title: 'The clock of this machine is wrong',
    remedy: 'Set it by NTP: AWS refuses signatures that are more than 5 minutes off.',
  },
  template_invalid: {
    title: 'Template validation error',
    remedy:
      'Check that the region is the right one, that you have CloudFormation permissions, and that the template is the unchanged one of this release.',
  },
  nothing_to_change: { title: 'Nothing to change', remedy: 'The stack is already as you ask for.' },
  stack_failed: {
    title: 'The stack could not be deployed',
    remedy:
      'Read the reason; after mending it run the same command again. What was made has been rolled back.',
  },
  registration_failed: {
    title: 'The registration with the broker failed',
    remedy: 'Run `register`: it says what the broker has found, with remedies.',
  },
  unit_not_found: {
    title: 'Computing unit not found',
    remedy:
      'Run `register`; the list of GET /api/computing-unit/list must hold it. It appears at once, nothing has to propagate.',
  },
  unit_not_ready: {
    title: 'The computing unit is not ready',
    remedy: 'Do what stands beside each failed check, then run `register` again.',
  },
  not_confirmed: {
    title: 'Not confirmed',
    remedy: 'Give --yes, or run it on a terminal to be asked.',
  },
  tool_missing: { title: 'A program is missing', remedy: 'Install it and run this again.' },
} as const satisfies Record<string, { title: string; remedy: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

/** Ends a command: code, message and remedy are shown, and the exit code is not 0. */
export class DeployFailure extends Error {
  readonly code: ProblemCode;
  readonly remedy: string;

  constructor(code: ProblemCode, message: string, remedy: string) {
    super(message);
    this.name = 'DeployFailure';
    this.code = code;
    this.remedy = remedy;
  }
}

/** `detail` follows the title of the problem; `remedy` replaces that of the table where more is known. */
export function failure(code: ProblemCode, detail?: string, remedy?: string): DeployFailure {
  const { title, remedy: usual } = PROBLEMS[code];
  return new DeployFailure(code, detail ? `${title}: ${detail}` : title, remedy ?? usual);
}

/** Exit code of a command that ended by this. */
export function exitCodeOf(code: ProblemCode): number {
  if (code === 'wrong_arguments' || code === 'value_missing') return 2;
  return code === 'canceled' || code === 'not_confirmed' ? 3 : 1;
}
