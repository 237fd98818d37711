/** A client that submits over kept connections and notes exactly what became of every single exchange. */
import { Agent, request } from 'node:http';
import { connect } from 'node:net';

/** One submit sent to one broker. Times are of `performance.now()`. */
export interface Exchange {
  readonly url: string;
  readonly key: string;
  /** When its last byte had been handed to the system over an open connection; undefined: never. */
  readonly sentAt: number | undefined;
  /** `reset`: the connection ended before any byte of an answer; `cut`: in the midst of one. */
  readonly end: 'answered' | 'refused' | 'reset' | 'cut';
  readonly status?: number;
  readonly retryAfter?: string;
  readonly text: string;
}

export interface SubmitClient {
  submit(url: string, key: string): Promise<Exchange>;
  /** Sends headers and half of the body; `finish` sends the rest over the same connection, which is kept and not used again. */
  halfSubmit(url: string, key: string): { finish(): Promise<Exchange> };
  /** Submits of which a broker has everything and has answered nothing yet. */
  underWay(url: string): number;
  close(): void;
}

/** Creates it; `body`: what is submitted, one document for all. */
export function createSubmitClient(authorization: string, body: object): SubmitClient {
  // Kept for as long as the broker allows, as load balancers do.
  const agent = new Agent({ keepAlive: true });
  /** Of its connections nobody makes use again. */
  const idle = new Agent({ keepAlive: true });
  const text = JSON.stringify(body);
  const waiting = new Map<string, number>();
  const count = (url: string, change: number): void => {
    waiting.set(url, (waiting.get(url) ?? 0) + change);
  };

  function open(url: string, key: string, over = agent) {
    const sending = request(`${url}/api/task/queue`, {
      method: 'POST',
      agent: over,
      headers: {
        authorization,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
        'idempotency-key': key,
      },
    });
    let sentAt: number | undefined;
    sending.once('finish', () => {
      sentAt = performance.now();
      count(url, 1);
    });
    const ended = new Promise<Exchange>((resolve) => {
      let received = '';
      let begun = false;
      const end = (how: Exchange['end'], more: object = {}): void => {
        if (sentAt !== undefined) count(url, -1);
        resolve({ url, key, sentAt, end: how, text: received, ...more });
      };
      sending.once('error', (error: NodeJS.ErrnoException) => {
        if (begun) return;
        received = String(error);
        end(error.code === 'ECONNREFUSED' ? 'refused' : 'reset');
      });
      sending.once('response', (answer) => {
        begun = true;
        answer.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
        // What is cut shows by `complete`.
        answer.on('error', (error) => (received += String(error)));
        answer.once('close', () => {
          const retryAfter = answer.headers['retry-after'];
          end(answer.complete ? 'answered' : 'cut', { status: answer.statusCode, retryAfter });
        });
      });
    });
    return { sending, ended };
  }

  return {
    submit(url, key) {
      const { sending, ended } = open(url, key);
      sending.end(text);
      return ended;
    },
    halfSubmit(url, key) {
      const { sending, ended } = open(url, key, idle);
      const half = Math.floor(text.length / 2);
      sending.write(text.slice(0, half));
      return {
        finish() {
          sending.end(text.slice(half));
          return ended;
        },
      };
    },
    underWay: (url) => waiting.get(url) ?? 0,
    close() {
      agent.destroy();
      idle.destroy();
    },
  };
}

/** Resolves when nobody accepts connections there any more. */
export async function untilClosed(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  for (;;) {
    const accepted = await new Promise<boolean>((resolve) => {
      const socket = connect(Number(port), hostname);
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (!accepted) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
