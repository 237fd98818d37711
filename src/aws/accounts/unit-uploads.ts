/** Uploads in parts into a computing unit: begun, signed, completed and aborted here; the parts go past the broker. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { type Clock, CloudError, type UploadCloud } from '../../../services/ports.ts';
import type { ObjectLocation } from '../../schemas/execution.ts';
import type { Unit } from '../../schemas/unit.ts';
import type { AwsClients } from '../clients.ts';
import type { Presigner } from './presign.ts';
import type { Purpose } from './session-policy.ts';
import { lifeOf, type Sessions } from './sessions.ts';
import { mustBeOneAccount, ownerOf, presigning } from './unit-checks.ts';

export interface UnitUploadsDeps {
  readonly clients: Pick<AwsClients, 's3'>;
  readonly sessions: Sessions;
  readonly presigner: Presigner;
  readonly clock: Clock;
}

/** All parts are signed at once and sent for as long as it takes: the session should be fresh. */
const MIN_LIFE_MS = 45 * 60_000;

/** Creates the access to uploads. Every session reaches one person's objects only. */
export function createUnitUploads({ clients, sessions, presigner, clock }: UnitUploadsDeps): UploadCloud {
  async function inS3<T>(
    unit: Unit,
    location: ObjectLocation,
    kind: 'presign' | 'remove',
    operation: string,
    work: (client: ReturnType<AwsClients['s3']>) => Promise<T>,
  ): Promise<T> {
    mustBeOneAccount(unit, operation);
    const purpose: Purpose = { kind, ownerId: ownerOf(unit, location, operation) };
    return sessions.use(unit, purpose, operation, (session) =>
      work(clients.s3(session.credentials, unit.region)),
    );
  }

  return {
    async beginUpload(unit, location) {
      const command = new CreateMultipartUploadCommand({
        ...objectOf(unit, location),
        ContentType: 'application/octet-stream',
      });
      const { UploadId } = await inS3(unit, location, 'presign', 'CreateMultipartUpload', (s3) =>
        s3.send(command),
      );
      if (UploadId) return UploadId;
      throw new CloudError(
        'unavailable',
        'CreateMultipartUpload',
        'IncompleteAnswer',
        'S3 gave no upload id',
      );
    },

    async presignParts(unit, location, uploadId, partNumbers, seconds) {
      mustBeOneAccount(unit, 'Presign');
      const purpose = presigning(unit, location, 'Presign');
      const session = await sessions.get(unit, purpose, Math.min(seconds * 1_000, MIN_LIFE_MS));
      const client = clients.s3(session.credentials, unit.region);
      const now = clock();
      const common = {
        method: 'PUT',
        location,
        region: unit.region,
        bucketOwner: unit.awsAccountId,
        now,
        seconds: Math.min(seconds, lifeOf(session, now)),
      } as const;
      return Promise.all(
        partNumbers.map(async (partNumber) => ({
          partNumber,
          ...(await presigner.presign(client, { ...common, part: { uploadId, partNumber } })),
        })),
      );
    },

    async completeUpload(unit, location, uploadId, parts) {
      const command = new CompleteMultipartUploadCommand({
        ...objectOf(unit, location),
        UploadId: uploadId,
        MultipartUpload: {
          Parts: parts.map(({ partNumber, etag }) => ({ PartNumber: partNumber, ETag: etag })),
        },
      });
      await inS3(unit, location, 'presign', 'CompleteMultipartUpload', (s3) => s3.send(command));
    },

    async abortUpload(unit, location, uploadId) {
      const command = new AbortMultipartUploadCommand({ ...objectOf(unit, location), UploadId: uploadId });
      await inS3(unit, location, 'remove', 'AbortMultipartUpload', (s3) => s3.send(command));
    },

    async putEmpty(unit, location) {
      const command = new PutObjectCommand({
        ...objectOf(unit, location),
        Body: '',
        ContentType: 'application/octet-stream',
      });
      await inS3(unit, location, 'presign', 'PutObject', (s3) => s3.send(command));
    },
  };
}

function objectOf(unit: Unit, { bucket, key }: ObjectLocation) {
  return { Bucket: bucket, Key: key, ExpectedBucketOwner: unit.awsAccountId };
}
