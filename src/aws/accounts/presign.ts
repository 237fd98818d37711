/**
 * Presigned URLs without the command middleware of the SDK: the same signer, the same signed query parameters
 * as `getSignedUrl`, a tenth of its time. Signing is pure computation; nothing is sent.
 */
import type { S3Client } from '@aws-sdk/client-s3';
import { S3RequestPresigner } from '@aws-sdk/s3-request-presigner';
import type { SignedUrl } from '../../../services/ports.ts';
import type { ObjectLocation } from '../../schemas/execution.ts';

/** What is to be signed. */
export interface PresignRequest {
  readonly method: 'GET' | 'PUT';
  readonly location: ObjectLocation;
  readonly region: string;
  /**
   * Account that must own the bucket. It becomes a query parameter, which S3 enforces like the header if its
   * name is in lower case (measured by the maintainers of aws-sdk-go-v2), so no client has to send anything.
   */
  readonly bucketOwner: string;
  /** GET only: what the answer's Content-Disposition says. */
  readonly contentDisposition?: string;
  /** PUT only: a part of an upload. */
  readonly part?: { readonly uploadId: string; readonly partNumber: number };
  readonly seconds: number;
  /** Epoch ms. */
  readonly now: number;
}

export interface Presigner {
  /** Signs with the credentials of `client`. Nothing but the query is signed besides the host. */
  presign(client: S3Client, request: PresignRequest): Promise<SignedUrl>;
}

interface Endpoint {
  readonly protocol: string;
  readonly hostname: string;
  readonly port: number | undefined;
  /** Path in front of the key: empty, or `/bucket`. */
  readonly basePath: string;
}

interface Signer {
  readonly sign: S3RequestPresigner;
  /** The session token and its percent-encoding: by far the longest parameter, and the same in every URL. */
  token: { readonly plain: string; readonly encoded: string };
}

const TOKEN = 'X-Amz-Security-Token';

/** Endpoints kept; a unit has three buckets. */
const MAX_ENDPOINTS = 10_000;
/** SigV4 allows no longer life. */
const MAX_SECONDS = 7 * 24 * 3_600;

/**
 * Creates the presigner. `publicEndpoint` is the S3 address that clients reach, if it is not the one the broker
 * itself uses; the host is part of the signature.
 */
export function createPresigner({ publicEndpoint }: { publicEndpoint?: string } = {}): Presigner {
  const signers = new WeakMap<S3Client, Signer>();
  const endpoints = new Map<string, Endpoint>();

  /** The SDK's own rules decide: path style, virtual host, dotted names, partitions. */
  async function endpointOf(client: S3Client, bucket: string, region: string): Promise<Endpoint> {
    const name = `${region}/${bucket}`;
    const known = endpoints.get(name);
    if (known) return known;
    const { config } = client;
    const own = await config.endpoint?.();
    const { url } = config.endpointProvider({
      Bucket: bucket,
      Region: region,
      Endpoint:
        publicEndpoint ?? (own && `${own.protocol}//${own.hostname}${own.port ? `:${own.port}` : ''}`),
      ForcePathStyle: config.forcePathStyle,
      UseFIPS: await config.useFipsEndpoint(),
      UseDualStack: await config.useDualstackEndpoint(),
      Accelerate: false,
      DisableMultiRegionAccessPoints: true,
    });
    const endpoint = {
      protocol: url.protocol,
      hostname: url.hostname,
      port: url.port === '' ? undefined : Number(url.port),
      basePath: url.pathname.replace(/\/$/, ''),
    };
    if (endpoints.size >= MAX_ENDPOINTS) endpoints.clear();
    endpoints.set(name, endpoint);
    return endpoint;
  }

  function signerOf(client: S3Client, region: string): Signer {
    let signer = signers.get(client);
    if (!signer) {
      const { credentials, sha256 } = client.config;
      signer = {
        sign: new S3RequestPresigner({ credentials, sha256, region }),
        token: { plain: '', encoded: '' },
      };
      signers.set(client, signer);
    }
    return signer;
  }

  return {
    async presign(client, request) {
      const { method, location, region, bucketOwner, contentDisposition, part, seconds, now } = request;
      const endpoint = await endpointOf(client, location.bucket, region);
      const expiresIn = Math.min(Math.max(1, Math.floor(seconds)), MAX_SECONDS);
      const query: Record<string, string> = part
        ? { 'x-id': 'UploadPart', partNumber: String(part.partNumber), uploadId: part.uploadId }
        : { 'x-id': method === 'GET' ? 'GetObject' : 'PutObject' };
      if (contentDisposition) query['response-content-disposition'] = contentDisposition;
      const signer = signerOf(client, region);
      const signed = await signer.sign.presign(
        {
          method,
          protocol: endpoint.protocol,
          hostname: endpoint.hostname,
          port: endpoint.port,
          path: `${endpoint.basePath}/${location.key.split('/').map(uriEscape).join('/')}`,
          query,
          headers: { 'x-amz-expected-bucket-owner': bucketOwner },
        },
        { expiresIn, signingDate: new Date(now) },
      );
      const host = endpoint.port === undefined ? endpoint.hostname : `${endpoint.hostname}:${endpoint.port}`;
      const parameters = Object.entries(signed.query as Record<string, string>).map(
        ([name, value]) => `${name}=${name === TOKEN ? encodedToken(signer, value) : uriEscape(value)}`,
      );
      return {
        url: `${endpoint.protocol}//${host}${signed.path}?${parameters.join('&')}`,
        method,
        headers: {},
        // The signature counts from whole seconds.
        expiresAt: Math.floor(now / 1000) * 1000 + expiresIn * 1000,
      };
    },
  };
}

function encodedToken(signer: Signer, plain: string): string {
  if (signer.token.plain !== plain) signer.token = { plain, encoded: uriEscape(plain) };
  return signer.token.encoded;
}

/** Percent-encoding of SigV4: everything but A-Z a-z 0-9 - . _ ~ */
function uriEscape(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
