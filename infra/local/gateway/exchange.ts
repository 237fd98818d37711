/** One request with its answer, and the ways in which the gateway itself reads and answers. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { AwsError, type S3Service } from '../contract.ts';
import { writeError } from '../s3/errors.ts';
import { errorXml } from '../sts/xml.ts';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  /** The client waits for `100 Continue` before it sends its body. */
  awaitsContinue: boolean;
}

/** More than this of a body that nobody wants is not read: the connection is closed instead. */
const DRAIN_BYTES = 4 * 1_048_576;

/** Tells a waiting client to send its body. */
export function letContinue(exchange: Exchange): void {
  if (exchange.awaitsContinue) exchange.response.writeContinue();
  exchange.awaitsContinue = false;
}

/** Reads a whole body; throws RequestEntityTooLarge beyond `limit` bytes. */
export async function readBody(exchange: Exchange, limit: number): Promise<Buffer> {
  const { request } = exchange;
  const tooLarge = () =>
    new AwsError('RequestEntityTooLargeException', `The request is longer than ${limit} bytes.`, 413);
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge();
  letContinue(exchange);
  const chunks: Buffer[] = [];
  // Not `for await`: leaving that loop early destroys the socket, and with it the way to answer.
  if (!(await consume(request, limit, (chunk) => chunks.push(chunk)))) throw tooLarge();
  return Buffer.concat(chunks);
}

/** Reads to the end: true; stops after `limit` bytes: false. Rejects when the client goes away. */
function consume(request: IncomingMessage, limit: number, take: (chunk: Buffer) => void): Promise<boolean> {
  if (request.readableEnded) return Promise.resolve(true);
  return new Promise((resolve, reject) => {
    let size = 0;
    const settle = (act: () => void) => {
      request.off('data', onData).off('end', onEnd).off('close', onClose);
      act();
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) settle(() => resolve(false));
      else take(chunk);
    };
    const onEnd = () => settle(() => resolve(true));
    const onClose = () => settle(() => reject(new ClientGone()));
    request.on('data', onData).on('end', onEnd).on('close', onClose);
    request.resume();
  });
}

/** The connection closed before the request was complete: nobody is left to answer. */
export class ClientGone extends Error {
  constructor() {
    super('The client closed the connection before its request was complete.');
    this.name = 'ClientGone';
  }
}

export function answerJson(
  exchange: Exchange,
  status: number,
  body: unknown,
  type = 'application/json',
): void {
  answer(exchange, status, type, JSON.stringify(body));
}

export function answerXml(exchange: Exchange, status: number, body: string): void {
  answer(exchange, status, 'text/xml', body);
}

/** Throws ClientGone if nobody is left to read. */
export async function answerStream({ response }: Exchange, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/octet-stream' });
  try {
    await pipeline(bytes, response);
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_STREAM_PREMATURE_CLOSE') throw new ClientGone();
    throw error;
  }
}

function answer({ response }: Exchange, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

/** Namespace of the error names of the AWS JSON protocol; clients cut it off. */
const ERROR_NAMESPACES: Record<string, string> = { dynamodb: 'com.amazonaws.dynamodb.v20120810#' };

/** Answers an error in the protocol of a service (credential-scope name). */
export async function answerError(
  exchange: Exchange,
  service: string,
  error: AwsError,
  s3: S3Service | undefined,
): Promise<void> {
  const { request, response, requestId } = exchange;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // The rest of the body is read away, so that the client gets to read the answer: closing a socket with
  // unread bytes resets it.
  const whole = !exchange.awaitsContinue && (await consume(request, DRAIN_BYTES, () => {}));
  if (!whole) response.setHeader('connection', 'close');
  if (service === 's3') {
    // Without them a browser could not tell its page the reason.
    const headers = s3?.corsHeaders?.(request) ?? {};
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.setHeader('x-amz-request-id', requestId);
    writeError(request, response, error, requestId);
  } else if (service === 'sts') {
    answerXml(exchange, error.statusCode, errorXml(error, requestId));
  } else {
    const __type = `${ERROR_NAMESPACES[service] ?? ''}${error.code}`;
    const body = { ...error.extra, __type, message: error.message };
    answerJson(exchange, error.statusCode, body, 'application/x-amz-json-1.0');
  }
}
