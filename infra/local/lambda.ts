/**
 * AWS Lambda for the state machines: every function in child processes of its own, one invocation at a time
 * in each, at most two per function and version; further invocations wait in order.
 */
import { join } from 'node:path';
import {
  AwsError,
  type Clock,
  type FunctionResource,
  InvocationError,
  type LambdaRunner,
  type Registry,
  type RoleCredentials,
} from './contract.ts';
import { parseArn, roleArnFor } from './runtime/arn.ts';
import { createFunctionPool, type FunctionPool } from './runtime/function-pool.ts';
import { type FunctionProcess, startFunction } from './runtime/function-process.ts';
import { openLog, type RotatingLog } from './runtime/log.ts';
import { MAX_LAMBDA_PAYLOAD } from './runtime/messages.ts';

export interface LambdaOptions {
  registry: Registry;
  /** Credentials of the function's role. */
  credentialsFor: RoleCredentials;
  /** URL of the embedded cloud as functions see it (AWS_ENDPOINT_URL). */
  endpoint: () => string;
  clock: Clock;
  /** Handlers are given relative to this directory. */
  projectRoot: string;
  /** Data directory of the cloud; output goes to `DIR/logs/lambda/ACCOUNT/NAME.log`. */
  dir: string;
  /** Processes per function, and per version of it. */
  concurrency?: number;
  /** An unused process ends after this time, ms. */
  idleMs?: number;
}

export interface WarmLambdaRunner extends LambdaRunner {
  /** Starts a process for a function that will soon be invoked; one that cannot start is left alone. */
  prewarm(functionArn: string): void;
}

/** Lifetime of a process's credentials, seconds; it is replaced before they could end in an invocation. */
const CREDENTIAL_SECONDS = 3600;
const CREDENTIAL_MARGIN_SECONDS = 60;
const IDLE_MS = 3 * 60_000;

/** Runs the functions of the registry. */
export function createLambdaRunner(options: LambdaOptions): WarmLambdaRunner {
  const { registry, clock, concurrency = 2, idleMs = IDLE_MS } = options;
  const pools = new Map<string, FunctionPool>();
  /** By function: its versions write into one. */
  const logs = new Map<string, RotatingLog>();
  let closed = false;

  function start(arn: string, log: RotatingLog): FunctionProcess {
    const resource = functionOf(arn);
    return startFunction({
      resource,
      functionArn: arn,
      credentials: credentialsOf(arn, resource),
      endpoint: options.endpoint(),
      projectRoot: options.projectRoot,
      log,
      idleMs,
    });
  }

  function functionOf(arn: string): FunctionResource {
    const resource = registry.function(arn);
    if (resource) return resource;
    throw new InvocationError(
      'Lambda.ResourceNotFoundException',
      `Function not found: ${arn} (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException)`,
    );
  }

  function credentialsOf(arn: string, { roleName, name }: FunctionResource) {
    try {
      return options.credentialsFor(roleArnFor(arn, roleName), name, CREDENTIAL_SECONDS);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      throw new InvocationError('Lambda.AWSLambdaException', error.message);
    }
  }

  /** Not after its function was changed, nor with credentials that would end within the invocation. */
  function usable(arn: string, { resource, fresh, expiresAt }: FunctionProcess): boolean {
    const needed = (resource.timeoutSeconds + CREDENTIAL_MARGIN_SECONDS) * 1000;
    return resource === registry.function(arn) && (fresh || expiresAt - clock() > needed);
  }

  function poolOf(arn: string): FunctionPool {
    const known = pools.get(arn);
    if (known) return known;
    const log = logOf(arn);
    const pool = createFunctionPool({
      size: concurrency,
      start: () => start(arn, log),
      usable: (process) => usable(arn, process),
    });
    pools.set(arn, pool);
    return pool;
  }

  function logOf(arn: string): RotatingLog {
    const { accountId = '', resource = '' } = parseArn(arn) ?? {};
    const [, name] = resource.split(':');
    const file = join(options.dir, 'logs', 'lambda', accountId, `${name}.log`);
    const log = logs.get(file) ?? openLog(file);
    logs.set(file, log);
    return log;
  }

  return {
    async invoke(functionArn, payload, signal) {
      signal.throwIfAborted();
      functionOf(functionArn);
      if (closed) throw closing();
      const text = JSON.stringify(payload) ?? 'null';
      if (Buffer.byteLength(text) > MAX_LAMBDA_PAYLOAD) {
        throw new InvocationError(
          'Lambda.RequestTooLargeException',
          `Request must be smaller than ${MAX_LAMBDA_PAYLOAD} bytes for the InvokeFunction operation`,
        );
      }
      return poolOf(functionArn).invoke(text, signal);
    },
    prewarm(functionArn) {
      if (closed || !registry.function(functionArn)) return;
      try {
        poolOf(functionArn).prewarm();
      } catch (error) {
        // The invocation will meet the same error, and its caller is told.
        if (!(error instanceof InvocationError)) throw error;
      }
    },
    async close() {
      closed = true;
      await Promise.all([...pools.values()].map((pool) => pool.close(closing())));
      for (const log of logs.values()) log.close();
    },
  };
}

const closing = () => new InvocationError('Lambda.ServiceException', 'The embedded cloud is closing');
