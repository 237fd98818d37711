/** Parameter store, registries and CloudFormation as the stack's function meets them: HTTP servers of a few lines. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Test } from 'tap';

type Answer = { status: number; body?: string | Buffer; headers?: Record<string, string> };

/** A server that goes with the test. Returns `127.0.0.1:PORT`. */
export async function serve(
  t: Test,
  answer: (request: IncomingMessage, body: Buffer) => Answer | Promise<Answer>,
): Promise<string> {
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const { status, body = '', headers } = await answer(request, await buffer(request));
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A parameter store. */
export async function parameterStore(t: Test) {
  const parameters = new Map<string, string>();
  const address = await serve(t, (request, body) => {
    const { Name, Value } = JSON.parse(String(body));
    const operation = String(request.headers['x-amz-target']).replace('AmazonSSM.', '');
    if (operation === 'PutParameter') parameters.set(Name, Value);
    else if (!parameters.has(Name)) {
      return { status: 400, body: JSON.stringify({ __type: 'com.amazonaws.ssm#ParameterNotFound' }) };
    } else if (operation === 'DeleteParameter') parameters.delete(Name);
    return { status: 200, body: JSON.stringify({ Parameter: { Value: parameters.get(Name) } }) };
  });
  return { url: `http://${address}/`, parameters };
}

export const sha256 = (data: string | Buffer): string =>
  `sha256:${createHash('sha256').update(data).digest('hex')}`;

/** A registry by the OCI distribution specification; `token`: pulls need one, which its own door gives away. */
export async function registry(t: Test, options: { token?: string; basic?: string } = {}) {
  const blobs = new Map<string, Buffer>();
  const manifests = new Map<string, { mediaType: string; text: string }>();
  const uploads = new Map<string, Buffer>();
  const pushed: string[] = [];
  const address: string = await serve(t, (request, body) => {
    const url = new URL(request.url ?? '', 'http://registry');
    if (url.pathname === '/token') return { status: 200, body: JSON.stringify({ token: options.token }) };
    const wanted = options.token ? `Bearer ${options.token}` : options.basic;
    if (wanted && request.headers.authorization !== wanted) {
      const realm = `Bearer realm="http://${address}/token",service="public",scope="aws"`;
      return {
        status: 401,
        headers: { 'www-authenticate': options.token ? realm : 'Basic realm="private"' },
      };
    }
    const [, kind, reference = ''] = /\/(manifests|blobs)\/(.*)$/.exec(url.pathname) ?? [];
    if (kind === 'manifests' && request.method === 'PUT') {
      manifests.set(reference, { mediaType: String(request.headers['content-type']), text: String(body) });
      pushed.push(reference);
      return { status: 201 };
    }
    if (kind === 'manifests') {
      const found = manifests.get(reference);
      if (!found) return { status: 404 };
      const headers = { 'content-type': found.mediaType, 'docker-content-digest': sha256(found.text) };
      return { status: 200, body: found.text, headers };
    }
    if (reference.startsWith('uploads/')) return upload(request.method ?? '', url, reference, body);
    const blob = blobs.get(reference);
    return blob ? { status: 200, body: request.method === 'HEAD' ? '' : blob } : { status: 404 };
  });

  function upload(method: string, url: URL, reference: string, body: Buffer): Answer {
    const id = reference.slice('uploads/'.length) || String(uploads.size + 1);
    const location = `/v2/private/worker/blobs/uploads/${id}?state=${id}`;
    if (method === 'POST') return { status: 202, headers: { location } };
    if (method === 'PATCH') {
      uploads.set(id, body);
      return { status: 202, headers: { location } };
    }
    const digest = url.searchParams.get('digest') ?? '';
    const content = uploads.get(id) ?? Buffer.alloc(0);
    if (sha256(content) !== digest) return { status: 400 };
    blobs.set(digest, content);
    pushed.push(digest);
    return { status: 201 };
  }

  return { address, blobs, manifests, pushed };
}
