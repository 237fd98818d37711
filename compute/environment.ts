/** The environment of the worker and of its functions; their only reader of `process.env`. */
import { tmpdir } from 'node:os';

export interface WorkerEnvironment {
  readonly region: string | undefined;
  /** The embedded cloud; undefined on AWS. */
  readonly endpoint: string | undefined;
  /** Where the job document of a Fargate task lies. */
  readonly jobBucket: string | undefined;
  readonly jobKey: string | undefined;
  /** Folder for temporary files. */
  readonly tempRoot: string;
}

export function readWorkerEnvironment(env: NodeJS.ProcessEnv = process.env): WorkerEnvironment {
  const text = (name: string): string | undefined => env[name] || undefined;
  return {
    region: text('AWS_REGION') ?? text('AWS_DEFAULT_REGION'),
    endpoint: text('AWS_ENDPOINT_URL_S3') ?? text('AWS_ENDPOINT_URL'),
    jobBucket: text('JOB_BUCKET'),
    jobKey: text('JOB_KEY'),
    tempRoot: tmpdir(),
  };
}
