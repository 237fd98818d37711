/**
 * The AWS account of a computing unit through the SDK. Every call names the account that must own the bucket,
 * runs in a session of its purpose, and fails with a CloudError that says who is at fault.
 */
import type { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import {
  type Clock,
  CloudError,
  type ListedExecution,
  type SignedUrl,
  type UnitCloud,
} from '../../../services/ports.ts';
import type { ObjectLocation } from '../../schemas/execution.ts';
import type { Unit } from '../../schemas/unit.ts';
import type { AwsClients } from '../clients.ts';
import { attachment } from './content-disposition.ts';
import { sendOnlyWhile } from './late-sends.ts';
import { watchLostAnswers } from './lost-answers.ts';
import { createPresigner, type PresignRequest } from './presign.ts';
import type { Purpose } from './session-policy.ts';
import { lifeOf, type Sessions } from './sessions.ts';
import { mustBeItsExecution, mustBeOneAccount, mustBeOurs, ownerOf, presigning } from './unit-checks.ts';
import { createUnitUploads } from './unit-uploads.ts';

/**
 * Later than this after it was asked for nothing is started: from a minute on others may have concluded that nothing has
 * begun, and a process that stood still in between must not prove them wrong.
 */
const START_WITHIN_MS = 30_000;

export interface UnitCloudDeps {
  readonly clients: Pick<AwsClients, 's3' | 'sfn'>;
  readonly sessions: Sessions;
  readonly clock: Clock;
  /** Address of S3 as browsers and scripts reach it, if it differs from the broker's. */
  readonly publicEndpoint?: string;
}

/**
 * A URL lives at least this long (if that much was asked for), else the session is renewed first: as long as a
 * session is kept anyway, so that plain links cost no AssumeRole of their own. `expiresAt` says the truth.
 */
const MIN_LINK_MS = 5 * 60_000;
/** The same for URLs that are wanted for hours, which no assumed role can give: the session should be fresh. */
const MIN_LONG_LINK_MS = 45 * 60_000;
const LONG_SECONDS = 3_600;
/** Executions in one answer, the most that AWS gives, and answers that one list asks for. */
const LIST_PAGE = 1_000;
const MAX_LIST_PAGES = 5;
/** AWS takes at most 256 characters as the error, 32,768 as the cause of an abort. */
const MAX_CAUSE = 1_000;

/** Creates the access to computing units. */
export function createUnitCloud({ clients, sessions, clock, publicEndpoint }: UnitCloudDeps): UnitCloud {
  const presigner = createPresigner({ publicEndpoint });

  async function inStates<T>(
    unit: Unit,
    purpose: Purpose,
    operation: string,
    work: (client: ReturnType<AwsClients['sfn']>) => Promise<T>,
  ): Promise<T> {
    mustBeOneAccount(unit, operation);
    return sessions.use(unit, purpose, operation, (session) =>
      work(clients.sfn(session.credentials, unit.region)),
    );
  }

  async function inS3<T>(
    unit: Unit,
    purpose: Purpose,
    operation: string,
    work: (client: ReturnType<AwsClients['s3']>) => Promise<T>,
  ): Promise<T> {
    mustBeOneAccount(unit, operation);
    return sessions.use(unit, purpose, operation, (session) =>
      work(clients.s3(session.credentials, unit.region)),
    );
  }

  async function presign(
    unit: Unit,
    request: Pick<PresignRequest, 'method' | 'location' | 'contentDisposition' | 'seconds'>,
  ): Promise<SignedUrl> {
    mustBeOneAccount(unit, 'Presign');
    const purpose: Purpose = presigning(unit, request.location, 'Presign');
    const wanted = request.seconds > LONG_SECONDS ? MIN_LONG_LINK_MS : MIN_LINK_MS;
    const session = await sessions.get(unit, purpose, Math.min(request.seconds * 1_000, wanted));
    const now = clock();
    return presigner.presign(clients.s3(session.credentials, unit.region), {
      ...request,
      region: unit.region,
      bucketOwner: unit.awsAccountId,
      now,
      seconds: Math.min(request.seconds, lifeOf(session, now)),
    });
  }

  return {
    ...createUnitUploads({ clients, sessions, presigner, clock }),

    async putJobDocument(unit, location, document) {
      mustBeOurs(unit, location, 'PutObject');
      const command = new PutObjectCommand({
        ...objectOf(unit, location),
        // Overwriting is wanted: a start that is repeated after a crash writes the same bytes again.
        Body: JSON.stringify(document),
        ContentType: 'application/json',
      });
      await inS3(unit, { kind: 'start' }, 'PutObject', (s3) => s3.send(command));
    },

    async startExecution(unit, name, input) {
      const command = new StartExecutionCommand({
        stateMachineArn: unit.stateMachineArn,
        name,
        input: JSON.stringify(input),
      });
      const lost = watchLostAnswers(command);
      const askedAt = clock();
      sendOnlyWhile(command, 'StartExecution', () => clock() - askedAt <= START_WITHIN_MS);
      try {
        const { executionArn } = await inStates(unit, { kind: 'start' }, 'StartExecution', (sfn) =>
          sfn.send(command),
        );
        return answered(executionArn, 'StartExecution');
      } catch (error) {
        if (!lost() || !(error instanceof CloudError) || error.problem === 'already_exists') throw error;
        // What the last try was told says nothing of the one before, which may have had its effect.
        throw new CloudError('unavailable', 'StartExecution', error.awsCode, error.message);
      }
    },

    async describeExecution(unit, executionArn) {
      mustBeItsExecution(unit, executionArn, 'DescribeExecution');
      const command = new DescribeExecutionCommand({ executionArn });
      const found = await inStates(unit, { kind: 'observe' }, 'DescribeExecution', (sfn) =>
        sfn.send(command),
      );
      const status = answered(found.status, 'DescribeExecution');
      return {
        arn: executionArn,
        // A redriven execution that waits to run again has not ended.
        status: status === 'PENDING_REDRIVE' ? 'RUNNING' : status,
        input: found.input,
        output: found.output,
        error: found.error,
        cause: found.cause,
        startedAt: found.startDate?.getTime(),
        stoppedAt: found.stopDate?.getTime(),
      };
    },

    async runningExecutions(unit) {
      const executions: ListedExecution[] = [];
      let nextToken: string | undefined;
      for (let page = 0; page < MAX_LIST_PAGES; page++) {
        const command = new ListExecutionsCommand({
          stateMachineArn: unit.stateMachineArn,
          statusFilter: 'RUNNING',
          maxResults: LIST_PAGE,
          nextToken,
        });
        const found = await inStates(unit, { kind: 'observe' }, 'ListExecutions', (sfn) => sfn.send(command));
        for (const { name, executionArn, startDate } of found.executions ?? []) {
          if (name && executionArn)
            executions.push({ name, arn: executionArn, startedAt: startDate?.getTime() });
        }
        nextToken = found.nextToken;
        if (nextToken === undefined) break;
      }
      return { executions, complete: nextToken === undefined };
    },

    async stopExecution(unit, executionArn, reason) {
      mustBeItsExecution(unit, executionArn, 'StopExecution');
      const command = new StopExecutionCommand({
        executionArn,
        error: 'canceled',
        cause: reason.slice(0, MAX_CAUSE),
      });
      await inStates(unit, { kind: 'observe' }, 'StopExecution', (sfn) => sfn.send(command));
    },

    async headObject(unit, location) {
      mustBeOurs(unit, location, 'HeadObject');
      const purpose: Purpose =
        location.bucket === unit.dataBucket ? presigning(unit, location, 'HeadObject') : { kind: 'observe' };
      const command = new HeadObjectCommand({ ...objectOf(unit, location), ChecksumMode: 'ENABLED' });
      const head = await inS3(unit, purpose, 'HeadObject', (s3) => s3.send(command));
      return {
        sizeBytes: answered(head.ContentLength, 'HeadObject'),
        etag: answered(head.ETag, 'HeadObject'),
        metadata: head.Metadata ?? {},
        checksumSHA256: head.ChecksumSHA256,
      };
    },

    async readJson(unit, location, maxBytes) {
      const purpose = presigning(unit, location, 'GetObject');
      const command = new GetObjectCommand(objectOf(unit, location));
      return inS3(unit, purpose, 'GetObject', async (s3) => {
        const { Body, ContentLength } = await s3.send(command);
        const body = answered(Body, 'GetObject');
        const sizeBytes = answered(ContentLength, 'GetObject');
        if (sizeBytes > maxBytes) {
          (body as Readable).destroy();
          throw unreadable(`${sizeBytes} bytes, at most ${maxBytes} are read`);
        }
        return parsed(await body.transformToString());
      });
    },

    async deleteObject(unit, location) {
      const ownerId = ownerOf(unit, location, 'DeleteObject');
      const command = new DeleteObjectCommand(objectOf(unit, location));
      await inS3(unit, { kind: 'remove', ownerId }, 'DeleteObject', (s3) => s3.send(command));
    },

    presignGet(unit, location, filename, seconds) {
      return presign(unit, {
        method: 'GET',
        location,
        seconds,
        contentDisposition: attachment(filename),
      });
    },

    // Neither length nor type is signed: the broker does not know them, and browsers send them as they like.
    // The size is checked when the upload is confirmed.
    presignPut(unit, location, seconds) {
      return presign(unit, { method: 'PUT', location, seconds });
    },

    forget(unitId) {
      sessions.forget(unitId);
    },
  };
}

function objectOf(
  unit: Unit,
  { bucket, key }: ObjectLocation,
): { Bucket: string; Key: string; ExpectedBucketOwner: string } {
  return { Bucket: bucket, Key: key, ExpectedBucketOwner: unit.awsAccountId };
}

function unreadable(message: string): CloudError {
  return new CloudError('invalid', 'GetObject', 'Unreadable', message);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unreadable('the object holds no JSON');
  }
}

/** A field that AWS always answers. */
function answered<T>(value: T | undefined, operation: string): T {
  if (value !== undefined) return value;
  throw new CloudError(
    'unavailable',
    operation,
    'IncompleteAnswer',
    `${operation}: the answer is incomplete`,
  );
}
