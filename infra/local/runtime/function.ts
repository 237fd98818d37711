/** The process of a Lambda function: loads the handler once, then answers one invocation at a time. */
import { pathToFileURL } from 'node:url';
import { startGuard } from './guard.ts';
import { type ChildMessage, type InvokeMessage, MAX_LAMBDA_PAYLOAD } from './messages.ts';

type Handler = (event: unknown, context: object) => unknown;

let current: string | undefined;

function send(message: ChildMessage, then?: () => void): void {
  process.send?.(message, () => then?.());
}

function describe(error: unknown): { errorType: string; errorMessage: string } {
  if (error instanceof Error) return { errorType: error.name || 'Error', errorMessage: error.message };
  return { errorType: typeof error, errorMessage: typeof error === 'string' ? error : JSON.stringify(error) };
}

function importError(error: unknown): { errorType: string; errorMessage: string } {
  const described = describe(error);
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ERR_MODULE_NOT_FOUND') return { ...described, errorType: 'Runtime.ImportModuleError' };
  if (error instanceof SyntaxError) return { ...described, errorType: 'Runtime.UserCodeSyntaxError' };
  return described;
}

async function load(file: string, name: string): Promise<Handler | undefined> {
  try {
    const module = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
    if (typeof module[name] === 'function') return module[name] as Handler;
    const errorMessage = `${name} is undefined or not exported`;
    send({ type: 'unusable', errorType: 'Runtime.HandlerNotFound', errorMessage });
  } catch (error) {
    send({ type: 'unusable', ...importError(error) });
  }
  return undefined;
}

async function invoke(handler: Handler, message: InvokeMessage): Promise<ChildMessage> {
  const { requestId, functionName, functionVersion, deadline } = message;
  try {
    const result = await handler(JSON.parse(message.payload), {
      awsRequestId: requestId,
      functionName,
      functionVersion,
      invokedFunctionArn: message.functionArn,
      memoryLimitInMB: String(message.memoryMb),
      logGroupName: `/aws/lambda/${functionName}`,
      getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    });
    const payload = JSON.stringify(result) ?? 'null';
    if (Buffer.byteLength(payload) > MAX_LAMBDA_PAYLOAD) {
      return {
        type: 'error',
        requestId,
        errorType: 'Function.ResponseSizeTooLarge',
        errorMessage: `Response payload size exceeded maximum allowed payload size (${MAX_LAMBDA_PAYLOAD} bytes).`,
      };
    }
    return { type: 'result', requestId, payload };
  } catch (error) {
    return { type: 'error', requestId, ...describe(error) };
  }
}

/** An error nobody caught ends the process, as in Lambda; the invocation under way is told first. */
function giveUp(error: { errorType: string; errorMessage: string }, exitCode: number): void {
  if (current === undefined) process.exit(exitCode);
  send({ type: 'error', requestId: current, ...error, last: true }, () => process.exit(exitCode));
}

startGuard();
process.on('uncaughtException', (error) => {
  console.error(error);
  giveUp(describe(error), 129);
});
process.on('unhandledRejection', (reason) => {
  console.error(reason);
  giveUp({ ...describe(reason), errorType: 'Runtime.UnhandledPromiseRejection' }, 128);
});

const [file, name] = process.argv.slice(2);
const handler = await load(file, name);
if (handler) {
  process.on('message', async (message: InvokeMessage) => {
    current = message.requestId;
    const answer = await invoke(handler, message);
    current = undefined;
    send(answer);
  });
  send({ type: 'ready' });
}
