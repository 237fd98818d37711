/** The HTTP API of container registries (OCI distribution), as far as copying an image needs it. */
import { createHash } from 'node:crypto';

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
}

interface Manifest {
  mediaType?: string;
  config?: Descriptor;
  layers?: Descriptor[];
  /** Of an index: one manifest per platform. */
  manifests?: (Descriptor & { platform?: { os: string; architecture: string } })[];
}

export interface Image {
  /** As the registry named it, verified: SHA-256 of `text`. */
  digest: string;
  mediaType: string;
  text: string;
  manifest: Manifest;
}

const DOCKER = 'application/vnd.docker.distribution.manifest';
const OCI = 'application/vnd.oci.image';
const ACCEPT = [
  `${DOCKER}.v2+json`,
  `${DOCKER}.list.v2+json`,
  `${OCI}.manifest.v1+json`,
  `${OCI}.index.v1+json`,
];
const LIMIT_MS = 30_000;
const BLOB_LIMIT_MS = 300_000;

const sha256 = (data: string | Uint8Array): string =>
  `sha256:${createHash('sha256').update(data).digest('hex')}`;

export interface Repository {
  readonly name: string;
  /** A request; where the registry wants a token of its own and gives one to anybody, with that. */
  ask(path: string, init?: RequestInit, limitMs?: number): Promise<Response>;
  /** The image of a tag or digest. @throws Error if there is none, or if it is not what its digest says. */
  image(reference: string): Promise<Image>;
  /** The same for one platform: Lambda takes no index. */
  platformImage(reference: string, architecture: string): Promise<Image>;
  hasBlob(digest: string): Promise<boolean>;
  /** Streams a blob from another repository into this one; the bytes must have the digest. */
  copyBlob(from: Repository, blob: Descriptor): Promise<void>;
  putImage(image: Image): Promise<void>;
}

/** A repository such as `public.ecr.aws/cloudmrhub/mroptimum-lambda`. `scheme` is other than https only in tests. */
export function createRepository(address: string, authorization?: string, scheme = 'https'): Repository {
  const slash = address.indexOf('/');
  const name = address.slice(slash + 1);
  const base = `${scheme}://${address.slice(0, slash)}/v2/${name}/`;
  let allowed = authorization;

  async function ask(path: string, init: RequestInit = {}, limitMs = LIMIT_MS): Promise<Response> {
    const send = () =>
      fetch(new URL(path, base), {
        ...init,
        headers: { ...init.headers, ...(allowed && { authorization: allowed }) },
        signal: AbortSignal.timeout(limitMs),
      });
    const answer = await send();
    const challenge = /^Bearer realm="([^"]+)"(?:,service="([^"]+)")?/i.exec(
      answer.headers.get('www-authenticate') ?? '',
    );
    if (answer.status !== 401 || !challenge || allowed) return answer;
    await answer.body?.cancel();
    const [, realm, service = ''] = challenge;
    const query = new URLSearchParams({ service, scope: `repository:${name}:pull` });
    const given = await fetch(`${realm}?${query}`, { signal: AbortSignal.timeout(LIMIT_MS) });
    const { token } = (await given.json()) as { token?: string };
    allowed = `Bearer ${token}`;
    return send();
  }

  async function image(reference: string): Promise<Image> {
    const answer = await ask(`manifests/${reference}`, { headers: { accept: ACCEPT.join(', ') } });
    const text = await answer.text();
    if (!answer.ok)
      throw new Error(`${name} has no image ${reference} (HTTP ${answer.status}); check ImageTag`);
    const digest = sha256(text);
    const named = reference.startsWith('sha256:') ? reference : answer.headers.get('docker-content-digest');
    if (named !== digest) throw new Error(`${name}:${reference} is not ${named}, as the registry says`);
    const manifest = JSON.parse(text) as Manifest;
    const mediaType = manifest.mediaType ?? (answer.headers.get('content-type') ?? '').split(';')[0];
    return { digest, mediaType, text, manifest };
  }

  return {
    name,
    ask,
    image,

    async platformImage(reference, architecture) {
      const found = await image(reference);
      const { manifests } = found.manifest;
      if (!manifests) return found;
      const fitting = manifests.find(
        ({ platform }) => platform?.os === 'linux' && platform.architecture === architecture,
      );
      if (!fitting) throw new Error(`${name}:${reference} has no image for linux/${architecture}`);
      return image(fitting.digest);
    },

    async hasBlob(digest) {
      return (await ask(`blobs/${digest}`, { method: 'HEAD' })).status === 200;
    },

    async copyBlob(from, { digest }) {
      const blob = await from.ask(`blobs/${digest}`, {}, BLOB_LIMIT_MS);
      if (!blob.ok || !blob.body) throw new Error(`${from.name} has no blob ${digest} (HTTP ${blob.status})`);
      const hash = createHash('sha256');
      const body = blob.body.pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform(chunk, controller) {
            hash.update(chunk);
            controller.enqueue(chunk);
          },
        }),
      );
      const begun = mustBe(202, await ask('blobs/uploads/', { method: 'POST' }), 'begin an upload to');
      const headers = { 'content-type': 'application/octet-stream' };
      const streamed = { method: 'PATCH', headers, body, duplex: 'half' } as RequestInit;
      const sent = mustBe(202, await ask(begun, streamed, BLOB_LIMIT_MS), 'upload to');
      const found = `sha256:${hash.digest('hex')}`;
      if (found !== digest) throw new Error(`a blob of ${from.name} is ${found}, not ${digest}`);
      const end = `${sent}${sent.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`;
      mustBe(201, await ask(end, { method: 'PUT' }), 'end an upload to');
    },

    async putImage({ digest, mediaType, text }) {
      const headers = { 'content-type': mediaType };
      mustBe(
        201,
        await ask(`manifests/${digest}`, { method: 'PUT', headers, body: text }),
        'put an image in',
      );
    },
  };
}

/** The address for the next step. */
function mustBe(status: number, answer: Response, what: string): string {
  if (answer.status !== status)
    throw new Error(`cannot ${what} the private repository: HTTP ${answer.status}`);
  return answer.headers.get('location') ?? '';
}
