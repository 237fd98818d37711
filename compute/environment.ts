/** The environment of the worker and of its functions; their only reader of `process.env`. */
import { availableParallelism, tmpdir, totalmem } from 'node:os';

export interface WorkerEnvironment {
  readonly region: string | undefined;
  /** The embedded cloud; undefined on AWS. */
  readonly endpoint: string | undefined;
  /** Where the job document of a Fargate task lies. */
  readonly jobBucket: string | undefined;
  readonly jobKey: string | undefined;
  /** Threads to work on; undefined: as many as the machine and the work suggest. */
  readonly threads: number | undefined;
  /** Base URL of the broker of this stack; undefined: the one that the job document names. */
  readonly apiUrl: string | undefined;
  /** Data bucket of the stack. */
  readonly dataBucket: string | undefined;
  /** vCPU and MiB of every Fargate task, where the owner of the account has chosen; undefined: by the job. */
  readonly fargateSize: { readonly vcpu: number; readonly memoryMb: number } | undefined;
  /** Where the agent of an ECS task tells about its container. */
  readonly metadataUrl: string | undefined;
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
    threads: threadsOf(text('MROPARALLEL')),
    apiUrl: text('CLOUDMR_API_URL')?.replace(/\/+$/, ''),
    dataBucket: text('DataBucketName'),
    fargateSize: sizeOf(text('FARGATE_SIZE')),
    metadataUrl: text('ECS_CONTAINER_METADATA_URI_V4'),
    tempRoot: tmpdir(),
  };
}

/** What the platform gives this process. */
export interface PlatformGiven {
  readonly cpus: number;
  readonly memoryMb: number;
  /** Of a Lambda function. */
  readonly functionVersion: string | undefined;
  /** `sha256:...`, where the stack names the image by it. */
  readonly imageDigest: string | undefined;
}

/** The size of a function by its name for it, of a task by the limit of its container, else of the machine. */
export function readPlatformGiven(env: NodeJS.ProcessEnv = process.env): PlatformGiven {
  const ofFunction = Number(env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE']);
  // 0: no limit; a number beyond the machine's memory means the same.
  const ofContainer = Math.min(process.constrainedMemory() || totalmem(), totalmem());
  return {
    cpus: availableParallelism(),
    memoryMb: ofFunction > 0 ? ofFunction : Math.floor(ofContainer / 2 ** 20),
    functionVersion: env['AWS_LAMBDA_FUNCTION_VERSION'] || undefined,
    imageDigest: imageDigestOf(env['WORKER_IMAGE'] ?? ''),
  };
}

/** The digest in the name of an image (`REPOSITORY@sha256:...`); undefined if a tag names it. */
export function imageDigestOf(name: string): string | undefined {
  return /@(sha256:[0-9a-f]{64})$/.exec(name)?.[1];
}

/** `FARGATE_SIZE`: vCPU and GB as in `4-16`; anything else (`auto`) leaves the choice to the estimate. */
function sizeOf(value = ''): WorkerEnvironment['fargateSize'] {
  const [, vcpu, gib] = /^(\d{1,2})-(\d{1,3})$/.exec(value) ?? [];
  return vcpu ? { vcpu: Number(vcpu), memoryMb: 1024 * Number(gib) } : undefined;
}

/** `MROPARALLEL`: off (0, no, false) means one thread, a number that many, anything else the default. */
function threadsOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^(0|no|off|false)$/i.test(value)) return 1;
  const count = Number(value);
  return Number.isInteger(count) && count > 1 ? Math.min(count, 64) : undefined;
}
