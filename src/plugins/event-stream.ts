/**
 * Server-sent events with back-pressure. A client that reads slowly gets the newest state of each job, not a
 * queue of all states: what waits is kept by name, and replaced by what comes after it.
 */
import { Readable } from 'node:stream';
import type { Timers } from '../../services/ports.ts';

const HEARTBEAT_MS = 15_000;
/** A client that has not taken a single heartbeat for this many of them is gone. */
const MAX_MISSED = 4;
/** Names waiting for a slow client; more end the stream, and the client resumes by Last-Event-ID. */
const MAX_WAITING = 500;
/** How long a client waits before it connects again. */
const RETRY_MS = 2_000;

export interface ServerEvent {
  readonly event: string;
  readonly id?: string;
  /** One line of JSON. */
  readonly data: string;
}

export interface EventStream {
  /** The body of the answer. */
  readonly body: Readable;
  /** Sends an event, in the place of one of the same name that still waits. */
  send(name: string, event: ServerEvent): void;
  /** Ends the stream in order, after a last event if there is one. */
  end(last?: ServerEvent): void;
  /** Called once, however the stream ends. */
  onClose(work: () => void): void;
}

/** Creates the stream of one client. */
export function createEventStream(timers: Timers): EventStream {
  const waiting = new Map<string, string>([['start', `retry: ${RETRY_MS}\n\n`]]);
  let wanted = false;
  let ending = false;
  let missed = 0;

  const body = new Readable({
    read() {
      wanted = true;
      flush();
    },
  });

  function flush(): void {
    for (const [name, frame] of waiting) {
      if (!wanted) return;
      waiting.delete(name);
      wanted = body.push(frame);
    }
    if (ending && wanted) body.push(null);
  }

  function put(name: string, frame: string): void {
    if (ending) return;
    waiting.delete(name);
    waiting.set(name, frame);
    if (waiting.size > MAX_WAITING) ending = true;
    if (wanted) flush();
  }

  const stopHeartbeat = timers.every(HEARTBEAT_MS, () => {
    missed = waiting.has('heartbeat') ? missed + 1 : 0;
    if (missed >= MAX_MISSED) body.destroy();
    else put('heartbeat', ': still here\n\n');
  });
  body.once('close', stopHeartbeat);

  return {
    body,
    send: (name, event) => put(`event ${name}`, frameOf(event)),
    end(last) {
      if (last) put('last', frameOf(last));
      ending = true;
      if (wanted) flush();
    },
    onClose(work) {
      body.once('close', work);
    },
  };
}

function frameOf({ event, id, data }: ServerEvent): string {
  return `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`;
}
