/** The environment of the stack's own functions; their only reader of `process.env`. */
import type { SigningCredentials } from '../local/sigv4/sign.ts';

export interface FunctionEnvironment {
  readonly region: string;
  /** Address of a service: a stand-in if the usual variables name one. */
  readonly endpoint: (service: 'ecr' | 'ssm' | 'sts') => string;
  readonly credentials: SigningCredentials;
  /** Base URL of the broker. */
  readonly apiUrl: string;
}

export function readFunctionEnvironment(env: NodeJS.ProcessEnv = process.env): FunctionEnvironment {
  const text = (name: string): string => env[name] ?? '';
  const region = text('AWS_REGION');
  return {
    region,
    endpoint: (service) =>
      text(`AWS_ENDPOINT_URL_${service.toUpperCase()}`) ||
      text('AWS_ENDPOINT_URL') ||
      `https://${service === 'ecr' ? 'api.ecr' : service}.${region}.${text('URL_SUFFIX') || 'amazonaws.com'}/`,
    credentials: {
      accessKeyId: text('AWS_ACCESS_KEY_ID'),
      secretAccessKey: text('AWS_SECRET_ACCESS_KEY'),
      sessionToken: env['AWS_SESSION_TOKEN'] || undefined,
    },
    apiUrl: text('CLOUDMR_API_URL').replace(/\/+$/, ''),
  };
}
