/** A webhook receiver: a real HTTPS server on loopback, under a name that only the test's resolver knows. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { WebhookCallerOptions } from '../../src/security/webhook-caller.ts';
import { selfSigned } from './certificate.ts';

export interface Received {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

export interface Receiver {
  readonly port: number;
  readonly received: Received[];
  /** Names that were resolved. */
  readonly resolved: string[];
  /** How it answers the next calls, in turn; then 204. */
  readonly answers: { status: number; headers?: Record<string, string>; hang?: boolean; body?: string }[];
  /** Where names lead, in turn; then to the receiver. */
  readonly leads: string[][];
  urlOf(name: string): string;
  /** For the broker's caller: the resolver, the receiver's certificate, and loopback let through. */
  readonly caller: WebhookCallerOptions;
}

const NAME = 'hooks.example.org';

/** Starts the receiver; its certificate is valid for hooks.example.org and *.hooks.example.org. */
export async function startReceiver(t: { teardown(fn: () => unknown): unknown }): Promise<Receiver> {
  const { key, cert } = selfSigned([NAME, `*.${NAME}`]);
  const received: Received[] = [];
  const resolved: string[] = [];
  const answers: Receiver['answers'] = [];
  const leads: string[][] = [];
  const server = createServer({ key, cert }, (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (piece: string) => {
      body += piece;
    });
    request.on('end', () => {
      received.push({ path: request.url ?? '', headers: request.headers as Record<string, string>, body });
      const { status, headers, hang, body: text } = answers.shift() ?? { status: 204 };
      if (!hang) response.writeHead(status, headers).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    received,
    resolved,
    answers,
    leads,
    urlOf: (name) => `https://${name}${name ? '.' : ''}${NAME}:${port}/cloudmr`,
    caller: {
      async resolve(name) {
        resolved.push(name);
        const addresses = leads.shift() ?? ['127.0.0.1'];
        return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
      },
      isAllowed: (address) => address === '127.0.0.1',
      ca: cert,
    },
  };
}
