/** How a fault strikes an exchange whose effect is `work`. */
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, faultError } from '../faults.ts';
import type { Exchange } from './exchange.ts';

/**
 * Runs `work` and gives its result to `reply`, unless the fault forbids one of them.
 * Throws the service's error for `throttle`, `deny` and `expired`.
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
    const unseen = unseenResponse(request);
    const over = new Promise((resolve) => unseen.once('finish', resolve).once('close', resolve));
    await Promise.all([work(unseen), over]);
    request.socket.destroy();
  } else if (fault?.kind === 'late') {
    // The answer waits in the socket's buffer; the service feels back pressure as from a slow client.
    request.socket.cork();
    const release = sleep(fault.delayMs, undefined, { ref: false }).then(() => request.socket.uncork());
    await Promise.all([work(response), release]);
  } else {
    await work(response);
  }
}

function cutsBefore(exchange: Exchange, service: string, fault: Fault | undefined): boolean {
  if (fault?.kind === 'throttle' || fault?.kind === 'deny' || fault?.kind === 'expired') {
    throw faultError(service, fault.kind);
  }
  if (fault?.kind !== 'timeout_before') return false;
  exchange.request.socket.destroy();
  return true;
}

/** A response that goes nowhere. */
function unseenResponse(request: IncomingMessage): ServerResponse {
  const response = new ServerResponse(request);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  response.assignSocket(nowhere as unknown as Socket);
  return response;
}
