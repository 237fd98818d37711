/** `main.ts PROGRAM [arguments]`: sets up the platform's side of AWS and GitHub. What the shell scripts start. */
import { createAws } from '../../mode2-deployment/aws-cli.ts';
import { readDeployEnvironment } from '../../mode2-deployment/environment.ts';
import { createDialogue, type Dialogue, standardIo } from '../../mode2-deployment/io.ts';
import { whoAmI } from '../../mode2-deployment/session.ts';
import { tellFailure } from '../../mode2-deployment/tell-failure.ts';
import { createOidcRoles } from './create-oidc-roles.ts';
import { setSecrets } from './github-secrets.ts';
import { mustBeName, rolesOf } from './oidc-role.ts';
import { type PlatformRequest, platformUsage, readPlatformRequest } from './options.ts';
import { createRepositories } from './repositories.ts';

/** Public registries are in one region only. */
const PUBLIC_REGION = 'us-east-1';

/** Runs the program. Returns what it has done, as data. */
async function run(request: PlatformRequest, dialogue: Dialogue): Promise<Record<string, unknown>> {
  const { program, values } = request;
  const dryRun = values['dry-run'] === true;
  if (program === 'setup-github-secrets') return secrets(request, dialogue, dryRun);
  const environment = readDeployEnvironment();
  const profile = values['profile'] as string | undefined;
  const awsIn = (region: string) => createAws({ region, profile, env: environment.forAws });
  const aws = awsIn(String(values['region']));
  if (program === 'create-ecr-repos') {
    return { repositories: await createRepositories(aws, awsIn(PUBLIC_REGION), dialogue, dryRun) };
  }
  const { accountId, arn } = await whoAmI(aws);
  const [organisation, repository] = request.words;
  const name = mustBeName('REPOSITORY', repository);
  const wish = {
    organisation: mustBeName('ORGANISATION', organisation),
    repository: name,
    environment: mustBeName('--environment', String(values['environment'])),
    previewEnvironment: mustBeName('--preview-environment', String(values['preview-environment'])),
    audience: String(values['audience']),
    roleName: mustBeName('--role-name', String(values['role-name'] ?? `GitHubActionsRole-${name}`)),
    accountId,
    partition: arn.split(':')[1],
  };
  if (dryRun) {
    const roles = rolesOf(wish);
    dialogue.say(JSON.stringify(roles, null, 2));
    return { roles };
  }
  const roleArns = await createOidcRoles(aws, wish, dialogue);
  for (const [where, roleArn] of Object.entries(roleArns)) {
    dialogue.say(`AWS_DEPLOY_ROLE_ARN of the environment ${where} is ${roleArn}`);
  }
  return { roleArns };
}

async function secrets(
  { words, values }: PlatformRequest,
  dialogue: Dialogue,
  dryRun: boolean,
): Promise<Record<string, unknown>> {
  const [organisation, repository] = (words[0] ?? '').split('/');
  const wish = {
    repository: `${mustBeName('ORGANISATION', organisation)}/${mustBeName('REPOSITORY', repository)}`,
    environment: mustBeName('--environment', String(values['environment'])),
    given: readDeployEnvironment().variables,
    dryRun,
  };
  return { secrets: await setSecrets(wish, dialogue) };
}

const io = standardIo();
const args = process.argv.slice(2);
const json = args.includes('--json');
try {
  const request = readPlatformRequest(args);
  const { program, values } = request;
  if (values['help'] === true) io.out(platformUsage(program));
  else {
    const result = await run(request, createDialogue(io, { quiet: values['yes'] === true, json }));
    if (json) io.out(JSON.stringify({ ok: true, program, ...result }));
  }
} catch (error) {
  process.exitCode = tellFailure(error, io, { json });
}
