/** One process of a Lambda function, from its start to its end. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import {
  type Credentials,
  type FunctionResource,
  type FunctionVersion,
  InvocationError,
} from '../contract.ts';
import { parseArn } from './arn.ts';
import { baseEnvironment, projectModule, runtimeModule, startChild } from './child.ts';
import type { RotatingLog } from './log.ts';
import type { ChildMessage, InvokeMessage } from './messages.ts';

/** A module that does not load within this time is given up, ms. */
const START_LIMIT_MS = 60_000;

export interface FunctionProcessOptions {
  resource: FunctionResource | FunctionVersion;
  functionArn: string;
  credentials: Credentials;
  endpoint: string;
  projectRoot: string;
  log: RotatingLog;
  /** Ends after being unused for this time, ms. */
  idleMs: number;
}

export interface FunctionProcess {
  readonly resource: FunctionResource;
  readonly expiresAt: number;
  readonly state: 'starting' | 'idle' | 'busy' | 'dead';
  /** True until the first invocation. */
  readonly fresh: boolean;
  /** Rejects with InvocationError if the handler cannot be loaded. */
  readonly ready: Promise<void>;
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>;
  /** Runs the handler once. Rejects with InvocationError; a timeout or the signal kills the process. */
  invoke(payload: string, signal: AbortSignal): Promise<unknown>;
  kill(): void;
}

interface Invocation {
  requestId: string;
  settle(outcome: { result: unknown } | { error: unknown }): void;
}

/** An error as Lambda reports it: its type is the name that Step Functions matches. */
function functionError(errorType: string, errorMessage: string): InvocationError {
  return new InvocationError(errorType, JSON.stringify({ errorType, errorMessage, trace: [] }));
}

/** Starts a process and loads the handler. Throws InvocationError if its module does not exist. */
export function startFunction(options: FunctionProcessOptions): FunctionProcess {
  const { resource, log, credentials } = options;
  const child = startChild({
    module: fileURLToPath(runtimeModule('function')),
    args: handlerOf(options),
    cwd: options.projectRoot,
    env: environmentOf(options),
    memoryMb: resource.memoryMb,
    log,
  });
  let state: FunctionProcess['state'] = 'starting';
  let fresh = true;
  let killed = false;
  let current: Invocation | undefined;
  let timer: NodeJS.Timeout | undefined;
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });

  function kill(): void {
    killed = true;
    state = 'dead';
    clearTimeout(timer);
    child.kill('SIGKILL');
  }

  function rest(): void {
    state = 'idle';
    timer = setTimeout(kill, options.idleMs);
    timer.unref();
  }

  const ready = new Promise<void>((resolve, reject) => {
    timer = setTimeout(() => {
      reject(
        functionError(
          'Sandbox.Timedout',
          `The function did not load within ${START_LIMIT_MS / 1000} seconds`,
        ),
      );
      kill();
    }, START_LIMIT_MS);
    child.on('message', (message: ChildMessage) => {
      if (message.type === 'ready') {
        clearTimeout(timer);
        rest();
        resolve();
      } else if (message.type === 'unusable') {
        reject(functionError(message.errorType, message.errorMessage));
        kill();
      } else if (message.requestId === current?.requestId) {
        if (message.type === 'error' && message.last) state = 'dead';
        current.settle(
          message.type === 'result'
            ? { result: JSON.parse(message.payload) }
            : { error: functionError(message.errorType, message.errorMessage) },
        );
      }
    });
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(
        new InvocationError('Lambda.ServiceException', `The function cannot be started: ${error.message}`),
      );
      end();
    });
    child.on('exit', async (code, signal) => {
      state = 'dead';
      clearTimeout(timer);
      // What the process said last may still be in the channel.
      if (child.connected) await once(child, 'disconnect');
      const error = exitError(code, signal, killed, current?.requestId);
      reject(error);
      current?.settle({ error });
      end();
    });
  });

  return {
    resource,
    expiresAt: credentials.expiresAt,
    ready,
    ended,
    kill,
    get state() {
      return state;
    },
    get fresh() {
      return fresh;
    },
    invoke(payload, signal) {
      clearTimeout(timer);
      state = 'busy';
      fresh = false;
      const requestId = randomUUID();
      const started = performance.now();
      return new Promise((resolve, reject) => {
        const abandon = (error: unknown) => {
          current?.settle({ error });
          kill();
        };
        const abort = () => abandon(signal.reason);
        current = {
          requestId,
          settle(outcome) {
            current = undefined;
            clearTimeout(timer);
            signal.removeEventListener('abort', abort);
            const duration = (performance.now() - started).toFixed(0);
            const status = 'error' in outcome ? 'error' : 'success';
            log.write(`REPORT RequestId: ${requestId}\tDuration: ${duration} ms\tStatus: ${status}\n`);
            if (state === 'busy') rest();
            if ('error' in outcome) reject(outcome.error);
            else resolve(outcome.result);
          },
        };
        signal.addEventListener('abort', abort, { once: true });
        timer = setTimeout(() => {
          const limit = `${resource.timeoutSeconds.toFixed(2)} seconds`;
          abandon(
            functionError('Sandbox.Timedout', `RequestId: ${requestId} Error: Task timed out after ${limit}`),
          );
        }, resource.timeoutSeconds * 1000);
        const message: InvokeMessage = {
          requestId,
          payload,
          deadline: Date.now() + resource.timeoutSeconds * 1000,
          functionArn: options.functionArn,
          functionName: resource.name,
          functionVersion: versionOf(resource),
          memoryMb: resource.memoryMb,
        };
        log.write(`START RequestId: ${requestId} Version: ${versionOf(resource)}\n`);
        // A process that is gone meanwhile reports itself by its exit.
        child.send(message, () => undefined);
      });
    },
  };
}

function handlerOf({ resource, projectRoot }: FunctionProcessOptions): string[] {
  const [module, name] = resource.handler.split('#');
  try {
    return [projectModule(projectRoot, module), name];
  } catch (error) {
    throw functionError(
      'Runtime.ImportModuleError',
      `Cannot load ${resource.handler}: ${(error as Error).message}`,
    );
  }
}

/** As Lambda names it: a number, or `$LATEST` for what is not published. */
export function versionOf(resource: FunctionResource | FunctionVersion): string {
  return 'version' in resource ? String(resource.version) : '$LATEST';
}

function environmentOf({ resource, functionArn, credentials, endpoint }: FunctionProcessOptions) {
  return {
    ...resource.environment,
    ...baseEnvironment(parseArn(functionArn)?.region ?? '', endpoint),
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs',
    AWS_LAMBDA_FUNCTION_NAME: resource.name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(resource.memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: versionOf(resource),
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
  };
}

const SIGNALS: Record<string, string> = { SIGKILL: 'killed', SIGABRT: 'aborted', SIGTERM: 'terminated' };

/**
 * How Lambda reports a runtime that ended on its own. SIGKILL from elsewhere is the guard or the kernel that
 * ran out of memory.
 */
function exitError(
  code: number | null,
  signal: NodeJS.Signals | null,
  killed: boolean,
  requestId: string = randomUUID(),
): InvocationError {
  const reason = signal ? `signal: ${SIGNALS[signal] ?? signal}` : `exit status ${code}`;
  const message =
    code === 0
      ? `RequestId: ${requestId} Error: Runtime exited without providing a reason`
      : `RequestId: ${requestId} Error: Runtime exited with error: ${reason}`;
  const outOfMemory = signal === 'SIGKILL' && !killed;
  return functionError(outOfMemory ? 'Runtime.OutOfMemory' : 'Runtime.ExitError', message);
}
