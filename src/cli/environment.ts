/** The environment of the command line; its only reader of `process.env`. */

export interface CliEnvironment {
  /** No moving progress bars: a CI system or a terminal that cannot move its cursor. */
  readonly plain: boolean;
}

export function readCliEnvironment(env: NodeJS.ProcessEnv = process.env): CliEnvironment {
  return { plain: Boolean(env.CI) || env.TERM === 'dumb' };
}
