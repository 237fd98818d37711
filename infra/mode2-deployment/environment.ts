/** The environment of the deployment programs; their only reader of `process.env`. */

export interface DeployEnvironment {
  /** What options may be read from. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The CloudMR token, if it is there. */
  readonly token: string | undefined;
  /** For the AWS CLI: everything but what is none of its business. */
  readonly forAws: Readonly<Record<string, string | undefined>>;
}

/** Secrets that no program we start needs. */
const OURS = new Set(['CLOUDMR_TOKEN', 'CLOUDMR_ADMIN_TOKEN']);

export function readDeployEnvironment(env: NodeJS.ProcessEnv = process.env): DeployEnvironment {
  const forAws = Object.fromEntries(Object.entries(env).filter(([name]) => !OURS.has(name)));
  return {
    variables: env,
    token: env.CLOUDMR_TOKEN?.trim() || undefined,
    // No pager: its keys would end the program instead of its output.
    forAws: { ...forAws, AWS_PAGER: '', PYTHONUNBUFFERED: '1' },
  };
}
