/** The environment of the broker as one zod schema; the broker's only reader of `process.env`. */
import type { z } from 'zod';
import {
  awsVariables,
  type common,
  embeddedVariables,
  type Meaning,
  needsPartners,
} from './schemas/environment.ts';
import type { Limits as FairUse } from './schemas/limits.ts';
import { QUOTAS, type Quotas } from './schemas/quotas.ts';

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
  /** Assumed for Mode 1 units that name no role of their own. Undefined: the broker's role assumes itself. */
  readonly mode1RoleArn: string | undefined;
  /** Without a slash at the end. Undefined: the address the broker listens on. */
  readonly publicUrl: Values;
  /** Signs access tokens and job tokens. Undefined: generated once into `dataDir`. */
  readonly tokenSecret: Values;
  readonly corsOrigins: readonly string[];
  readonly logLevel: z.infer<typeof common>['LOG_LEVEL'];
  readonly adminEmail: string;
  /** Of the first administrator, at the first start. Undefined: generated, and shown at the terminal once. */
  readonly adminPassword: Values;
  readonly trustProxy: boolean | string[];
  /** What one person may use of Mode 1. */
  readonly fairUse: Required<FairUse>;
  /** Where CloudFormation finds the Mode 2 template. Undefined: people upload it themselves. */
  readonly mode2TemplateUrl: string | undefined;
  /** ARN patterns: who of an account may prove that it is theirs. */
  readonly proofCallers: readonly string[];
  readonly workerDigests: readonly string[];
  /** How often AWS may be asked, per account and region. */
  readonly quotas: Quotas;
  readonly limits: {
    readonly perMinute: number;
    readonly signInsPerMinute: number;
    /** Requests under way at once. */
    readonly inFlight: number;
  };
  /** Lets a Prometheus server read /metrics. Undefined: only developers and administrators. */
  readonly metricsToken: string | undefined;
  /** Undefined: no traces. */
  readonly traces: { readonly endpoint: string; readonly ratio: number } | undefined;
  /** Whose identity tokens are taken beside our own. Undefined: nobody's. */
  readonly oidc:
    | { readonly issuer: string; readonly audience: string; readonly jwksUrl?: string }
    | undefined;
  /** Undefined: no mail server; a reset code goes over an administrator, or over the terminal of the embedded cloud. */
  readonly smtp: { readonly url: string; readonly from: string } | undefined;
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
    const values = parse(awsVariables.superRefine(needsPartners), given);
    return { cloud: 'aws', ...renamed(values), unknownVariables };
  }
  const values = parse(embeddedVariables.superRefine(needsPartners), given);
  return { cloud: 'embedded', ...renamed(values), unknownVariables };
}

/** Where the table is: all that a program beside the broker needs, which has an operator's own credentials. */
export type TableConfig = Pick<Config, 'cloud' | 'dataDir' | 'region' | 'tableName'>;

/** Reads that part. @throws ConfigError */
export function loadTableConfig(env: Record<string, string | undefined> = process.env): TableConfig {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()));
  const cloud = given['CLOUDMR_CLOUD'] === 'aws' ? 'aws' : 'embedded';
  const all = cloud === 'aws' ? awsVariables : embeddedVariables;
  const { AWS_REGION, DATA_DIR, TABLE_NAME } = parse(
    all.pick({ AWS_REGION: true, DATA_DIR: true, TABLE_NAME: true }),
    given,
  );
  return { cloud, dataDir: DATA_DIR, region: AWS_REGION, tableName: TABLE_NAME };
}

/** The configuration as it may be logged: the secret replaced by where it comes from. */
export function safe(config: Config): Record<string, unknown> {
  return {
    ...config,
    tokenSecret: config.tokenSecret === undefined ? '[generated]' : '[set]',
    adminPassword: config.adminPassword === undefined ? '[generated]' : '[set]',
    metricsToken: config.metricsToken === undefined ? '[none]' : '[set]',
    smtp: config.smtp && { url: '[set]', from: config.smtp.from },
  };
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
  ADMIN_PASSWORD?: string;
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
    mode1RoleArn: values.PLATFORM_ROLE_ARN,
    publicUrl: values.PUBLIC_URL as T['PUBLIC_URL'],
    tokenSecret: values.TOKEN_SECRET as T['TOKEN_SECRET'],
    corsOrigins: values.CORS_ORIGINS,
    logLevel: values.LOG_LEVEL,
    adminEmail: values.ADMIN_EMAIL.toLowerCase(),
    adminPassword: values.ADMIN_PASSWORD as T['ADMIN_PASSWORD'],
    trustProxy: values.TRUST_PROXY,
    metricsToken: values.METRICS_TOKEN,
    traces: values.OTEL_EXPORTER_OTLP_ENDPOINT
      ? { endpoint: values.OTEL_EXPORTER_OTLP_ENDPOINT, ratio: values.TRACES_RATIO }
      : undefined,
    fairUse: {
      jobsPerMonth: values.FAIR_USE_JOBS_PER_MONTH,
      jobsAtOnce: values.FAIR_USE_JOBS_AT_ONCE,
      usdPerMonth: values.FAIR_USE_USD_PER_MONTH,
    },
    oidc: values.OIDC_ISSUER
      ? { issuer: values.OIDC_ISSUER, audience: values.OIDC_AUDIENCE ?? '', jwksUrl: values.OIDC_JWKS_URL }
      : undefined,
    smtp: values.SMTP_URL ? { url: values.SMTP_URL, from: values.MAIL_FROM ?? '' } : undefined,
    proofCallers: values.PROOF_CALLERS,
    workerDigests: values.WORKER_DIGESTS,
    mode2TemplateUrl: values.MODE2_TEMPLATE_URL,
    quotas: { ...QUOTAS, ...values.AWS_QUOTAS },
    limits: {
      perMinute: values.REQUESTS_PER_MINUTE,
      signInsPerMinute: values.SIGN_INS_PER_MINUTE,
      inFlight: values.MAX_REQUESTS_IN_FLIGHT,
    },
  };
}
