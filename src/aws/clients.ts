/** The SDK clients of the broker: made once, kept, with bounded time-outs and one pool of connections. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { SFNClient } from '@aws-sdk/client-sfn';
import { STSClient } from '@aws-sdk/client-sts';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type CallCounts, createCallCounts, type ObservedCall } from './call-counts.ts';
import type { AwsCredentials, CredentialProvider } from './credentials.ts';

export interface AwsClientsOptions {
  /** The broker's own region: its table, and the STS endpoint it asks. */
  readonly region: string;
  /** The embedded cloud; undefined on AWS. */
  readonly endpoint?: string;
  readonly credentials: CredentialProvider;
  /** Milliseconds; default 2,000 to connect and 10,000 for an answer, per try. */
  readonly timeouts?: { readonly connectMs: number; readonly answerMs: number };
  /** Told of every call that has ended. */
  readonly observed?: (call: ObservedCall) => void;
}

export interface AwsClients {
  readonly documents: DynamoDBDocumentClient;
  readonly sts: STSClient;
  /** The client of these credentials in this region; the same one for the same (identical) credentials. */
  sfn(credentials: AwsCredentials, region: string): SFNClient;
  s3(credentials: AwsCredentials, region: string): S3Client;
  serviceQuotas(credentials: AwsCredentials, region: string): ServiceQuotasClient;
  /** Calls of all clients since they were made. */
  readonly counts: Pick<CallCounts, 'list'>;
  /** Closes all connections. */
  close(): void;
}

/** Tries of one call, throttling included; then the caller's own back-off takes over. */
const MAX_ATTEMPTS = 3;
/** Connections to one host at most. */
const MAX_SOCKETS = 250;

/** Creates the clients of one broker process. */
export function createAwsClients(options: AwsClientsOptions): AwsClients {
  const { region, endpoint, credentials, timeouts } = options;
  const common = {
    endpoint,
    maxAttempts: MAX_ATTEMPTS,
    retryMode: 'standard',
    // Stated, so that nothing of a developer's ~/.aws/config applies to the embedded cloud.
    ...(endpoint ? { useFipsEndpoint: false, useDualstackEndpoint: false } : {}),
  };
  const counts = createCallCounts(options.observed);
  const watched: CallCounts['watch'] = (client, ofRegion) => {
    // It copies what is asked and answered for a log that nobody keeps.
    client.middlewareStack.remove('loggerMiddleware');
    return counts.watch(client, ofRegion);
  };
  const sts = new STSClient({
    ...common,
    region,
    credentials,
    requestHandler: {
      connectionTimeout: timeouts?.connectMs ?? 2_000,
      requestTimeout: timeouts?.answerMs ?? 10_000,
      throwOnRequestTimeout: true,
      // The time for an answer ends with its headers: a body that stops in the midst would be waited for without end.
      socketTimeout: timeouts?.answerMs ?? 10_000,
      // More than the steps of jobs that may hang at once: they leave room for everything else.
      httpsAgent: { maxSockets: MAX_SOCKETS },
      httpAgent: { maxSockets: MAX_SOCKETS },
    },
  });
  // All clients share the connections of one handler; a client per session then costs no sockets.
  const shared = { ...common, requestHandler: sts.config.requestHandler };
  const dynamo = watched(new DynamoDBClient({ ...shared, region, credentials }), region);
  watched(sts, region);
  return {
    documents: DynamoDBDocumentClient.from(dynamo, { marshallOptions: { removeUndefinedValues: true } }),
    sts,
    sfn: createKept((held, unitRegion) =>
      watched(new SFNClient({ ...shared, region: unitRegion, ...identity(held) }), unitRegion),
    ),
    serviceQuotas: createKept((held, unitRegion) =>
      watched(new ServiceQuotasClient({ ...shared, region: unitRegion, ...identity(held) }), unitRegion),
    ),
    s3: createKept((held, unitRegion) =>
      watched(
        new S3Client({
          ...shared,
          region: unitRegion,
          ...identity(held),
          forcePathStyle: endpoint !== undefined,
          followRegionRedirects: false,
          requestChecksumCalculation: 'WHEN_REQUIRED',
          responseChecksumValidation: 'WHEN_REQUIRED',
        }),
        unitRegion,
      ),
    ),
    counts,
    close() {
      sts.destroy();
    },
  };
}

/** Without the expiration: sessions.ts renews, and a new session gets a new client. */
function identity({ accessKeyId, secretAccessKey, sessionToken }: AwsCredentials): {
  credentials: AwsCredentials;
} {
  return { credentials: { accessKeyId, secretAccessKey, sessionToken } };
}

/** Keeps one client per credentials object and region; it goes when the credentials go. */
function createKept<C>(
  make: (credentials: AwsCredentials, region: string) => C,
): (credentials: AwsCredentials, region: string) => C {
  const kept = new WeakMap<AwsCredentials, Map<string, C>>();
  return (credentials, region) => {
    let regions = kept.get(credentials);
    if (!regions) kept.set(credentials, (regions = new Map()));
    let client = regions.get(region);
    if (client === undefined) regions.set(region, (client = make(credentials, region)));
    return client;
  };
}
