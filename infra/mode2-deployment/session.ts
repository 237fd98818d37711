/** What every command works with: who asks for what, AWS, the broker, the template. */
import { type Aws, createAws, run } from './aws-cli.ts';
import { brokerUrl } from './broker.ts';
import type { DeployEnvironment } from './environment.ts';
import { DeployFailure } from './failure.ts';
import { createDialogue, type Dialogue, type Io } from './io.ts';
import type { Values } from './options.ts';
import type { Request } from './request.ts';
import { readTemplate, type Template } from './template-file.ts';

export interface Session {
  readonly request: Request;
  readonly values: Values;
  readonly io: Io;
  readonly dialogue: Dialogue;
  readonly environment: DeployEnvironment;
  readonly aws: Aws;
  readonly apiUrl: string;
  readonly template: Template;
  /** Epoch ms. */
  readonly clock: () => number;
  /** Between two looks at the same thing. */
  readonly pollMs: number;
}

/** What a command has found; becomes the JSON document. */
export type Result = Readonly<Record<string, unknown>>;

const FALLBACK_REGION = 'us-east-1';
const POLL_MS = 3_000;
/** moto and other stand-ins answer at once. */
const LOCAL_POLL_MS = 300;

/** Creates the session of a request. @throws DeployFailure wrong_arguments */
export async function createSession(
  request: Request,
  environment: DeployEnvironment,
  io: Io,
  clock: () => number,
): Promise<Session> {
  const { values } = request;
  const { profile, json, yes } = values;
  const env = environment.forAws;
  const region = values.region ?? (await profileRegion(profile, env)) ?? FALLBACK_REGION;
  return {
    request,
    values,
    io,
    dialogue: createDialogue(io, { quiet: yes, json }),
    environment,
    aws: createAws({ region, profile, env }),
    apiUrl: brokerUrl(values['api-url'] ?? ''),
    template: readTemplate(),
    clock,
    pollMs: env['AWS_ENDPOINT_URL'] ? LOCAL_POLL_MS : POLL_MS,
  };
}

/** The region that the profile names; undefined if it names none. @throws DeployFailure aws_cli_missing */
async function profileRegion(
  profile: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  try {
    const args = ['configure', 'get', 'region', ...(profile ? ['--profile', profile] : [])];
    return (await run(args, env)).trim() || undefined;
  } catch (error) {
    // `configure get` fails when there is nothing to get; what is really wrong, the identity check says.
    if (error instanceof DeployFailure && error.code !== 'aws_cli_missing') return undefined;
    throw error;
  }
}

export interface Identity {
  readonly accountId: string;
  readonly arn: string;
}

/** Who signs here. @throws DeployFailure */
export async function whoAmI(aws: Aws): Promise<Identity> {
  const { Account, Arn } = await aws.call<{ Account: string; Arn: string }>('sts', 'get-caller-identity');
  return { accountId: Account, arn: Arn };
}
