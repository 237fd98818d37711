/** The secrets of the workflow (R102-R109), from variables of the same names or typed; `gh` reads each on its standard input. */
import { spawn } from 'node:child_process';
import { failure } from '../../mode2-deployment/failure.ts';
import type { Dialogue } from '../../mode2-deployment/io.ts';

export const SECRETS = {
  AWS_DEPLOY_ROLE_ARN: 'role of create-github-oidc-role.sh',
  CLOUDMR_API_HOST: 'host name of the broker',
  CLOUDMR_API_URL: 'address of the broker (https)',
  CLOUDMR_ADMIN_TOKEN: 'personal access token of an administrator',
  ECS_CLUSTER_NAME: 'ECS cluster of Mode 1',
  SUBNET_ID_1: 'first subnet of Mode 1',
  SUBNET_ID_2: 'second subnet, in another zone',
  SECURITY_GROUP_ID: 'security group of the Fargate tasks',
  RESULTS_BUCKET: 'results of Mode 1',
  FAILED_BUCKET: 'failure bundles of Mode 1',
  DATA_BUCKET: 'data of Mode 1',
} as const;

export interface SecretsWish {
  /** `organisation/repository`. */
  readonly repository: string;
  readonly environment: string;
  readonly given: Readonly<Record<string, string | undefined>>;
  readonly dryRun: boolean;
}

/** Sets all of them. @throws DeployFailure value_missing naming every one that is nowhere, tool_missing */
export async function setSecrets(
  { repository, environment, given, dryRun }: SecretsWish,
  dialogue: Dialogue,
): Promise<void> {
  const values = new Map<string, string>();
  const missing: string[] = [];
  for (const [name, what] of Object.entries(SECRETS)) {
    const typed =
      given[name]?.trim() || (dialogue.interactive ? await dialogue.askHidden(`${name} (${what})`) : '');
    if (typed) values.set(name, typed);
    else missing.push(name);
  }
  if (missing.length > 0) throw failure('value_missing', missing.join(', '));
  for (const [name, value] of values) {
    if (!dryRun) await ghSecret(name, value, repository, environment);
    dialogue.say(`${name}: ${dryRun ? 'would be set' : 'set'}`);
  }
}

function ghSecret(name: string, value: string, repository: string, environment: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const args = ['secret', 'set', name, '--repo', repository, '--env', environment];
    const gh = spawn('gh', args, { stdio: ['pipe', 'ignore', 'inherit'] });
    gh.once('error', () =>
      reject(failure('tool_missing', 'gh', 'Install the GitHub CLI: https://cli.github.com')),
    );
    gh.once('close', (code) =>
      code === 0
        ? resolve()
        : reject(
            failure(
              'tool_missing',
              `gh could not set ${name}`,
              'Sign in with `gh auth login`; you must administer the repository.',
            ),
          ),
    );
    gh.stdin.end(value);
  });
}
