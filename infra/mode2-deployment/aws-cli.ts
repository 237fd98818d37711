/**
 * The researcher's own `aws` program, so that their profiles, SSO and proxies work. Inputs are JSON files that only
 * this user can read: no secret is ever on a command line.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AwsRefusal, refusalOf } from './aws-refusals.ts';
import { failure } from './failure.ts';

/** A call of AWS takes seconds; a program that hangs longer waits for something that does not come. */
const LIMIT_MS = 120_000;

export interface Aws {
  readonly region: string;
  /** The answer of one operation. @throws AwsRefusal, DeployFailure */
  call<T = unknown>(service: string, operation: string, input?: object, more?: readonly string[]): Promise<T>;
  /** The same; undefined if AWS refuses with one of the codes. */
  find<T>(
    service: string,
    operation: string,
    input: object,
    absent: readonly string[],
  ): Promise<T | undefined>;
}

export interface AwsOptions {
  region: string;
  profile: string | undefined;
  env: Readonly<Record<string, string | undefined>>;
}

/** Creates the caller of `aws`. Nothing is started yet. */
export function createAws({ region, profile, env }: AwsOptions): Aws {
  const common = ['--region', region, ...(profile ? ['--profile', profile] : [])];

  async function call<T>(
    service: string,
    operation: string,
    input: object = {},
    more: readonly string[] = [],
  ): Promise<T> {
    const folder = await mkdtemp(join(tmpdir(), 'cloudmr-aws-'));
    try {
      const file = join(folder, 'input.json');
      await writeFile(file, JSON.stringify(input), { mode: 0o600 });
      const given = Object.keys(input).length > 0 ? ['--cli-input-json', `file://${file}`] : [];
      const args = [service, operation, ...given, ...more, ...common, '--output', 'json'];
      const answer = await run(args, env);
      return (answer.trim() === '' ? {} : JSON.parse(answer)) as T;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  return {
    region,
    call,
    async find<T>(service: string, operation: string, input: object, absent: readonly string[]) {
      try {
        return await call<T>(service, operation, input);
      } catch (error) {
        if (error instanceof AwsRefusal && absent.includes(error.awsCode)) return undefined;
        throw error;
      }
    },
  };
}

/** What the program prints. @throws AwsRefusal if AWS says no, DeployFailure if it was never asked */
export function run(args: readonly string[], env: AwsOptions['env']): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('aws', args, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => (out += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk) => (err += chunk));
    child.once('error', (error) => reject(notStarted(error)));
    child.once('close', (code, signal) => {
      if (code === 0) resolve(out);
      else reject(refusalOf(signal ? `aws ended by ${signal}` : err, `${args[0]} ${args[1]}`));
    });
  });
}

function notStarted(error: Error): Error {
  return (error as NodeJS.ErrnoException).code === 'ENOENT' ? failure('aws_cli_missing') : error;
}
