/**
 * The scripts that set up the platform, run as people run them, with the real `aws` against moto. What moto does not know
 * (public registries) and GitHub's own `gh` are programs of a few lines that note what they are asked.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SECRETS } from '../../infra/scripts/platform/github-secrets.ts';

const SCRIPTS = join(import.meta.dirname, '../../infra/scripts');
const ORG = 'cloudmrhub';
const REPOSITORY = 'mroptimum-app';

/** One operation of the real `aws`. */
// biome-ignore lint/suspicious/noExplicitAny: whatever AWS answers
type AwsCall = (...args: string[]) => any;

interface Done {
  code: number;
  out: string;
  err: string;
}

/** Runs all of them; afterwards nothing of it is left. */
export async function platformScripts(
  env: Record<string, string>,
  accountId: string,
  aws: AwsCall,
): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'cloudmr-platform-'));
  const registry = await publicRegistry();
  const script = (name: string, args: string[], more: Record<string, string> = {}): Promise<Done> =>
    run(join(SCRIPTS, name), args, {
      ...env,
      AWS_ENDPOINT_URL_ECR_PUBLIC: registry.url,
      PATH: `${dir}:${env['PATH']}`,
      ...more,
    });
  try {
    await repositories(script, registry.made, aws);
    await roles(script, accountId, aws);
    await secrets(script, dir);
    console.log('platform scripts: repositories, roles, bucket, secrets');
  } finally {
    registry.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

type Script = (name: string, args: string[], more?: Record<string, string>) => Promise<Done>;

async function repositories(script: Script, made: Set<string>, aws: AwsCall): Promise<void> {
  const names = (): string[] =>
    aws('ecr', 'describe-repositories').repositories.map(
      (each: { repositoryName: string }) => each.repositoryName,
    );
  const dry = await script('create-ecr-repos.sh', ['--dry-run', '--json']);
  assert.equal(dry.code, 0, dry.err);
  assert.ok(Object.values(JSON.parse(dry.out).repositories).every((state) => state === 'missing'));
  assert.deepEqual([names(), [...made]], [[], []], 'a dry run makes nothing');
  const first = await script('create-ecr-repos.sh', []);
  assert.equal(first.code, 0, first.err);
  assert.match(first.out, /private cloudmr-broker: made/);
  assert.deepEqual(names().sort(), ['cloudmr-broker', 'mroptimum-fargate', 'mroptimum-lambda']);
  assert.deepEqual([...made].sort(), ['mroptimum-fargate', 'mroptimum-lambda']);
  const { imageTagMutability } = aws('ecr', 'describe-repositories').repositories[0];
  assert.equal(imageTagMutability, 'IMMUTABLE');
  const again = await script('create-ecr-repos.sh', ['--json']);
  assert.ok(
    Object.values(JSON.parse(again.out).repositories).every((state) => state === 'there'),
    again.out,
  );
  const wrong = await script('create-ecr-repos.sh', ['--colour', '--json']);
  assert.deepEqual([wrong.code, JSON.parse(wrong.out).code], [2, 'wrong_arguments']);
}

async function roles(script: Script, accountId: string, aws: AwsCall): Promise<void> {
  const dry = await script('create-github-oidc-role.sh', [ORG, REPOSITORY, '--dry-run', '--json']);
  assert.equal(JSON.parse(dry.out).roles.length, 4, dry.err);
  assert.deepEqual(aws('iam', 'list-roles').Roles, [], 'a dry run makes nothing');
  const made = await script('create-github-oidc-role.sh', [ORG, REPOSITORY, '--json']);
  assert.equal(made.code, 0, made.err);
  const role = `arn:aws:iam::${accountId}:role/GitHubActionsRole-${REPOSITORY}`;
  assert.deepEqual(JSON.parse(made.out).roleArns, { production: role, preview: `${role}-preview` });
  const { Role } = aws('iam', 'get-role', '--role-name', `GitHubActionsRole-${REPOSITORY}`);
  assert.deepEqual(Role.AssumeRolePolicyDocument.Statement[0].Condition.StringEquals, {
    'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
    'token.actions.githubusercontent.com:sub': `repo:${ORG}/${REPOSITORY}:environment:production`,
  });
  assert.equal(aws('iam', 'list-open-id-connect-providers').OpenIDConnectProviderList.length, 1);
  const bucket = `cloudmr-artifacts-${accountId}`;
  const { PublicAccessBlockConfiguration } = aws('s3api', 'get-public-access-block', '--bucket', bucket);
  assert.ok(Object.values(PublicAccessBlockConfiguration).every(Boolean));
  const again = await script('create-github-oidc-role.sh', [ORG, REPOSITORY]);
  assert.equal(again.code, 0, again.err);
  assert.match(again.out, /brought up to date/);
  for (const words of [[], [ORG], ['*', REPOSITORY]]) {
    const wrong = await script('create-github-oidc-role.sh', [...words, '--json']);
    assert.deepEqual([wrong.code, JSON.parse(wrong.out).code], [2, 'wrong_arguments'], words.join());
  }
  const broken = await script('create-github-oidc-role.sh', [ORG, REPOSITORY, '--json'], {
    AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
  });
  assert.deepEqual([broken.code, JSON.parse(broken.out).code], [1, 'aws_unreachable'], broken.out);
  // Out of the way of the run that follows.
  for (const { RoleName } of aws('iam', 'list-roles').Roles) {
    aws('iam', 'delete-role-policy', '--role-name', RoleName, '--policy-name', 'cloudmr-deploy');
    aws('iam', 'delete-role', '--role-name', RoleName);
  }
  aws('s3api', 'delete-bucket', '--bucket', bucket);
  for (const name of ['cloudmr-broker', 'mroptimum-fargate', 'mroptimum-lambda'])
    aws('ecr', 'delete-repository', '--repository-name', name);
}

async function secrets(script: Script, dir: string): Promise<void> {
  const log = join(dir, 'gh.log');
  writeFileSync(log, '');
  writeFileSync(
    join(dir, 'gh'),
    `#!/bin/sh\necho "$@" >>'${log}'\ncat >>'${dir}/gh.stdin'\necho >>'${dir}/gh.stdin'\nprintf '{}'\n`,
  );
  chmodSync(join(dir, 'gh'), 0o755);
  const values = Object.fromEntries(Object.keys(SECRETS).map((name) => [name, `secret-${name}`]));
  const missing = await script('setup-github-secrets.sh', [`${ORG}/${REPOSITORY}`, '--yes', '--json']);
  assert.deepEqual([missing.code, JSON.parse(missing.out).code], [2, 'value_missing'], missing.err);
  assert.equal(readFileSync(log, 'utf8'), '', 'nothing was set');
  const set = await script('setup-github-secrets.sh', [`${ORG}/${REPOSITORY}`, '--yes', '--json'], values);
  assert.equal(set.code, 0, set.err);
  assert.deepEqual(JSON.parse(set.out).secrets, Object.keys(SECRETS));
  assert.doesNotMatch(
    readFileSync(log, 'utf8') + set.out + set.err,
    /secret-/,
    'no secret on a command line',
  );
  assert.match(readFileSync(join(dir, 'gh.stdin'), 'utf8'), /secret-CLOUDMR_ADMIN_TOKEN/);
}

/** Public registries as their API answers, as far as the script asks. */
async function publicRegistry() {
  const made = new Set<string>();
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { repositoryName, repositoryNames = [] } = JSON.parse(text);
    const operation = String(request.headers['x-amz-target']).split('.').at(-1);
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    if (operation === 'CreateRepository') made.add(repositoryName);
    else if (!made.has(repositoryNames[0])) {
      response.statusCode = 400;
      return response.end(JSON.stringify({ __type: 'RepositoryNotFoundException', message: 'not there' }));
    }
    response.end(JSON.stringify({ repositories: [{ repositoryName: repositoryNames[0] }] }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    made,
    close: () => server.close(),
  };
}

async function run(command: string, args: string[], env: Record<string, string>): Promise<Done> {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk) => (out += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk) => (err += chunk));
  const [code] = await once(child, 'close');
  return { code, out, err };
}
