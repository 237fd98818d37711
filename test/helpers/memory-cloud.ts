/** The account of a computing unit in memory: what it is given stays, and tests decide how executions end. */
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
  refuse?: CloudProblem;
}

export function memoryCloud(clock: () => number): MemoryCloud {
  const objects = new Map<string, ObjectInfo>();
  const executions = new Map<string, ExecutionState>();
  const documents: JobDocument[] = [];
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
    async putJobDocument(_unit, location, document) {
      reach('PutObject');
      documents.push(document);
      objects.set(nameOf(location), { sizeBytes: 1, etag: 'e', metadata: {} });
    },
    async startExecution(unit, name, input) {
      reach('StartExecution');
      const arn = `${unit.stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
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
    async stopExecution(_unit, arn) {
      reach('StopExecution');
      const found = executions.get(arn);
      if (found) executions.set(arn, { ...found, status: 'ABORTED', stoppedAt: clock() });
    },
    async headObject(_unit, location) {
      reach('HeadObject');
      const found = objects.get(nameOf(location));
      if (!found) throw new CloudError('not_found', 'HeadObject', 'NotFound', nameOf(location));
      return found;
    },
    async deleteObject(_unit, location) {
      reach('DeleteObject');
      objects.delete(nameOf(location));
    },
    async presignGet(_unit, location, _filename, seconds) {
      reach('AssumeRole');
      return sign('GET', location, seconds);
    },
    async presignPut(_unit, location, seconds) {
      reach('AssumeRole');
      return sign('PUT', location, seconds);
    },
    forget() {},
  };
  function reach(operation: string): void {
    if (cloud.refuse) throw new CloudError(cloud.refuse, operation, 'Refused', 'ordered by the test');
  }
  return cloud;
}
