/** The environment of the command line; its only reader of `process.env`. */
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface CliEnvironment {
  /** No moving progress bars: a CI system or a terminal that cannot move its cursor. */
  readonly plain: boolean;
  /** `CLOUDMR_URL`: the broker to talk to, before the one of the last login. */
  readonly url: string | undefined;
  /** `CLOUDMR_TOKEN`: a personal access token, before the session of the last login. */
  readonly token: string | undefined;
  /** Credentials and what an interrupted command had done: `CLOUDMR_HOME`, else a folder of the person. */
  readonly folder: string;
  /** `DATA_DIR`: the state folder of the broker on this machine, as the broker itself reads it. */
  readonly dataDir: string;
}

export function readCliEnvironment(env: NodeJS.ProcessEnv = process.env): CliEnvironment {
  return {
    plain: Boolean(env.CI) || env.TERM === 'dumb',
    url: env.CLOUDMR_URL || undefined,
    token: env.CLOUDMR_TOKEN || undefined,
    dataDir: env.DATA_DIR || '.cloudmr',
    folder: env.CLOUDMR_HOME || join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'cloudmr'),
  };
}
