/** Signs requests of our own clients; services of the AWS SDK sign with the SDK. */
import type { Clock } from '../contract.ts';
import {
  ALGORITHM,
  canonicalRequest,
  formatAmzDate,
  hmac,
  sha256Hex,
  signingKey,
  stringToSign,
} from './canonical.ts';
import { parseQuery } from './encoding.ts';

export interface SigningCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface RequestToSign {
  readonly method: string;
  readonly url: URL;
  /** Headers to send and to sign besides host, date, token and payload hash. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface SigningOptions {
  readonly credentials: SigningCredentials;
  readonly service: string;
  readonly region: string;
  readonly clock: Clock;
}

/** All headers to send (without `host`, which the HTTP client writes from the URL). */
export function signRequest(request: RequestToSign, options: SigningOptions): Record<string, string> {
  const { credentials, service, region } = options;
  const amzDate = formatAmzDate(options.clock());
  const payloadHash = sha256Hex(request.body ?? '');
  const headers: Record<string, string> = {
    ...request.headers,
    'x-amz-date': amzDate,
    'x-amz-content-sha256': payloadHash,
    ...(credentials.sessionToken ? { 'x-amz-security-token': credentials.sessionToken } : {}),
  };
  const all = new Map([['host', request.url.host]]);
  for (const [name, value] of Object.entries(headers)) all.set(name.toLowerCase(), value);
  const signedHeaders = [...all.keys()].sort();
  const scope = `${amzDate.slice(0, 8)}/${region}/${service}/aws4_request`;
  const canonical = canonicalRequest(
    {
      method: request.method,
      path: request.url.pathname,
      query: parseQuery(request.url.search.slice(1)),
      headers: all,
      signedHeaders,
      payloadHash,
    },
    service,
  );
  const key = signingKey(credentials.secretAccessKey, scope);
  const signature = hmac(key, stringToSign(amzDate, scope, canonical)).toString('hex');
  return {
    ...headers,
    authorization:
      `${ALGORITHM} Credential=${credentials.accessKeyId}/${scope}, ` +
      `SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`,
  };
}
