/** Every option of the deployment program, as one table: parsing, help, environment and documents follow from it. */

export const COMMANDS = {
  deploy: 'creates the stack in your AWS account and registers it; if it exists, updates it',
  update: 'updates a stack that exists; what is not named keeps its value',
  doctor: 'checks everything that a deployment needs, and prints every failure with its remedy',
  register: 'registers the stack with the broker, or verifies that it is registered, and checks it',
  status: 'shows the stack, its outputs and the state of the computing unit',
  logs: 'shows the logs of the worker, or why one job has failed',
  costs: 'shows what jobs in this stack have cost, and what a month of jobs will cost',
  destroy: 'takes the unit off the broker and deletes the stack; keeps the data unless told otherwise',
} as const;
export type CommandName = keyof typeof COMMANDS;

export interface OptionInfo {
  readonly type: 'string' | 'boolean';
  /** What stands behind the flag in the help. */
  readonly value?: string;
  readonly short?: string;
  /** Read in this order when the flag is absent. */
  readonly env?: readonly string[];
  readonly default?: string;
  /** The template's parameter that gets the value. */
  readonly parameter?: string;
  readonly multiple?: boolean;
  readonly help: string;
  /** Absent: all commands. */
  readonly commands?: readonly CommandName[];
}

const STACK: readonly CommandName[] = ['deploy', 'update', 'doctor'];
const BROKER: readonly CommandName[] = [
  'deploy',
  'update',
  'doctor',
  'register',
  'status',
  'costs',
  'destroy',
];

export const OPTIONS = {
  'stack-name': {
    type: 'string',
    value: 'NAME',
    env: ['CLOUDMR_STACK_NAME'],
    default: 'mroptimum-mode2',
    help: 'name of the stack: lower-case letters, digits and hyphens, at most 39',
  },
  region: {
    type: 'string',
    value: 'REGION',
    env: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
    help: "AWS region; default: the profile's, else us-east-1",
  },
  profile: {
    type: 'string',
    value: 'NAME',
    env: ['AWS_PROFILE'],
    help: 'profile of the AWS CLI (SSO works)',
  },
  'api-url': {
    type: 'string',
    value: 'URL',
    env: ['CLOUDMR_API_URL'],
    default: 'https://api.cloudmrhub.com',
    parameter: 'CloudMRApiUrl',
    help: 'the broker (https)',
    commands: BROKER,
  },
  'token-file': {
    type: 'string',
    value: 'FILE',
    help: 'file that holds your CloudMR token; or the variable CLOUDMR_TOKEN; or the prompt',
    commands: BROKER,
  },
  'token-stdin': { type: 'boolean', help: 'reads the token from standard input', commands: BROKER },
  'vpc-id': {
    type: 'string',
    value: 'ID',
    env: ['CLOUDMR_VPC_ID'],
    parameter: 'VpcId',
    help: 'VPC of the Fargate tasks; default: the default VPC',
    commands: STACK,
  },
  'subnet-id-1': {
    type: 'string',
    value: 'ID',
    env: ['CLOUDMR_SUBNET_ID_1'],
    parameter: 'SubnetId1',
    help: 'first subnet with a way to the internet',
    commands: STACK,
  },
  'subnet-id-2': {
    type: 'string',
    value: 'ID',
    env: ['CLOUDMR_SUBNET_ID_2'],
    parameter: 'SubnetId2',
    help: 'second subnet, in another availability zone',
    commands: STACK,
  },
  'image-tag': {
    type: 'string',
    value: 'TAG',
    env: ['CLOUDMR_IMAGE_TAG'],
    default: 'latest',
    parameter: 'ImageTag',
    help: 'version of the worker: latest, v2.x.x, or a git SHA',
    commands: STACK,
  },
  'ecs-cluster-name': {
    type: 'string',
    value: 'NAME',
    env: ['CLOUDMR_ECS_CLUSTER_NAME'],
    parameter: 'ECSClusterName',
    help: 'name of the ECS cluster that the stack makes',
    commands: STACK,
  },
  'app-id': {
    type: 'string',
    value: 'ID',
    env: ['CLOUDMR_APP_ID'],
    parameter: 'AppId',
    help: 'the CloudMR app that the unit serves; default: mroptimum',
    commands: STACK,
  },
  alias: {
    type: 'string',
    value: 'NAME',
    env: ['CLOUDMR_ALIAS'],
    parameter: 'Alias',
    help: 'what the computing unit is called in the web interface; default: Mode 2',
    commands: STACK,
  },
  'lambda-memory': {
    type: 'string',
    value: 'MB',
    env: ['CLOUDMR_LAMBDA_MEMORY'],
    parameter: 'LambdaMemory',
    help: 'memory of the Lambda function; default: 3008, the cap of new accounts',
    commands: STACK,
  },
  'fargate-size': {
    type: 'string',
    value: 'VCPU-GB',
    env: ['CLOUDMR_FARGATE_SIZE'],
    parameter: 'FargateSize',
    help: 'size of all Fargate tasks, such as 4-16 or 16-120; default: auto',
    commands: STACK,
  },
  'retention-days': {
    type: 'string',
    value: 'N',
    env: ['CLOUDMR_RETENTION_DAYS'],
    parameter: 'ResultsRetentionDays',
    help: 'deletes results after so many days; 0 keeps them; default: 90',
    commands: STACK,
  },
  'kms-key-arn': {
    type: 'string',
    value: 'ARN',
    env: ['CLOUDMR_KMS_KEY_ARN'],
    parameter: 'KmsKeyArn',
    help: 'KMS key of the buckets; default: keys of Amazon S3',
    commands: STACK,
  },
  'alarm-email': {
    type: 'string',
    value: 'ADDRESS',
    env: ['CLOUDMR_ALARM_EMAIL'],
    parameter: 'AlarmEmail',
    help: 'is told of lost callbacks',
    commands: STACK,
  },
  parameter: {
    type: 'string',
    value: 'NAME=VALUE',
    multiple: true,
    help: 'any other parameter of the template (no secrets); may be repeated',
    commands: STACK,
  },
  'delete-data': {
    type: 'boolean',
    help: 'also deletes the buckets with all versions of all objects; without it they stay',
    commands: ['destroy'],
  },
  job: { type: 'string', value: 'ID', help: 'only what belongs to this job', commands: ['logs'] },
  since: {
    type: 'string',
    value: 'TIME',
    default: '1h',
    help: 'how far back: 30m, 1h, 2d',
    commands: ['logs'],
  },
  follow: { type: 'boolean', short: 'f', help: 'goes on until Ctrl-C', commands: ['logs'] },
  jobs: { type: 'string', value: 'N', default: '100', help: 'jobs in a month', commands: ['costs'] },
  minutes: {
    type: 'string',
    value: 'N',
    default: '10',
    help: 'how long a job computes',
    commands: ['costs'],
  },
  vcpu: { type: 'string', value: 'N', default: '4', help: 'vCPUs of a Fargate task', commands: ['costs'] },
  'memory-gb': {
    type: 'string',
    value: 'N',
    default: '16',
    help: 'memory of a Fargate task, or of the Lambda function',
    commands: ['costs'],
  },
  platform: {
    type: 'string',
    value: 'NAME',
    default: 'fargate',
    help: 'fargate, or lambda (up to 15 minutes)',
    commands: ['costs'],
  },
  'input-gb': { type: 'string', value: 'N', default: '0.1', help: 'raw data of a job', commands: ['costs'] },
  'result-gb': {
    type: 'string',
    value: 'N',
    default: '0.1',
    help: 'result of a job; downloaded once',
    commands: ['costs'],
  },
  'months-kept': {
    type: 'string',
    value: 'N',
    default: '1',
    help: 'how long inputs and results are kept',
    commands: ['costs'],
  },
  wait: {
    type: 'string',
    value: 'SECONDS',
    default: '300',
    help: 'how long to wait for the test job of the unit; 0: not at all',
    commands: ['deploy', 'update', 'register'],
  },
  yes: { type: 'boolean', short: 'y', help: 'asks nothing: takes the defaults, and goes on at the summary' },
  json: {
    type: 'boolean',
    help: 'asks nothing; one JSON document on standard output, words on standard error',
  },
  'dry-run': {
    type: 'boolean',
    help: 'shows what would be done, and leaves nothing behind',
    commands: ['deploy', 'update', 'destroy'],
  },
  help: { type: 'boolean', short: 'h', help: 'shows this' },
} as const satisfies Record<string, OptionInfo>;

export type OptionName = keyof typeof OPTIONS;
type Table = typeof OPTIONS;
export type Values = {
  readonly [Name in OptionName]: Table[Name] extends { multiple: true }
    ? readonly string[]
    : Table[Name]['type'] extends 'boolean'
      ? boolean
      : string | undefined;
};

/** The options of a command, in the order of the table. */
export function optionsOf(command: CommandName): [OptionName, OptionInfo][] {
  return (Object.entries(OPTIONS) as [OptionName, OptionInfo][]).filter(
    ([, { commands }]) => commands === undefined || commands.includes(command),
  );
}
