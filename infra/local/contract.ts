/**
 * The seams of the embedded cloud: what the gateway gives to a service and what a service gives back.
 * The gateway (gateway.ts) authenticates every request (SigV4, sessions, clock) and finds the service;
 * a service decides by `context.authorize(action, resource)` and does the work.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Who signed the request. */
export interface Caller {
  readonly accountId: string;
  /** As GetCallerIdentity answers: user ARN, or `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`. */
  readonly arn: string;
  /** The ARN that trust policies and IAM policies see: the user or the role behind a session. */
  readonly principalArn: string;
  readonly kind: 'root' | 'user' | 'session';
  /** Epoch ms; only for sessions. */
  readonly expiresAt?: number;
}

/** What every service sees of a verified request. */
export interface ServiceContext {
  readonly requestId: string;
  readonly accountId: string;
  readonly region: string;
  readonly caller: Caller;
  /**
   * Throws AccessDenied unless identity policies, session policies and (for S3 across accounts) the
   * resource's owner allow it. `action` as in IAM (`s3:GetObject`), `resource` a full ARN. `keys` are the
   * service's own condition keys of this request (`s3:prefix`); the gateway adds the global ones.
   */
  readonly authorize: (action: string, resource: string, keys?: Readonly<Record<string, string>>) => void;
}

/** A service of the AWS JSON protocol (DynamoDB, Step Functions). */
export interface JsonService {
  /** Credential-scope name: `dynamodb`, `states`. */
  readonly name: string;
  /** `x-amz-target` prefix, for example `DynamoDB_20120810`. */
  readonly targetPrefix: string;
  call(operation: string, input: Record<string, unknown>, context: ServiceContext): Promise<unknown>;
  close(): Promise<void>;
}

/** How the body of an S3 request is protected; the S3 service checks it while it streams. */
export interface BodySignature {
  /** Value of x-amz-content-sha256, or UNSIGNED-PAYLOAD for presigned requests. */
  readonly contentSha256: string;
  /** For STREAMING-AWS4-HMAC-SHA256-PAYLOAD: what the chunk signatures chain from. */
  readonly seed?: { signature: string; signingKey: Buffer; scope: string; amzDate: string };
}

export interface S3Service {
  /** `context` is undefined for anonymous requests: only CORS preflights are answered then. */
  handle(
    request: IncomingMessage,
    response: ServerResponse,
    context: ServiceContext | undefined,
    body: BodySignature,
  ): Promise<void>;
  /** CORS headers for the answers that the gateway gives in the service's place (signature errors, faults). */
  corsHeaders?(request: IncomingMessage): Record<string, string>;
  close(): Promise<void>;
}

/** An error as AWS answers it; the gateway renders it as JSON or XML by protocol. */
export class AwsError extends Error {
  readonly code: string;
  readonly statusCode: number;
  readonly extra: Record<string, unknown>;

  constructor(code: string, message: string, statusCode = 400, extra: Record<string, unknown> = {}) {
    super(message);
    this.name = 'AwsError';
    this.code = code;
    this.statusCode = statusCode;
    this.extra = extra;
  }
}

/** What SUPPORTED.md does not list is refused by name. */
export function notEmulated(what: string): AwsError {
  return new AwsError('NotImplementedLocally', `The embedded cloud does not emulate ${what}.`, 501);
}

/** Milliseconds now; injected so that tests move time instead of sleeping. */
export type Clock = () => number;

// ---- what stacks create ---------------------------------------------------------------------------------

export interface PolicyStatement {
  Sid?: string;
  Effect: 'Allow' | 'Deny';
  /** Exactly one of Action and NotAction. */
  Action?: string | string[];
  NotAction?: string | string[];
  Resource?: string | string[];
  NotResource?: string | string[];
  Principal?: Record<string, string | string[]> | '*';
  Condition?: Record<string, Record<string, string | string[]>>;
}
export interface PolicyDocument {
  Version?: string;
  Statement: PolicyStatement[];
}

export interface RoleResource {
  name: string;
  trust: PolicyDocument;
  policies: PolicyDocument[];
  maxSessionSeconds?: number;
}

export interface CorsRule {
  AllowedOrigins: string[];
  AllowedMethods: string[];
  AllowedHeaders?: string[];
  ExposeHeaders?: string[];
  MaxAgeSeconds?: number;
}

export interface BucketResource {
  name: string;
  cors?: CorsRule[];
  /** Default true. */
  publicAccessBlocked?: boolean;
  /** A bucket policy that refuses requests without TLS. Default false. */
  tlsOnly?: boolean;
  /** ARN of the KMS key that encrypts it; who reads or writes objects must be allowed to use it. Default: keys of S3. */
  kmsKeyArn?: string;
}

export interface FunctionResource {
  name: string;
  roleName: string;
  /** Module and export, relative to the project: `compute/functions/report.ts#handler`. */
  handler: string;
  timeoutSeconds: number;
  memoryMb: number;
  environment: Record<string, string>;
  /** Default: none. */
  description?: string;
  /** Of the stack's version of it (AWS::Lambda::Version): each change of this text publishes the next. Default: none. */
  versionDescription?: string;
}

/** A function as it was when this version was published. */
export interface FunctionVersion extends FunctionResource {
  version: number;
}

export interface TaskDefinitionResource {
  family: string;
  containerName: string;
  taskRoleName: string;
  /** Module run as the container's main program: `compute/fargate.ts`. */
  command: string;
  cpu: number;
  memoryMb: number;
  environment: Record<string, string>;
  stopTimeoutSeconds?: number;
}

/** What RunTask starts. Each change of a family is a revision; earlier ones stay. */
export interface TaskRevision extends TaskDefinitionResource {
  revision: number;
}

export interface StateMachineResource {
  name: string;
  roleName: string;
  /** Amazon States Language with all substitutions made. */
  definition: string;
  tags?: Record<string, string>;
}

/** The resources of one stack in one account and region; applying it twice changes nothing. */
export interface StackDocument {
  stackName: string;
  accountId: string;
  region: string;
  roles: RoleResource[];
  buckets: BucketResource[];
  functions: FunctionResource[];
  clusters: string[];
  taskDefinitions: TaskDefinitionResource[];
  stateMachines: StateMachineResource[];
  /** CreateTable inputs. */
  tables: Record<string, unknown>[];
}

// ---- where executions run things ------------------------------------------------------------------------

/** Temporary credentials of a role, as a Lambda or a task finds them in its environment. */
export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  expiresAt: number;
}

/** Looks up resources by ARN; implemented by the registry (registry.ts) of the cloud. */
export interface Registry {
  role(arn: string): RoleResource | undefined;
  /** With the number of a version behind its name: as it was then. */
  function(arn: string): FunctionResource | FunctionVersion | undefined;
  /** Without a revision: the newest. */
  taskDefinition(arnOrFamily: string, accountId: string, region: string): TaskRevision | undefined;
  cluster(arn: string): boolean;
  stateMachine(arn: string): StateMachineResource | undefined;
  bucketOwner(name: string): string | undefined;
  bucket(name: string): (BucketResource & { accountId: string; region: string }) | undefined;
}

/** A bucket as the registry keeps it. */
export type RegisteredBucket = BucketResource & { readonly accountId: string; readonly region: string };

/** What the S3 service needs of the registry: names and owners are global, contents belong to the service. */
export interface BucketRegistry extends Pick<Registry, 'bucketOwner' | 'bucket'> {
  /** The buckets that an account owns, in any order. */
  buckets(accountId: string): readonly RegisteredBucket[];
  createBucket(name: string, accountId: string, region: string): void | Promise<void>;
  deleteBucket(name: string): void | Promise<void>;
}

/** Mints credentials for a service role (Lambda, ECS task, state machine). */
export type RoleCredentials = (roleArn: string, sessionName: string, durationSeconds: number) => Credentials;

/** Whether a role's own policies allow an action (a state machine that calls a Lambda). */
export type RoleAuthorizer = (
  roleArn: string,
  action: string,
  resource: string,
  keys?: Readonly<Record<string, string>>,
) => boolean;

/** Error of a Lambda invocation as Step Functions sees it: `name` is the SFN error, `cause` its Cause. */
export class InvocationError extends Error {
  readonly errorName: string;
  readonly causeJson: string;
  constructor(errorName: string, causeJson: string) {
    super(errorName);
    this.name = 'InvocationError';
    this.errorName = errorName;
    this.causeJson = causeJson;
  }
}

export interface LambdaRunner {
  /** Resolves with the returned payload; rejects with InvocationError; aborts when `signal` fires. */
  invoke(functionArn: string, payload: unknown, signal: AbortSignal): Promise<unknown>;
  close(): Promise<void>;
}

export interface TaskSize {
  cpu?: number;
  memoryMb?: number;
}

export interface EcsRunner {
  /** Runs a task to its end. Resolves with the ECS task description; `signal` stops the task (SIGTERM, then SIGKILL). */
  runTask(
    request: {
      cluster: string;
      taskDefinition: string;
      accountId: string;
      region: string;
      overrides: { name: string; environment: { name: string; value: string }[] }[];
      /** Overrides of the definition: CPU units and MiB. */
      size?: TaskSize;
    },
    signal: AbortSignal,
  ): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}
