/**
 * Serves one JsonService over the AWS JSON 1.0 protocol without checking signatures. The access key id of a
 * request is its account, so that a test chooses the account by its credentials.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AwsError, type JsonService } from '../../../infra/local/contract.ts';
import { rootContext } from './root-context.ts';

export interface JsonServer {
  /** `http://127.0.0.1:PORT`. */
  readonly endpoint: string;
  close(): Promise<void>;
}

/** `authorize` decides as the gateway's does; everything is allowed without it. */
export async function serveJson(
  service: JsonService,
  authorize: (accountId: string, action: string, resource: string) => void = () => {},
): Promise<JsonServer> {
  const server = createServer((request, response) => {
    answer(request).then(({ status, body }) => {
      const bytes = Buffer.from(JSON.stringify(body));
      response.writeHead(status, {
        'content-type': 'application/x-amz-json-1.0',
        'content-length': bytes.length,
      });
      response.end(bytes);
    });
  });

  async function answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    try {
      const [prefix, operation] = String(request.headers['x-amz-target']).split('.');
      if (prefix !== service.targetPrefix) throw new AwsError('UnknownOperationException', prefix);
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const input = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      return { status: 200, body: await service.call(operation, input, contextOf(request)) };
    } catch (error) {
      if (!(error instanceof AwsError)) {
        return { status: 500, body: { __type: 'InternalServerError', message: String(error) } };
      }
      const { code, message, statusCode, extra } = error;
      return {
        status: statusCode,
        body: { ...extra, __type: `com.amazonaws.dynamodb.v20120810#${code}`, message },
      };
    }
  }

  function contextOf(request: IncomingMessage) {
    const scope = /Credential=(\d{12})\/\d+\/([^/]+)\//.exec(request.headers.authorization ?? '');
    if (!scope) throw new AwsError('MissingAuthenticationTokenException', 'Not signed.');
    const [, accountId, region] = scope;
    return rootContext(accountId, region, (action, resource) => authorize(accountId, action, resource));
  }

  server.keepAliveTimeout = 72_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
