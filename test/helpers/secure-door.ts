/** HTTPS in front of a broker that listens on this machine without: templates take no other address. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfSigned } from './certificate.ts';

export interface SecureDoor {
  readonly url: string;
  /** File of the certificate, for NODE_EXTRA_CA_CERTS. */
  readonly authority: string;
  close(): void;
}

/** `https://localhost:PORT` in front of `target`, or of what that says for each request. */
export async function openSecureDoor(target: string | (() => string)): Promise<SecureDoor> {
  const folder = mkdtempSync(join(tmpdir(), 'cloudmr-door-'));
  const certificate = selfSigned(['localhost']);
  const authority = join(folder, 'localhost.pem');
  writeFileSync(authority, certificate.cert);
  const server = createServer(certificate, (request, response) => {
    const { method, url = '/', headers } = request;
    const onward = httpRequest(
      new URL(url, typeof target === 'string' ? target : target()),
      { method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    authority,
    close() {
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
