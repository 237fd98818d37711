/** The environment of the stack's own functions; their only reader of `process.env`. */
import type { SigningCredentials } from '../local/sigv4/sign.ts';

export interface FunctionEnvironment {
  readonly region: string;
  /** `amazonaws.com`, or `amazonaws.com.cn` in China. */
  readonly urlSuffix: string;
  /** The embedded cloud or another stand-in; undefined on AWS. */
  readonly endpoint: string | undefined;
  readonly credentials: SigningCredentials;
  /** Base URL of the broker. */
  readonly apiUrl: string;
}

export function readFunctionEnvironment(env: NodeJS.ProcessEnv = process.env): FunctionEnvironment {
  const text = (name: string): string => env[name] ?? '';
  return {
    region: text('AWS_REGION'),
    urlSuffix: text('URL_SUFFIX') || 'amazonaws.com',
    endpoint: env['AWS_ENDPOINT_URL'] || undefined,
    credentials: {
      accessKeyId: text('AWS_ACCESS_KEY_ID'),
      secretAccessKey: text('AWS_SECRET_ACCESS_KEY'),
      sessionToken: env['AWS_SESSION_TOKEN'] || undefined,
    },
    apiUrl: text('CLOUDMR_API_URL').replace(/\/+$/, ''),
  };
}
