/** The environment of the broker as one zod schema; the broker's only reader of `process.env`. */
import { z } from 'zod';
import { accountId, region, roleArn } from './schemas/ids.ts';

interface Meaning {
  /** What the value must be, in words. */
  readonly must: string;
  readonly example: string;
}

/** Attaches the words with which a wrong value is refused. */
function variable<T extends z.ZodType>(schema: T, must: string, example: string): T {
  return schema.meta({ must, example });
}

const exactOrigin = z.string().refine((text) => URL.canParse(text) && new URL(text).origin === text);
const isHttp = (url: string): boolean => /^https?:\/\/[^?#]+$/.test(url);
const isHttps = (url: string): boolean => isHttp(url) && url.startsWith('https://');
const trimSlashes = (url: string): string => url.replace(/\/+$/, '');
const commaList = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

/** Whose X-Forwarded-* headers count. A number of hops is not offered: whoever connects directly could fake it. */
function parseTrustProxy(text: string): boolean | string[] {
  return text === 'true' || text === 'false' ? text === 'true' : commaList(text);
}

/** Variables of both clouds. */
const common = z.object({
  PORT: variable(
    z.coerce.number().int().min(0).max(65_535).default(8080),
    'a port number from 0 to 65535 (0: any free port)',
    '8080',
  ),
  HOST: variable(z.string().default('127.0.0.1'), 'the address to listen on', '127.0.0.1'),
  DATA_DIR: variable(
    z.string().default('.cloudmr'),
    'the folder of the embedded cloud and of generated secrets',
    '.cloudmr',
  ),
  CLOUDMR_CLOUD: variable(
    z.enum(['embedded', 'aws']).default('embedded'),
    'embedded (everything on this machine) or aws',
    'embedded',
  ),
  TABLE_NAME: variable(
    z
      .string()
      .regex(/^[\w.-]{3,255}$/)
      .default('cloudmr'),
    'the name of the DynamoDB table',
    'cloudmr',
  ),
  CORS_ORIGINS: variable(
    z.string().default('').transform(commaList).pipe(z.array(exactOrigin)),
    'a comma-separated list of exact origins (scheme, host and port, no path)',
    'https://cloudmr.example.org,http://localhost:5173',
  ),
  LOG_LEVEL: variable(
    z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
    'one of fatal, error, warn, info, debug, trace, silent',
    'info',
  ),
  ADMIN_EMAIL: variable(
    z
      .string()
      .regex(/^[^\s@]+@[^\s@]+$/)
      .default('admin@localhost'),
    'the e-mail address of the first administrator',
    'admin@localhost',
  ),
  TRUST_PROXY: variable(
    z
      .string()
      .regex(/^(true|false|[0-9a-fA-F.:/]+(\s*,\s*[0-9a-fA-F.:/]+)*)$/)
      .default('false')
      .transform(parseTrustProxy),
    'false, true, or a comma-separated list of addresses of proxies (CIDR allowed)',
    'false',
  ),
  REQUESTS_PER_MINUTE: variable(
    z.coerce.number().int().min(1).max(10_000_000).default(1_200),
    'how many requests one address may make in a minute',
    '1200',
  ),
  SIGN_INS_PER_MINUTE: variable(
    z.coerce.number().int().min(1).max(10_000_000).default(20),
    'how often one address may try to sign in or register in a minute',
    '20',
  ),
});

const embeddedVariables = common.extend({
  AWS_REGION: variable(region.default('us-east-1'), 'an AWS region', 'us-east-1'),
  HUB_ACCOUNT_ID: variable(accountId.optional(), 'a 12-digit AWS account id', '123456789012'),
  BROKER_ROLE_ARN: variable(
    roleArn.optional(),
    'the ARN of the role the broker runs as',
    'arn:aws:iam::123456789012:role/cloudmr-broker',
  ),
  PUBLIC_URL: variable(
    z.string().refine(isHttp).transform(trimSlashes).optional(),
    'the base URL under which workers reach the broker',
    'http://127.0.0.1:8080',
  ),
  TOKEN_SECRET: variable(
    z.string().min(32).optional(),
    'a secret of at least 32 characters',
    'the output of: openssl rand -base64 48',
  ),
});

const awsVariables = common.extend({
  AWS_REGION: variable(region, 'an AWS region', 'us-east-1'),
  HUB_ACCOUNT_ID: variable(accountId, 'the 12-digit AWS account id of the hub', '123456789012'),
  BROKER_ROLE_ARN: variable(
    roleArn,
    'the ARN of the role the broker runs as; trust policies name it',
    'arn:aws:iam::123456789012:role/cloudmr-broker',
  ),
  PUBLIC_URL: variable(
    z.string().refine(isHttps).transform(trimSlashes),
    'the https base URL under which callbacks reach the broker',
    'https://brain.example.org',
  ),
  TOKEN_SECRET: variable(
    z.string().min(32),
    'a secret of at least 32 characters',
    'the output of: openssl rand -base64 48',
  ),
});

/** Every variable the broker reads. */
export const VARIABLE_NAMES: readonly string[] = Object.keys(embeddedVariables.shape);
/** Variables of other programs of the project, which may share an environment with the broker. */
const NEIGHBOURS = new Set(['CLOUDMR_API_URL', 'CLOUDMR_CREDENTIALS']);

interface Place<Cloud, Values> {
  readonly cloud: Cloud;
  readonly port: number;
  readonly host: string;
  readonly dataDir: string;
  readonly region: string;
  readonly tableName: string;
  readonly hubAccountId: Values;
  readonly brokerRoleArn: Values;
  /** Without a slash at the end. Undefined: the address the broker listens on. */
  readonly publicUrl: Values;
  /** Signs access tokens and job tokens. Undefined: generated once into `dataDir`. */
  readonly tokenSecret: Values;
  readonly corsOrigins: readonly string[];
  readonly logLevel: z.infer<typeof common>['LOG_LEVEL'];
  readonly adminEmail: string;
  readonly trustProxy: boolean | string[];
  readonly limits: { readonly perMinute: number; readonly signInsPerMinute: number };
  /** Variables that look like ours but mean nothing: misspelt, probably. */
  readonly unknownVariables: readonly string[];
}
export type EmbeddedConfig = Place<'embedded', string | undefined>;
export type AwsConfig = Place<'aws', string>;
export type Config = EmbeddedConfig | AwsConfig;

/** All that is wrong with the environment, one line per problem. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/**
 * Reads the configuration. Empty variables count as not set.
 * @throws ConfigError naming every wrong or missing variable, what it must be, and an example.
 */
export function loadConfig(env: Record<string, string | undefined> = process.env): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()));
  const unknownVariables = Object.keys(given).filter(
    (name) => name.startsWith('CLOUDMR_') && !VARIABLE_NAMES.includes(name) && !NEIGHBOURS.has(name),
  );
  if (given['CLOUDMR_CLOUD'] === 'aws') {
    const values = parse(awsVariables, given);
    return { cloud: 'aws', ...renamed(values), unknownVariables };
  }
  const values = parse(embeddedVariables, given);
  return { cloud: 'embedded', ...renamed(values), unknownVariables };
}

/** The configuration as it may be logged: the secret replaced by where it comes from. */
export function safe(config: Config): Record<string, unknown> {
  return { ...config, tokenSecret: config.tokenSecret === undefined ? '[generated]' : '[set]' };
}

function parse<T extends z.ZodObject>(schema: T, given: Record<string, string | undefined>): z.output<T> {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const names = new Set(result.error.issues.map((issue) => String(issue.path[0])));
  throw new ConfigError([...names].map((name) => problemOf(schema, name, given[name] !== undefined)));
}

/** The value itself is not repeated: it may be a secret in the wrong place. */
function problemOf(schema: z.ZodObject, name: string, isSet: boolean): string {
  const { must, example } = schema.shape[name].meta() as unknown as Meaning;
  return `${name} ${isSet ? 'is wrong: it' : 'is missing: it'} must be ${must}, for example ${example}`;
}

interface CloudValues {
  HUB_ACCOUNT_ID?: string;
  BROKER_ROLE_ARN?: string;
  PUBLIC_URL?: string;
  TOKEN_SECRET?: string;
}

function renamed<T extends CloudValues>(values: z.output<typeof common> & { AWS_REGION: string } & T) {
  return {
    port: values.PORT,
    host: values.HOST,
    dataDir: values.DATA_DIR,
    region: values.AWS_REGION,
    tableName: values.TABLE_NAME,
    hubAccountId: values.HUB_ACCOUNT_ID as T['HUB_ACCOUNT_ID'],
    brokerRoleArn: values.BROKER_ROLE_ARN as T['BROKER_ROLE_ARN'],
    publicUrl: values.PUBLIC_URL as T['PUBLIC_URL'],
    tokenSecret: values.TOKEN_SECRET as T['TOKEN_SECRET'],
    corsOrigins: values.CORS_ORIGINS,
    logLevel: values.LOG_LEVEL,
    adminEmail: values.ADMIN_EMAIL.toLowerCase(),
    trustProxy: values.TRUST_PROXY,
    limits: { perMinute: values.REQUESTS_PER_MINUTE, signInsPerMinute: values.SIGN_INS_PER_MINUTE },
  };
}
