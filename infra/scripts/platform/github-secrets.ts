/**
 * The environments of the workflow and their secrets (R102-R109), from variables of the same names or typed; `gh` reads
 * each on its standard input.
 */
import { spawn } from 'node:child_process';
import { failure } from '../../mode2-deployment/failure.ts';
import type { Dialogue } from '../../mode2-deployment/io.ts';

export const SECRETS = {
  AWS_DEPLOY_ROLE_ARN: 'role that create-github-oidc-role.sh has made for this environment',
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

/** Of pull requests: whoever may open one could read what its environment holds. */
export const PREVIEW_ENVIRONMENT = 'preview';
const NOT_FOR_PREVIEW: readonly string[] = ['CLOUDMR_API_URL', 'CLOUDMR_ADMIN_TOKEN'];
/** What may be deployed. The role trusts the environment, so the environment has to say whom it lets in. */
const DEPLOYED = [
  { name: 'main', type: 'branch' },
  { name: 'v*.*.*', type: 'tag' },
] as const;

export interface SecretsWish {
  /** `organisation/repository`. */
  readonly repository: string;
  readonly environment: string;
  readonly given: Readonly<Record<string, string | undefined>>;
  readonly dryRun: boolean;
}

/** Makes the environment and sets all of them. @throws DeployFailure value_missing naming all that are nowhere, tool_missing */
export async function setSecrets(
  { repository, environment, given, dryRun }: SecretsWish,
  dialogue: Dialogue,
): Promise<string[]> {
  const preview = environment === PREVIEW_ENVIRONMENT;
  const values = new Map<string, string>();
  const missing: string[] = [];
  for (const [name, what] of Object.entries(SECRETS)) {
    if (preview && NOT_FOR_PREVIEW.includes(name)) continue;
    const typed =
      given[name]?.trim() || (dialogue.interactive ? await dialogue.askHidden(`${name} (${what})`) : '');
    if (typed) values.set(name, typed);
    else missing.push(name);
  }
  if (missing.length > 0) throw failure('value_missing', missing.join(', '));
  if (!dryRun) await makeEnvironment(repository, environment, preview ? [] : DEPLOYED);
  dialogue.say(`environment ${environment}: ${dryRun ? 'would be made' : 'is there'}`);
  for (const [name, value] of values) {
    if (!dryRun) await gh(['secret', 'set', name, '--repo', repository, '--env', environment], value);
    dialogue.say(`${name}: ${dryRun ? 'would be set' : 'set'}`);
  }
  return [...values.keys()];
}

/** The environment, open to the named branches and tags only; to all if none are named. */
async function makeEnvironment(
  repository: string,
  environment: string,
  open: readonly { name: string; type: string }[],
): Promise<void> {
  const path = `repos/${repository}/environments/${environment}`;
  const policy = open.length > 0 ? { protected_branches: false, custom_branch_policies: true } : null;
  await put('PUT', path, { deployment_branch_policy: policy });
  if (open.length === 0) return;
  const policies = `${path}/deployment-branch-policies`;
  const { branch_policies: known = [] } = JSON.parse(await gh(['api', policies])) as {
    branch_policies?: { name: string; type?: string }[];
  };
  for (const { name, type } of open) {
    if (!known.some((each) => each.name === name && (each.type ?? 'branch') === type))
      await put('POST', policies, { name, type });
  }
}

const put = (method: string, path: string, body: object): Promise<string> =>
  gh(['api', '--method', method, path, '--input', '-'], JSON.stringify(body));

/** What `gh` prints. @throws DeployFailure tool_missing */
function gh(args: string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('gh', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => (out += chunk));
    child.once('error', () =>
      reject(failure('tool_missing', 'gh', 'Install the GitHub CLI: https://cli.github.com')),
    );
    child.once('close', (code) => {
      if (code === 0) return resolve(out);
      const remedy = 'Sign in with `gh auth login`; you must administer the repository.';
      reject(failure('tool_missing', `gh could not do: ${args.slice(0, 4).join(' ')}`, remedy));
    });
    // One that ends without reading is told by its exit code.
    child.stdin.on('error', () => undefined).end(input);
  });
}
