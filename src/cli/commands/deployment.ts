/** `cloudmr deploy-mode2`, `doctor`, `destroy`: the deployment program, signed in as the rest of the command line. */
import {
  type DeployEnvironment,
  readDeployEnvironment,
} from '../../../infra/mode2-deployment/environment.ts';
import { standardIo } from '../../../infra/mode2-deployment/io.ts';
import { type CommandName, optionsOf } from '../../../infra/mode2-deployment/options.ts';
import { runDeployMode2 } from '../../../infra/mode2-deployment/run.ts';
import { type Cli, NotSignedIn } from '../command.ts';

/** For completion. */
export const flagsOf = (command: CommandName): string[] => optionsOf(command).map(([name]) => name);

/** Runs a deployment command with its own flags. Returns its exit code. */
export async function deployment(cli: Cli, args: string[]): Promise<number> {
  const { terminal } = standardIo();
  return runDeployMode2(
    args,
    { ...cli.io, terminal },
    await signedIn(cli, readDeployEnvironment()),
    'cloudmr deploy-mode2',
  );
}

/** With the session of the last login where no token is given otherwise. */
async function signedIn(cli: Cli, environment: DeployEnvironment): Promise<DeployEnvironment> {
  if (environment.token) return environment;
  try {
    const { url, token } = await cli.session();
    const { variables } = environment;
    return { ...environment, token: await token(), variables: { CLOUDMR_API_URL: url, ...variables } };
  } catch (error) {
    // The program asks for a token itself.
    if (error instanceof NotSignedIn) return environment;
    throw error;
  }
}
