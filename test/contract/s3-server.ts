/**
 * The S3 service behind a bare HTTP server for tests: it believes every signature, reads account and region from
 * the credential scope, and denies what a test asks it to deny.
 */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  AwsError,
  type BodySignature,
  type BucketRegistry,
  type BucketResource,
  type Clock,
  type RegisteredBucket,
  type ServiceContext,
} from '../../infra/local/contract.ts';
import { createS3Service } from '../../infra/local/s3/service.ts';

export const SECRET = 'local-secret';

/** Access key -> account. */
export const ACCOUNTS: Record<string, string> = { AKIAHUB: '111111111111', AKIALAB: '222222222222' };

/** A registry in memory; `stack` buckets come with owner and CORS rules. */
export function createTestRegistry(stack: (BucketResource & { accountId: string; region: string })[] = []) {
  const buckets = new Map<string, RegisteredBucket>(stack.map((bucket) => [bucket.name, bucket]));
  const registry: BucketRegistry = {
    bucket: (name) => buckets.get(name),
    bucketOwner: (name) => buckets.get(name)?.accountId,
    buckets: (accountId) => [...buckets.values()].filter((bucket) => bucket.accountId === accountId),
    createBucket: (name, accountId, region) => void buckets.set(name, { name, accountId, region }),
    deleteBucket: (name) => void buckets.delete(name),
  };
  return registry;
}

interface Scope {
  accessKey: string;
  scope: string;
  region: string;
}

function scopeOf(request: IncomingMessage): Scope | undefined {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const header = /Credential=([^,]+)/.exec(request.headers.authorization ?? '')?.[1];
  const credential = header ?? url.searchParams.get('X-Amz-Credential');
  if (!credential) return undefined;
  const [accessKey, ...scope] = credential.split('/');
  return { accessKey, scope: scope.join('/'), region: scope[1] };
}

/** The signing key of SigV4 for a credential scope. */
export function signingKey(scope: string): Buffer {
  return scope
    .split('/')
    .reduce<Buffer>(
      (key, part) => createHmac('sha256', key).update(part).digest(),
      Buffer.from(`AWS4${SECRET}`),
    );
}

function bodySignature(request: IncomingMessage, scope: Scope | undefined): BodySignature {
  const contentSha256 = String(request.headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD');
  const signature = /Signature=([0-9a-f]{64})/.exec(request.headers.authorization ?? '')?.[1];
  if (!signature || !scope) return { contentSha256 };
  const amzDate = String(request.headers['x-amz-date']);
  return {
    contentSha256,
    seed: { signature, signingKey: signingKey(scope.scope), scope: scope.scope, amzDate },
  };
}

export interface TestServer {
  readonly endpoint: string;
  readonly port: number;
  /** `ACTION RESOURCE` of every decision asked for, in order. */
  readonly asked: string[];
  /** Decides after ownership; true denies. */
  deny: (action: string, resource: string) => boolean;
  /** Errors the service reported as its own fault. */
  readonly faults: unknown[];
  close(): Promise<void>;
}

export async function startTestServer(options: {
  dir: string;
  clock?: Clock;
  registry?: BucketRegistry;
}): Promise<TestServer> {
  const registry = options.registry ?? createTestRegistry();
  const faults: unknown[] = [];
  const asked: string[] = [];
  const service = await createS3Service({
    dir: options.dir,
    clock: options.clock ?? Date.now,
    registry,
    report: (error) => faults.push(error),
  });

  function contextOf(scope: Scope, requestId: string): ServiceContext {
    const accountId = ACCOUNTS[scope.accessKey];
    const arn = `arn:aws:iam::${accountId}:user/test`;
    return {
      requestId,
      accountId,
      region: scope.region,
      caller: { accountId, arn, principalArn: arn, kind: 'user' },
      authorize: (action, resource) => {
        asked.push(`${action} ${resource}`);
        const owner = registry.bucketOwner(resource.slice('arn:aws:s3:::'.length).split('/')[0]);
        if ((owner && owner !== accountId) || result.deny(action, resource)) {
          throw new AwsError('AccessDenied', 'Access Denied', 403);
        }
      },
    };
  }

  let requests = 0;
  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    const scope = scopeOf(request);
    const context = scope && contextOf(scope, `request-${++requests}`);
    void service.handle(request, response, context, bodySignature(request, scope));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const result: TestServer = {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    asked,
    faults,
    deny: () => false,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await service.close();
    },
  };
  return result;
}
