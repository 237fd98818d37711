/** The account of a computing unit in memory: what it is given stays, and tests decide how executions end. */
import { executionArn } from '../../services/jobs/naming.ts';
import {
  CloudError,
  type CloudProblem,
  type ExecutionState,
  type ObjectInfo,
  type SignedUrl,
  type UnitCloud,
} from '../../services/ports.ts';
import type { JobDocument, ObjectLocation } from '../../src/schemas/execution.ts';

/** `refuse` makes every call fail in one way. */
export interface MemoryCloud extends UnitCloud {
  objects: Map<string, ObjectInfo>;
  executions: Map<string, ExecutionState>;
  documents: JobDocument[];
  /** What JSON objects hold, by bucket/key. */
  contents: Map<string, unknown>;
  /** Open uploads, by upload id. */
  uploads: Map<string, string>;
  /** Whether people PUT what they have announced as soon as the URL is signed. Default: yes. */
  prompt: boolean;
  /** Size of what the next upload in parts leaves. */
  uploadedBytes: number;
  refuse?: CloudProblem;
}

export function memoryCloud(clock: () => number): MemoryCloud {
  const objects = new Map<string, ObjectInfo>();
  const executions = new Map<string, ExecutionState>();
  const announced = new Map<string, ObjectInfo>();
  const documents: JobDocument[] = [];
  const contents = new Map<string, unknown>();
  const uploads = new Map<string, string>();
  const nameOf = ({ bucket, key }: ObjectLocation): string => `${bucket}/${key}`;
  const sign = (method: 'GET' | 'PUT', location: ObjectLocation, seconds: number): SignedUrl => ({
    url: `https://s3.test/${nameOf(location)}?X-Amz-Signature=canary-signature`,
    method,
    headers: {},
    expiresAt: clock() + seconds * 1000,
  });

  const cloud: MemoryCloud = {
    objects,
    executions,
    documents,
    contents,
    uploads,
    prompt: true,
    uploadedBytes: 0,
    async putJobDocument(_unit, location, document) {
      reach('PutObject');
      documents.push(document);
      objects.set(nameOf(location), { sizeBytes: 1, etag: 'e', metadata: {} });
    },
    async startExecution(unit, name, input) {
      reach('StartExecution');
      const arn = executionArn(unit.stateMachineArn, name);
      const known = executions.get(arn);
      if (known?.status === 'RUNNING' && known.input === JSON.stringify(input)) return arn;
      if (known) throw new CloudError('already_exists', 'StartExecution', 'ExecutionAlreadyExists', arn);
      executions.set(arn, {
        arn,
        status: 'RUNNING',
        input: JSON.stringify(input),
        output: undefined,
        error: undefined,
        cause: undefined,
        startedAt: clock(),
        stoppedAt: undefined,
      });
      return arn;
    },
    async describeExecution(_unit, arn) {
      reach('DescribeExecution');
      const found = executions.get(arn);
      if (!found) throw new CloudError('not_found', 'DescribeExecution', 'ExecutionDoesNotExist', arn);
      return found;
    },
    async runningExecutions(unit) {
      reach('ListExecutions');
      const prefix = unit.stateMachineArn.replace(':stateMachine:', ':execution:');
      const running = [...executions.values()].filter(
        ({ arn, status }) => status === 'RUNNING' && arn.startsWith(`${prefix}:`),
      );
      const listed = running.map(({ arn, startedAt }) => ({
        name: arn.slice(arn.lastIndexOf(':') + 1),
        arn,
        startedAt,
      }));
      return { executions: listed, complete: true };
    },
    async stopExecution(_unit, arn, cause) {
      reach('StopExecution');
      const found = executions.get(arn);
      if (!found) throw new CloudError('not_found', 'StopExecution', 'ExecutionDoesNotExist', arn);
      if (found.status === 'RUNNING')
        executions.set(arn, { ...found, status: 'ABORTED', cause, stoppedAt: clock() });
    },
    async headObject(_unit, location) {
      reach('HeadObject');
      const found =
        objects.get(nameOf(location)) ?? (cloud.prompt ? announced.get(nameOf(location)) : undefined);
      if (!found) throw new CloudError('not_found', 'HeadObject', 'NotFound', nameOf(location));
      return found;
    },
    async readJson(_unit, location) {
      reach('GetObject');
      if (contents.has(nameOf(location))) return contents.get(nameOf(location));
      throw new CloudError('not_found', 'GetObject', 'NoSuchKey', nameOf(location));
    },
    async deleteObject(_unit, location) {
      reach('DeleteObject');
      contents.delete(nameOf(location));
      objects.delete(nameOf(location));
      announced.delete(nameOf(location));
    },
    async presignGet(_unit, location, _filename, seconds) {
      reach('AssumeRole');
      return sign('GET', location, seconds);
    },
    async presignPut(_unit, location: ObjectLocation & { sizeBytes?: number }, seconds) {
      reach('AssumeRole');
      announced.set(nameOf(location), { sizeBytes: location.sizeBytes ?? 1_000, etag: 'e', metadata: {} });
      return sign('PUT', location, seconds);
    },
    async beginUpload(_unit, location) {
      reach('CreateMultipartUpload');
      const uploadId = `upload-${uploads.size + 1}`;
      uploads.set(uploadId, nameOf(location));
      return uploadId;
    },
    async presignParts(_unit, location, uploadId, partNumbers, seconds) {
      reach('AssumeRole');
      return partNumbers.map((partNumber) => {
        const signed = sign('PUT', location, seconds);
        return { ...signed, partNumber, url: `${signed.url}&uploadId=${uploadId}&partNumber=${partNumber}` };
      });
    },
    async completeUpload(_unit, location, uploadId, parts) {
      reach('CompleteMultipartUpload');
      mustBeOpen(uploadId, 'CompleteMultipartUpload');
      if (parts.some(({ etag }) => etag === 'wrong')) {
        throw new CloudError('invalid', 'CompleteMultipartUpload', 'InvalidPart', 'a part was not found');
      }
      uploads.delete(uploadId);
      objects.set(nameOf(location), { sizeBytes: cloud.uploadedBytes, etag: 'e', metadata: {} });
    },
    async putEmpty(_unit, location) {
      reach('PutObject');
      objects.set(nameOf(location), { sizeBytes: 0, etag: 'e', metadata: {} });
    },
    async abortUpload(_unit, _location, uploadId) {
      reach('AbortMultipartUpload');
      mustBeOpen(uploadId, 'AbortMultipartUpload');
      uploads.delete(uploadId);
    },
    forget() {},
  };
  function mustBeOpen(uploadId: string, operation: string): void {
    if (!uploads.has(uploadId)) throw new CloudError('not_found', operation, 'NoSuchUpload', uploadId);
  }
  function reach(operation: string): void {
    if (cloud.refuse) throw new CloudError(cloud.refuse, operation, 'Refused', 'ordered by the test');
  }
  return cloud;
}
