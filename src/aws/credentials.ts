/**
 * Credentials of the broker itself. In the embedded cloud they come from one explicit address, so that a
 * developer's `~/.aws` can never be used by accident; on AWS from the default chain (task role).
 */
import { fromHttp, fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { createRenewing } from './accounts/renewing.ts';

/** What the SDK calls an AWS credential identity. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** End of the credentials; undefined for an access key without end. */
  readonly expiration?: Date;
}

/** As the SDK's clients take it. `forceRefresh` replaces credentials that AWS has refused as expired. */
export type CredentialProvider = (options?: { forceRefresh?: boolean }) => Promise<AwsCredentials>;

export type CredentialSource =
  /** An ECS-style endpoint: the embedded cloud's, or a container's on loopback. */
  | { readonly kind: 'container'; readonly uri: string; readonly token?: string }
  /** Whatever the machine offers: environment, container, instance. Only on real AWS. */
  | { readonly kind: 'default' };

/** New credentials are fetched this long before the old ones end; the SDK's own margin. */
const MARGIN_MS = 5 * 60_000;

/**
 * Creates the provider of the broker's base credentials, shared by all clients: one request per renewal.
 * Life is judged by `clock`, not by the machine's time, so that tests can move it.
 */
export function createBaseCredentials(source: CredentialSource, clock: () => number): CredentialProvider {
  const fetchCredentials: CredentialProvider =
    source.kind === 'container' ? fromContainer(source.uri, source.token) : fromNodeProviderChain();
  const renewing = createRenewing({
    obtain: async () => {
      const credentials = await fetchCredentials({ forceRefresh: true });
      return { credentials, expiresAt: credentials.expiration?.getTime() ?? Number.POSITIVE_INFINITY };
    },
    clock,
    marginMs: MARGIN_MS,
  });
  const provider: CredentialProvider = async (options) => {
    const held = await renewing.get();
    if (!options?.forceRefresh) return held.credentials;
    renewing.drop(held);
    return (await renewing.get()).credentials;
  };
  // Keeps the SDK from remembering the answer by the machine's own clock a second time.
  return Object.assign(provider, { memoized: true });
}

/** Empty strings keep fromHttp from preferring AWS_CONTAINER_* variables of the machine over this address. */
function fromContainer(uri: string, token: string | undefined): () => Promise<AwsCredentials> {
  return fromHttp({
    awsContainerCredentialsFullUri: uri,
    awsContainerCredentialsRelativeUri: '',
    awsContainerAuthorizationToken: token ?? '',
    awsContainerAuthorizationTokenFile: '',
  });
}
