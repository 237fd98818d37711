/**
 * Answers to what is not a request that the parser understands, in the body of all other errors: an unknown method,
 * headers without end, bytes that are no HTTP. There is no request and no reply yet, only a socket.
 */
import type { Socket } from 'node:net';
import type { ConnectionError } from 'fastify';
import { AppError } from '../errors.ts';
import { canonicalUrl } from './dialects.ts';

export interface BareErrorsOptions {
  readonly newRequestId: () => string;
  /** Value of the Allow header for a path; undefined if there is no such path. */
  readonly allowOf: (path: string) => string | undefined;
}

/** Fastify's `clientErrorHandler` for an application whose plugins are those of this folder. */
export function bareErrorHandler({ newRequestId, allowOf }: BareErrorsOptions) {
  return (error: ConnectionError, socket: Socket): void => {
    // The caller has gone, or an answer is on its way already.
    if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
      socket.destroy(error);
      return;
    }
    const allow = error.code === 'HPE_INVALID_METHOD' ? allowOf(pathOf(error)) : undefined;
    const { status, code, message, remedy } = refusal(error, allow);
    const requestId = newRequestId();
    const body = JSON.stringify({ code, message, remedy, requestId, error: message });
    const lines = [
      `HTTP/1.1 ${status} ${code}`,
      'content-type: application/json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      'cache-control: no-store',
      'connection: close',
      `x-request-id: ${requestId}`,
      ...(allow === undefined ? [] : [`allow: ${allow}`]),
    ];
    socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
  };
}

function refusal({ code }: ConnectionError, allow: string | undefined): AppError {
  if (allow !== undefined) return new AppError('method_not_allowed', `This path has the methods ${allow}.`);
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new AppError('invalid_request', 'The address and the headers of the request are too long.');
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new AppError('invalid_request', 'The request did not arrive within the time it has.');
  }
  return new AppError('invalid_request', 'This is not a request of HTTP/1.1.');
}

/** The path in the first line of what was sent. */
function pathOf({ rawPacket }: ConnectionError): string {
  // A buffer; the types of Fastify say how one looks in JSON.
  const packet = rawPacket as unknown as Buffer | undefined;
  const line = packet?.subarray(0, 2_048).toString('latin1') ?? '';
  return canonicalUrl(/^[A-Z]+ (\/[^\s?]*)/.exec(line)?.[1] ?? '/');
}
