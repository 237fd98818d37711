/** The ports in memory, with their real semantics (conditional versions), for tests of the HTTP side alone. */
import { randomBytes } from 'node:crypto';
import {
  CloudError,
  type CloudProblem,
  type DataStore,
  type ExecutionState,
  type Ids,
  type JobStore,
  type ObjectInfo,
  type Page,
  type SignedUrl,
  type TokenStore,
  type UnitCloud,
  type UnitStore,
  type UserStore,
} from '../../services/ports.ts';
import type { JobDocument, ObjectLocation } from '../../src/schemas/execution.ts';
import type { DataRecord, StoredToken, User } from '../../src/schemas/identity.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { Unit } from '../../src/schemas/unit.ts';

const copy = <T>(value: T): T => structuredClone(value);

/** The cursor is the position in the list; enough where nobody writes between two pages. */
function page<T>(all: T[], { limit, cursor }: { limit: number; cursor?: string }): Page<T> {
  const from = Number(cursor ?? 0);
  const next = from + limit < all.length ? String(from + limit) : undefined;
  return { items: all.slice(from, from + limit).map(copy), cursor: next };
}

const newest = <T extends { createdAt: number }>(all: Iterable<T>): T[] =>
  [...all].sort((a, b) => b.createdAt - a.createdAt);

export function memoryIds(clock: () => number): Ids {
  let count = 0;
  return {
    next: () => {
      const time = clock().toString(32).toUpperCase().padStart(10, '0');
      const serial = (count++).toString(32).toUpperCase().padStart(16, '0');
      return `${time}${serial}`.replace(/[ILOU]/g, (letter) => ({ I: 'W', L: 'X', O: 'Y', U: 'Z' })[letter]!);
    },
    secret: (bytes) => randomBytes(bytes).toString('base64url'),
    random: () => 0.5,
  };
}

export function memoryUsers(): UserStore {
  const users = new Map<string, User>();
  return {
    get: async (userId) => copy(users.get(userId)),
    findByEmail: async (email) => copy([...users.values()].find((user) => user.email === email)),
    async create(user) {
      if ([...users.values()].some((other) => other.email === user.email)) return false;
      users.set(user.userId, copy(user));
      return true;
    },
    async replace(next) {
      if (users.get(next.userId)?.version !== next.version - 1) return false;
      users.set(next.userId, copy(next));
      return true;
    },
    list: async (options) => page(newest(users.values()), options),
  };
}

export function memoryTokens(): TokenStore & { all: Map<string, StoredToken> } {
  const all = new Map<string, StoredToken>();
  return {
    all,
    put: async (token) => void all.set(token.hash, copy(token)),
    get: async (hash) => copy(all.get(hash)),
    remove: async (hash) => void all.delete(hash),
  };
}

export function memoryJobs(): JobStore & { all: Map<string, Job> } {
  const all = new Map<string, Job>();
  const keys = new Map<string, { jobId: string; requestHash: string }>();
  return {
    all,
    async create(job, idempotency) {
      const known = idempotency && keys.get(idempotency.key);
      if (known) {
        return known.requestHash === idempotency.requestHash ? copy(all.get(known.jobId)!) : 'key_reused';
      }
      if (idempotency) keys.set(idempotency.key, { jobId: job.jobId, requestHash: idempotency.requestHash });
      all.set(job.jobId, copy(job));
      return copy(job);
    },
    get: async (jobId) => copy(all.get(jobId)),
    listByOwner: async (ownerId, options) =>
      page(newest([...all.values()].filter((job) => job.ownerId === ownerId)), options),
    due: async (now, limit) =>
      [...all.values()]
        .filter((job) => job.dueAt !== undefined && job.dueAt <= now)
        .sort((a, b) => a.dueAt! - b.dueAt!)
        .slice(0, limit)
        .map((job) => job.jobId),
    async replace(next) {
      if (all.get(next.jobId)?.version !== next.version - 1) return false;
      all.set(next.jobId, copy(next));
      return true;
    },
  };
}

export function memoryUnits(): UnitStore {
  const units = new Map<string, Unit>();
  const same = (a: Unit, b: Parameters<UnitStore['findSame']>[0]): boolean =>
    (['ownerId', 'appId', 'awsAccountId', 'region', 'stateMachineArn'] as const).every(
      (name) => a[name] === b[name],
    );
  return {
    get: async (unitId) => copy(units.get(unitId)),
    findSame: async (key) => copy([...units.values()].find((unit) => same(unit, key))),
    listVisible: async (ownerId, appId) =>
      copy(
        [...units.values()].filter(
          (unit) => unit.appId === appId && (unit.ownerId === ownerId || unit.isShared),
        ),
      ),
    async put(unit) {
      const role = unit.crossAccountRoleArn;
      const taken = [...units.values()].some(
        (other) => role && other.crossAccountRoleArn === role && other.ownerId !== unit.ownerId,
      );
      if (taken) return 'role_taken';
      if ((units.get(unit.unitId)?.version ?? 0) !== unit.version - 1) return 'conflict';
      units.set(unit.unitId, copy(unit));
      return 'stored';
    },
    remove: async (unit) => void units.delete(unit.unitId),
  };
}

export function memoryData(): DataStore {
  const records = new Map<string, DataRecord>();
  return {
    put: async (record) => void records.set(`${record.ownerId}/${record.dataId}`, copy(record)),
    get: async (ownerId, dataId) => copy(records.get(`${ownerId}/${dataId}`)),
    listByOwner: async (ownerId, options) =>
      page(newest([...records.values()].filter((record) => record.ownerId === ownerId)), options),
    remove: async (ownerId, dataId) => void records.delete(`${ownerId}/${dataId}`),
  };
}

/** An AWS account that keeps what it is given; `refuse` makes every call fail in one way. */
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
