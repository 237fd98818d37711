/** How a fault strikes an exchange whose effect is `work`. */
import { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, faultError } from '../faults.ts';
import type { Exchange } from './exchange.ts';

/**
 * Runs `work` and gives its result to `reply`, unless the fault forbids one of them.
 * Throws the service's error for `throttle`, `deny`, `expired` and `skewed`.
 */
export async function underFault<T>(
  exchange: Exchange,
  service: string,
  fault: Fault | undefined,
  work: () => Promise<T>,
  reply: (result: T) => void,
): Promise<void> {
  if (cutsBefore(exchange, service, fault)) return;
  const [outcome] = await Promise.allSettled([work()]);
  if (fault?.kind === 'late') await sleep(fault.delayMs, undefined, { ref: false });
  if (fault?.kind === 'timeout_after') {
    exchange.request.socket.destroy();
    return;
  }
  if (outcome.status === 'rejected') throw outcome.reason;
  reply(outcome.value);
}

/** The same for a service that writes its answer itself, as a stream. */
export async function underFaultStreaming(
  exchange: Exchange,
  service: string,
  fault: Fault | undefined,
  work: (response: ServerResponse) => Promise<void>,
): Promise<void> {
  if (cutsBefore(exchange, service, fault)) return;
  const { request, response } = exchange;
  if (fault?.kind === 'timeout_after') {
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    await answerInto(nowhere, exchange, work);
    request.socket.destroy();
  } else if (fault?.kind === 'late') {
    // The effect comes at once; its answer waits, and the service feels it like a slow client.
    const wait = sleep(fault.delayMs, undefined, { ref: false });
    const late = new Writable({
      write(chunk, _encoding, done) {
        wait.then(() => request.socket.write(chunk, done), done);
      },
    });
    await answerInto(late, exchange, work);
    request.socket.end();
  } else if (fault?.kind === 'slow') {
    await answerInto(slowed(request.socket, fault.bytesPerSecond ?? 1), exchange, work);
    request.socket.end();
  } else {
    await work(response);
  }
}

/** What is written into it comes out in tenths of a second; an end of the connection ends it too. */
function slowed(socket: Socket, bytesPerSecond: number): Writable {
  const step = Math.max(1, Math.ceil(bytesPerSecond / 10));
  return new Writable({
    async write(chunk: Buffer, _encoding, done) {
      for (let sent = 0; sent < chunk.length && !socket.destroyed; sent += step) {
        socket.write(chunk.subarray(sent, sent + step));
        await sleep(100, undefined, { ref: false });
      }
      done(socket.destroyed ? new Error('the client has gone') : null);
    },
  });
}

/** Lets a service answer into a stream that is not the client's socket; resolves when it has answered. */
async function answerInto(
  sink: Writable,
  { request, response }: Exchange,
  work: (response: ServerResponse) => Promise<void>,
): Promise<void> {
  const answer = new ServerResponse(request);
  answer.sendDate = false;
  answer.shouldKeepAlive = false;
  for (const [name, value] of Object.entries(response.getHeaders())) answer.setHeader(name, value!);
  answer.assignSocket(sink as Socket);
  // What the HTTP server does for its own sockets.
  sink.on('drain', () => answer.emit('drain'));
  sink.on('error', () => answer.destroy());
  const over = new Promise((resolve) => answer.once('finish', resolve).once('close', resolve));
  await Promise.all([work(answer), over]);
}

function cutsBefore(exchange: Exchange, service: string, fault: Fault | undefined): boolean {
  switch (fault?.kind) {
    case 'throttle':
    case 'deny':
    case 'expired':
    case 'skewed':
      throw faultError(service, fault.kind);
    case 'timeout_before':
      break;
    default:
      return false;
  }
  exchange.request.socket.destroy();
  return true;
}
