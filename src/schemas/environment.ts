/**
 * The variables of the broker's environment: what each must be, in a schema and in words. `src/config.ts` reads
 * them and gives them their names inside the broker.
 */
import { z } from 'zod';
import { imageDigest } from './execution.ts';
import { newPassword } from './http/auth.ts';
import { accountId, region, roleArn } from './ids.ts';
import { budgetedOperation, quota } from './quotas.ts';

export interface Meaning {
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
/** Keys that others could replace on the way prove nothing: https, or http on this machine. */
const isTrustworthy = (url: string): boolean =>
  isHttps(url) || /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(\/[^?#]*)?$/.test(url);
const isSmtp = (url: string): boolean =>
  /^smtps?:\/\/[^/?#]+\/?$/.test(url) && URL.canParse(url) && new URL(url).hostname !== '';
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

/** `StartExecution=1300/300` and so on, as the quotas of an account are shown. */
function parseQuotas(text: string): Record<string, { bucket: number; perSecond: number }> {
  const pairs = commaList(text).map((item) => item.split(/[=/]/));
  return Object.fromEntries(
    pairs.map(([name, bucket, rate]) => [name, { bucket: Number(bucket), perSecond: Number(rate) }]),
  );
}

const ADMIN_PASSWORD_MUST =
  'the first password of the first administrator: at least 8 characters with a digit, an upper-case, a lower-case and a special character';
const ADMIN_PASSWORD_EXAMPLE = 'the output of: openssl rand -base64 24, and -Aa1! behind it';

/** Variables of both clouds. */
export const common = z.object({
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
  PLATFORM_ROLE_ARN: variable(
    roleArn.optional(),
    "the ARN of the role in the hub's account through which the broker works on Mode 1 units",
    'arn:aws:iam::123456789012:role/mroptimum-mode1-CloudMRCrossAccountRole',
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
  ADMIN_PASSWORD: variable(newPassword.optional(), ADMIN_PASSWORD_MUST, ADMIN_PASSWORD_EXAMPLE),
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
  MAX_REQUESTS_IN_FLIGHT: variable(
    z.coerce.number().int().min(1).max(1_000_000).default(512),
    'how many requests one process works on at once; more are refused with 503 and Retry-After',
    '512',
  ),
  FAIR_USE_JOBS_PER_MONTH: variable(
    z.coerce.number().int().min(0).max(1_000_000).default(100),
    'how many jobs one person may run in Mode 1 in a month',
    '100',
  ),
  FAIR_USE_JOBS_AT_ONCE: variable(
    z.coerce.number().int().min(1).max(200).default(20),
    'how many jobs of one person may be open in Mode 1 at once (at most 200)',
    '20',
  ),
  FAIR_USE_USD_PER_MONTH: variable(
    z.coerce.number().min(0).max(1_000_000).default(10),
    'for how many US dollars one person may compute in Mode 1 in a month, by the estimates of the jobs',
    '10',
  ),
  METRICS_TOKEN: variable(
    z
      .string()
      .regex(/^[\w.~+/=-]{16,200}$/)
      .optional(),
    '16 to 200 letters, digits or . ~ + / = _ -',
    'the output of: openssl rand -hex 24',
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: variable(
    z.string().refine(isHttp).transform(trimSlashes).optional(),
    'the base URL of an OpenTelemetry collector',
    'http://127.0.0.1:4318',
  ),
  TRACES_RATIO: variable(
    z.coerce.number().min(0).max(1).default(1),
    'the share of requests to trace, from 0 to 1',
    '0.05',
  ),
  OIDC_ISSUER: variable(
    z.string().max(500).refine(isTrustworthy).optional(),
    'the https address of an OpenID Connect issuer, exactly as its tokens name it',
    'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI',
  ),
  OIDC_AUDIENCE: variable(
    z.string().max(500).optional(),
    'the client id that the issuer gave to the broker; needed with OIDC_ISSUER',
    '4h57kqb3example',
  ),
  OIDC_JWKS_URL: variable(
    z.string().max(500).refine(isTrustworthy).optional(),
    'the https address of the keys of the issuer',
    'https://login.example.org/keys',
  ),
  SIGN_INS_PER_MINUTE: variable(
    z.coerce.number().int().min(1).max(10_000_000).default(20),
    'how often one address may try to sign in or register in a minute',
    '20',
  ),
  SMTP_URL: variable(
    z.string().max(500).refine(isSmtp).optional(),
    'the smtp:// or smtps:// address of a mail server, with user and password if it wants them',
    'smtps://user:password@mail.example.org',
  ),
  MAIL_FROM: variable(
    z
      .string()
      .max(200)
      .regex(/^(?:[\w.+-]+@[\w.-]+|[\w .-]+ <[\w.+-]+@[\w.-]+>)$/)
      .optional(),
    'the sender of mail, as an address or as Name <address>; needed with SMTP_URL',
    'CloudMR <noreply@example.org>',
  ),
  MODE2_TEMPLATE_URL: variable(
    z
      .string()
      .max(500)
      .regex(/^https:\/\/[\w.-]+\.amazonaws\.com(?:\.cn)?\/[\w./-]+$/)
      .optional(),
    'the https address of the Mode 2 template in S3',
    'https://my-bucket.s3.us-east-1.amazonaws.com/template-mode2.yaml',
  ),
  AWS_QUOTAS: variable(
    z
      .string()
      .regex(/^\s*(\w+=[1-9]\d{0,5}\/[1-9]\d{0,5}(\s*,\s*|\s*$))*$/)
      .default('')
      .transform(parseQuotas)
      .pipe(z.partialRecord(budgetedOperation, quota)),
    'a comma-separated list of OPERATION=BUCKET/PER_SECOND; operations are StartExecution, DescribeExecution, ListExecutions, StopExecution, AssumeRole',
    'StartExecution=1300/300,DescribeExecution=300/15',
  ),
  PROOF_CALLERS: variable(
    z
      .string()
      .default('*')
      .transform(commaList)
      .pipe(z.array(z.string().regex(/^[\w:/*+=,.@-]{1,200}$/)).min(1)),
    'a comma-separated list of ARNs, with * for any characters, of who may prove an account',
    'arn:aws:sts::*:assumed-role/*-CloudMRRegistration*/*',
  ),
  WORKER_DIGESTS: variable(
    z.string().default('').transform(commaList).pipe(z.array(imageDigest)),
    'a comma-separated list of image digests',
    `sha256:${'0'.repeat(64)}`,
  ),
});

/** An issuer without an audience would let in tokens that were made for somebody else; mail needs a sender. */
export const needsPartners = (
  { OIDC_ISSUER, OIDC_AUDIENCE, SMTP_URL, MAIL_FROM }: z.output<typeof common>,
  context: z.RefinementCtx,
): void => {
  if (OIDC_ISSUER && !OIDC_AUDIENCE) context.addIssue({ code: 'custom', path: ['OIDC_AUDIENCE'] });
  if (SMTP_URL && !MAIL_FROM) context.addIssue({ code: 'custom', path: ['MAIL_FROM'] });
};

export const embeddedVariables = common.extend({
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

export const awsVariables = common.extend({
  // What a process there prints ends in a log.
  ADMIN_PASSWORD: variable(newPassword, ADMIN_PASSWORD_MUST, ADMIN_PASSWORD_EXAMPLE),
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
