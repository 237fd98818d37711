import { readFileSync } from 'node:fs';
import t from 'tap';
import { ConfigError, loadConfig, safe, VARIABLE_NAMES } from '../src/config.ts';
import { QUOTAS } from '../src/schemas/quotas.ts';

const AWS = {
  CLOUDMR_CLOUD: 'aws',
  AWS_REGION: 'eu-west-1',
  HUB_ACCOUNT_ID: '123456789012',
  BROKER_ROLE_ARN: 'arn:aws:iam::123456789012:role/cloudmr-broker',
  PUBLIC_URL: 'https://brain.example.org/Prod/',
  TOKEN_SECRET: 'canary-secret-0123456789-0123456789',
  ADMIN_PASSWORD: 'Canary-password.7',
};

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('there is nothing wrong');
}

t.test('an empty environment is the embedded cloud on loopback', async (t) => {
  t.same(loadConfig({}), {
    cloud: 'embedded',
    port: 8080,
    host: '127.0.0.1',
    dataDir: '.cloudmr',
    region: 'us-east-1',
    tableName: 'cloudmr',
    hubAccountId: undefined,
    brokerRoleArn: undefined,
    publicUrl: undefined,
    tokenSecret: undefined,
    corsOrigins: [],
    logLevel: 'info',
    adminEmail: 'admin@localhost',
    trustProxy: false,
    fairUse: { jobsPerMonth: 100, jobsAtOnce: 20, usdPerMonth: 10 },
    proofCallers: ['*'],
    workerDigests: [],
    quotas: QUOTAS,
    limits: { perMinute: 1200, signInsPerMinute: 20, inFlight: 512 },
    oidc: undefined,
    unknownVariables: [],
  });
  t.same(loadConfig({ PORT: '', HOST: ' ', LOG_LEVEL: '' }), loadConfig({}), 'empty counts as not set');
});

t.test('an OpenID Connect issuer is https, or on this machine, and needs an audience', async (t) => {
  t.equal(loadConfig({ OIDC_AUDIENCE: 'client' }).oidc, undefined);
  t.same(loadConfig({ OIDC_ISSUER: 'https://login.example.org/x', OIDC_AUDIENCE: 'client' }).oidc, {
    issuer: 'https://login.example.org/x',
    audience: 'client',
    jwksUrl: undefined,
  });
  t.ok(loadConfig({ OIDC_ISSUER: 'http://127.0.0.1:9/', OIDC_AUDIENCE: 'client' }).oidc);
  t.match(problemsOf({ OIDC_ISSUER: 'https://login.example.org' }), [/^OIDC_AUDIENCE is missing/]);
  for (const wrong of [
    'http://login.example.org',
    'http://127.0.0.1.example.org',
    'http://localhost@evil.org',
  ]) {
    t.match(problemsOf({ OIDC_ISSUER: wrong, OIDC_AUDIENCE: 'client' }), [/^OIDC_ISSUER is wrong/], wrong);
  }
});

t.test('mail needs a sender; the password of its server is not shown', async (t) => {
  t.equal(loadConfig({ MAIL_FROM: 'a@example.org' }).smtp, undefined);
  t.match(problemsOf({ SMTP_URL: 'smtps://mail.example.org' }), [/^MAIL_FROM is missing/]);
  const config = loadConfig({ SMTP_URL: 'smtp://u:canary@m:25', MAIL_FROM: 'CloudMR <a@b.org>' });
  t.same(config.smtp, { url: 'smtp://u:canary@m:25', from: 'CloudMR <a@b.org>' });
  t.notMatch(JSON.stringify(safe(config)), /canary/);
});

t.test('a whole configuration for aws', async (t) => {
  const config = loadConfig({
    ...AWS,
    PORT: '0',
    CORS_ORIGINS: 'https://gui.example.org, http://localhost:5173',
    TRUST_PROXY: '10.0.0.0/8, ::1',
    ADMIN_EMAIL: 'Root@Example.org',
  });
  t.match(config, {
    cloud: 'aws',
    port: 0,
    region: 'eu-west-1',
    publicUrl: 'https://brain.example.org/Prod',
    corsOrigins: ['https://gui.example.org', 'http://localhost:5173'],
    trustProxy: ['10.0.0.0/8', '::1'],
    adminEmail: 'root@example.org',
  });
  t.equal(loadConfig({ TRUST_PROXY: 'true' }).trustProxy, true);
});

t.test('all problems are told at once: the variable, what it must be, an example', async (t) => {
  const problems = problemsOf({
    CLOUDMR_CLOUD: 'aws',
    PORT: '99999',
    PUBLIC_URL: 'http://brain.example.org',
    TOKEN_SECRET: 'canary-too-short',
    CORS_ORIGINS: 'https://a.example/path',
  });
  const named = Object.fromEntries(problems.map((problem) => [problem.split(' ')[0], problem]));
  t.same(Object.keys(named).sort(), [
    'ADMIN_PASSWORD',
    'AWS_REGION',
    'BROKER_ROLE_ARN',
    'CORS_ORIGINS',
    'HUB_ACCOUNT_ID',
    'PORT',
    'PUBLIC_URL',
    'TOKEN_SECRET',
  ]);
  t.equal(
    named['PORT'],
    'PORT is wrong: it must be a port number from 0 to 65535 (0: any free port), for example 8080',
  );
  t.equal(named['AWS_REGION'], 'AWS_REGION is missing: it must be an AWS region, for example us-east-1');
  for (const problem of problems)
    t.match(problem, /^[A-Z_]+ is (wrong|missing): it must be .+, for example .+/);
  t.notMatch(problems.join('\n'), 'canary', 'a wrong value is not repeated: it may be a secret');
});

t.test('each variable refuses nonsense', async (t) => {
  const nonsense: Record<string, string[]> = {
    PORT: ['-1', '65536', '80.5', 'http'],
    CLOUDMR_CLOUD: ['azure', 'AWS'],
    TABLE_NAME: ['a', 'has space'],
    AWS_REGION: ['mars', 'us-east'],
    HUB_ACCOUNT_ID: ['42', '12345678901x'],
    BROKER_ROLE_ARN: ['root', 'arn:aws:iam::1:user/x'],
    PLATFORM_ROLE_ARN: ['root', 'arn:aws:iam::1:role/x'],
    PUBLIC_URL: ['brain.example.org', 'ftp://x', 'https://x?query'],
    TOKEN_SECRET: ['short'],
    CORS_ORIGINS: ['*', 'gui.example.org', 'https://gui.example.org/'],
    LOG_LEVEL: ['loud'],
    ADMIN_EMAIL: ['admin'],
    ADMIN_PASSWORD: ['no-digit.Upper', 'No7special', 'aA7.'],
    REQUESTS_PER_MINUTE: ['0', '-1', 'many'],
    MAX_REQUESTS_IN_FLIGHT: ['0', '-1', 'many'],
    SIGN_INS_PER_MINUTE: ['0', '1.5'],
    WORKER_DIGESTS: ['latest', 'sha256:123', `sha256:${'g'.repeat(64)}`],
    PROOF_CALLERS: ['(a+)+', 'arn:aws:iam::*:role/x y', '?'],
    FAIR_USE_JOBS_PER_MONTH: ['-1', '1.5'],
    FAIR_USE_JOBS_AT_ONCE: ['0', '201'],
    FAIR_USE_USD_PER_MONTH: ['-1', 'much'],
    METRICS_TOKEN: ['short', 'has a space in the middle'],
    OTEL_EXPORTER_OTLP_ENDPOINT: ['collector:4318', 'grpc://collector'],
    TRACES_RATIO: ['-1', '2', 'all'],
    MODE2_TEMPLATE_URL: ['bucket/template.yaml', 'http://example.org/template.yaml', 'https://'],
    OIDC_ISSUER: ['http://login.example.org', 'login.example.org'],
    OIDC_AUDIENCE: ['x'.repeat(501)],
    OIDC_JWKS_URL: ['http://login.example.org/keys'],
    SMTP_URL: ['mail.example.org', 'http://mail.example.org', 'smtp://', 'smtp://a/b', 'smtp://a?x=1'],
    MAIL_FROM: ['CloudMR', 'CloudMR <a@b', 'a@example.org\r\nBcc: b@example.org', 'a@b, c@d'],
    AWS_QUOTAS: ['StartExecution', 'StartExecution=0/5', 'PutObject=5/5', 'StartExecution=5'],
    TRUST_PROXY: ['yes', '2 hops', 'proxy.example.org'],
  };
  for (const [name, values] of Object.entries(nonsense)) {
    for (const value of values) {
      t.match(problemsOf({ [name]: value }), [new RegExp(`^${name} is wrong`)], `${name}=${value}`);
    }
  }
  t.same(
    VARIABLE_NAMES.filter((name) => !nonsense[name]).sort(),
    ['DATA_DIR', 'HOST'],
    'which take any text',
  );
});

t.test('variables that look like ours but are not are named', async (t) => {
  const config = loadConfig({ CLOUDMR_CLOUDD: 'aws', CLOUDMR_API_URL: 'http://x', PATH: '/bin' });
  t.same(config.unknownVariables, ['CLOUDMR_CLOUDD']);
});

t.test('what is logged at the start holds no secret', async (t) => {
  const shown = safe(loadConfig(AWS));
  t.notMatch(JSON.stringify(shown), 'canary');
  t.equal(shown['tokenSecret'], '[set]');
  t.equal(shown['adminPassword'], '[set]');
  t.equal(safe(loadConfig({}))['tokenSecret'], '[generated]');
  t.equal(shown['publicUrl'], 'https://brain.example.org/Prod', 'and everything else');
});

t.test('.env.example documents every variable with the default', async (t) => {
  const text = readFileSync(new URL('../.env.example', import.meta.url), 'utf8');
  const given = Object.fromEntries(
    [...text.matchAll(/^([A-Z0-9_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  );
  t.same(Object.keys(given).sort(), [...VARIABLE_NAMES].sort());
  t.same(loadConfig(given), loadConfig({}));
  for (const block of text.split('\n\n').slice(1)) t.match(block, /^# .+\n/, 'with words above');
});
