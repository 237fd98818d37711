/** `main.ts PROGRAM [arguments]`: sets up the platform's side of AWS and GitHub. What the shell scripts start. */
import { createAws } from '../../mode2-deployment/aws-cli.ts';
import { readDeployEnvironment } from '../../mode2-deployment/environment.ts';
import { DeployFailure, exitCodeOf } from '../../mode2-deployment/failure.ts';
import { createDialogue, standardIo } from '../../mode2-deployment/io.ts';
import { whoAmI } from '../../mode2-deployment/session.ts';
import { setSecrets } from './github-secrets.ts';
import { createOidcRole, mustBeName, permissionsOf, trustOf } from './oidc-role.ts';
import { type PlatformRequest, platformUsage, readPlatformRequest } from './options.ts';
import { createRepositories, PRIVATE_REPOSITORIES, PUBLIC_REPOSITORIES } from './repositories.ts';

/** Public registries are in one region only. */
const PUBLIC_REGION = 'us-east-1';

async function main(args: string[]): Promise<void> {
  const request = readPlatformRequest(args);
  const { program, values } = request;
  const io = standardIo();
  if (values['help'] === true) return io.out(platformUsage(program));
  if (program === 'setup-github-secrets') return secrets(request);
  const environment = readDeployEnvironment();
  const profile = values['profile'] as string | undefined;
  const awsIn = (region: string) => createAws({ region, profile, env: environment.forAws });
  const dialogue = createDialogue(io, { quiet: true, json: false });
  const aws = awsIn(String(values['region']));
  if (program === 'create-ecr-repos') {
    if (values['dry-run'] !== true) return createRepositories(aws, awsIn(PUBLIC_REGION), dialogue);
    for (const name of PRIVATE_REPOSITORIES) dialogue.say(`private ${name}`);
    for (const name of PUBLIC_REPOSITORIES) dialogue.say(`public ${name}`);
    return;
  }
  const { accountId, arn } = await whoAmI(aws);
  const [organisation, repository] = request.words;
  const name = mustBeName('REPOSITORY', repository);
  const wish = {
    organisation: mustBeName('ORGANISATION', organisation),
    repository: name,
    environment: mustBeName('--environment', String(values['environment'])),
    audience: String(values['audience']),
    roleName: mustBeName('--role-name', String(values['role-name'] ?? `GitHubActionsRole-${name}`)),
    accountId,
    partition: arn.split(':')[1],
  };
  if (values['dry-run'] === true)
    return dialogue.say(JSON.stringify([trustOf(wish), permissionsOf(wish)], null, 2));
  dialogue.say(`AWS_DEPLOY_ROLE_ARN is ${await createOidcRole(aws, wish, dialogue)}`);
}

async function secrets({ words, values }: PlatformRequest): Promise<void> {
  const [organisation, repository] = (words[0] ?? '').split('/');
  const wish = {
    repository: `${mustBeName('ORGANISATION', organisation)}/${mustBeName('REPOSITORY', repository)}`,
    environment: mustBeName('--environment', String(values['environment'])),
    given: readDeployEnvironment().variables,
    dryRun: values['dry-run'] === true,
  };
  await setSecrets(wish, createDialogue(standardIo(), { quiet: false, json: false }));
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof DeployFailure)) throw error;
  const { code, message, remedy } = error;
  standardIo().err(`Error: ${message} [${code}]\n  ${remedy}`);
  process.exitCode = exitCodeOf(code);
}
