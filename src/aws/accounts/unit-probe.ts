/**
 * What the preflight tries in a unit's account. One session serves all of it but quotas; its policy reaches the objects
 * of the preflight, reads settings, and holds the two things that must be refused by the role itself.
 */
import {
  DeleteObjectCommand,
  GetBucketEncryptionCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { GetServiceQuotaCommand } from '@aws-sdk/client-service-quotas';
import { DescribeStateMachineCommand, ListTagsForResourceCommand } from '@aws-sdk/client-sfn';
import { CloudError } from '../../../services/ports.ts';
import type { UnitProbe } from '../../../services/units/ports.ts';
import type { ObjectLocation } from '../../schemas/execution.ts';
import type { Unit } from '../../schemas/unit.ts';
import type { AwsClients } from '../clients.ts';
import { OUTSIDE_KEY, type Purpose } from './session-policy.ts';
import type { Sessions } from './sessions.ts';
import { mustBeOneAccount, mustBeOurs } from './unit-checks.ts';

const CHECK: Purpose = { kind: 'check' };
const QUOTAS: Purpose = { kind: 'quotas' };
/** A test result is a few kilobytes; more than this is not read. */
const MAX_FETCHED_BYTES = 64 * 1_048_576;
const FETCH_LIMIT_MS = 10_000;

export interface UnitProbeDeps {
  readonly clients: Pick<AwsClients, 's3' | 'sfn' | 'serviceQuotas'>;
  readonly sessions: Sessions;
}

/** Creates the probe. */
export function createUnitProbe({ clients, sessions }: UnitProbeDeps): UnitProbe {
  async function inS3<T>(unit: Unit, operation: string, work: (s3: S3Client) => Promise<T>): Promise<T> {
    mustBeOneAccount(unit, operation);
    return sessions.use(unit, CHECK, operation, (session) =>
      work(clients.s3(session.credentials, unit.region)),
    );
  }

  /** `denied` instead of an error where the answer itself is of interest; other errors pass. */
  async function asked<T>(work: Promise<T>): Promise<T | 'denied' | 'not_found'> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof CloudError && (error.problem === 'denied' || error.problem === 'not_found')) {
        return error.problem;
      }
      throw error;
    }
  }

  return {
    async definition(unit) {
      mustBeOneAccount(unit, 'DescribeStateMachine');
      const command = new DescribeStateMachineCommand({ stateMachineArn: unit.stateMachineArn });
      const found = await sessions.use(unit, CHECK, 'DescribeStateMachine', (session) =>
        clients.sfn(session.credentials, unit.region).send(command),
      );
      return found.definition ?? '';
    },

    async tags(unit) {
      mustBeOneAccount(unit, 'ListTagsForResource');
      const command = new ListTagsForResourceCommand({ resourceArn: unit.stateMachineArn });
      const found = await sessions.use(unit, CHECK, 'ListTagsForResource', (session) =>
        clients.sfn(session.credentials, unit.region).send(command),
      );
      return Object.fromEntries((found.tags ?? []).map(({ key, value }) => [key ?? '', value ?? '']));
    },

    async bucketRegion(unit, bucket) {
      const command = new HeadBucketCommand({ Bucket: bucket, ExpectedBucketOwner: unit.awsAccountId });
      const answer = asked(
        inS3(unit, 'HeadBucket', async (s3) => {
          try {
            return (await s3.send(command)).BucketRegion;
          } catch (error) {
            // A refusal says it too: of another region, or of another owner.
            const region = regionHeaderOf(error);
            if (region !== undefined) return region;
            throw error;
          }
        }),
      );
      const region = await answer;
      return region === 'denied' || region === 'not_found' ? undefined : region;
    },

    async quota(unit, { serviceCode, quotaCode }) {
      const command = new GetServiceQuotaCommand({ ServiceCode: serviceCode, QuotaCode: quotaCode });
      const { Quota } = await sessions.use(unit, QUOTAS, 'GetServiceQuota', (session) =>
        clients.serviceQuotas(session.credentials, unit.region).send(command),
      );
      if (Quota?.Value !== undefined) return Quota.Value;
      throw new CloudError('not_found', 'GetServiceQuota', 'NoValue', `${quotaCode} has no value`);
    },

    async put(unit, location, content) {
      mustBeOurs(unit, location, 'PutObject');
      const command = new PutObjectCommand({ ...objectOf(unit, location), Body: content });
      await inS3(unit, 'PutObject', (s3) => s3.send(command));
    },

    async readBack(unit, location) {
      mustBeOurs(unit, location, 'GetObject');
      const object = objectOf(unit, location);
      await inS3(unit, 'HeadObject', (s3) => s3.send(new HeadObjectCommand(object)));
      const { Body } = await inS3(unit, 'GetObject', (s3) => s3.send(new GetObjectCommand(object)));
      await Body?.transformToByteArray();
    },

    async remove(unit, location) {
      mustBeOurs(unit, location, 'DeleteObject');
      const command = new DeleteObjectCommand(objectOf(unit, location));
      await inS3(unit, 'DeleteObject', (s3) => s3.send(command));
    },

    async reachesOutside(unit, bucket) {
      const command = new HeadObjectCommand(objectOf(unit, { bucket, key: OUTSIDE_KEY }));
      // Not found is said only to who may read it.
      return (await asked(inS3(unit, 'HeadObject', (s3) => s3.send(command)))) !== 'denied';
    },

    async settings(unit, bucket) {
      const which = { Bucket: bucket, ExpectedBucketOwner: unit.awsAccountId };
      const [access, encryption, policy] = await Promise.all([
        asked(inS3(unit, 'GetPublicAccessBlock', (s3) => s3.send(new GetPublicAccessBlockCommand(which)))),
        asked(inS3(unit, 'GetBucketEncryption', (s3) => s3.send(new GetBucketEncryptionCommand(which)))),
        asked(inS3(unit, 'GetBucketPolicy', (s3) => s3.send(new GetBucketPolicyCommand(which)))),
      ]);
      return {
        publicAccessBlocked: known(access, ({ PublicAccessBlockConfiguration: block }) =>
          Boolean(
            block?.BlockPublicAcls &&
              block.BlockPublicPolicy &&
              block.IgnorePublicAcls &&
              block.RestrictPublicBuckets,
          ),
        ),
        encrypted: known(encryption, ({ ServerSideEncryptionConfiguration: rules }) =>
          Boolean(rules?.Rules?.length),
        ),
        tlsOnly: known(policy, ({ Policy }) => refusesPlainHttp(Policy ?? '')),
      };
    },

    async seesAllBuckets(unit) {
      const command = new ListBucketsCommand({});
      return (await asked(inS3(unit, 'ListBuckets', (s3) => s3.send(command)))) !== 'denied';
    },

    async fetchUrl(url, origin) {
      try {
        const answer = await fetch(url, {
          headers: origin === undefined ? {} : { origin },
          redirect: 'error',
          signal: AbortSignal.timeout(FETCH_LIMIT_MS),
        });
        const date = Date.parse(answer.headers.get('date') ?? '');
        return {
          status: answer.status,
          sizeBytes: await sizeOf(answer),
          allowOrigin: answer.headers.get('access-control-allow-origin') ?? undefined,
          date: Number.isNaN(date) ? undefined : date,
        };
      } catch (error) {
        if (error instanceof CloudError) throw error;
        throw new CloudError('unavailable', 'GetObject', 'NoAnswer', 'the presigned URL does not answer');
      }
    },

    async askAsPage(url, origin, method, headers) {
      let answer: Response;
      try {
        answer = await fetch(url, {
          method: 'OPTIONS',
          headers: {
            origin,
            'access-control-request-method': method,
            ...(headers.length > 0 && { 'access-control-request-headers': headers.join(',') }),
          },
          redirect: 'error',
          signal: AbortSignal.timeout(FETCH_LIMIT_MS),
        });
        await answer.body?.cancel();
      } catch {
        throw new CloudError('unavailable', 'CorsPreflight', 'NoAnswer', 'the bucket does not answer');
      }
      const list = (name: string): string => answer.headers.get(`access-control-${name}`) ?? '';
      return {
        status: answer.status,
        allowOrigin: list('allow-origin') || undefined,
        allowMethods: list('allow-methods'),
        allowHeaders: list('allow-headers'),
        exposedHeaders: list('expose-headers'),
      };
    },
  };
}

function regionHeaderOf(error: unknown): string | undefined {
  const { $response } = error as { $response?: { headers?: Record<string, string> } };
  return $response?.headers?.['x-amz-bucket-region'];
}

async function sizeOf(answer: Response): Promise<number> {
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    size += (chunk as Uint8Array).length;
    if (size > MAX_FETCHED_BYTES) {
      throw new CloudError('invalid', 'GetObject', 'TooLarge', 'the object is larger than a test result');
    }
  }
  return size;
}

function known<T>(answer: T | 'denied' | 'not_found', read: (answer: T) => boolean): boolean | undefined {
  if (answer === 'denied') return undefined;
  return answer === 'not_found' ? false : read(answer);
}

/** Whether a bucket policy denies requests without TLS to everybody. */
function refusesPlainHttp(text: string): boolean {
  let policy: { Statement?: unknown };
  try {
    policy = JSON.parse(text);
  } catch {
    return false;
  }
  const statements = [policy.Statement ?? []].flat() as {
    Effect?: string;
    Condition?: { Bool?: Record<string, unknown> };
  }[];
  return statements.some(
    ({ Effect, Condition }) =>
      Effect === 'Deny' && String(Condition?.Bool?.['aws:SecureTransport']).toLowerCase() === 'false',
  );
}

function objectOf(unit: Unit, { bucket, key }: ObjectLocation) {
  return { Bucket: bucket, Key: key, ExpectedBucketOwner: unit.awsAccountId };
}
