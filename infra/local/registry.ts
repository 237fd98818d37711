/**
 * What exists in the embedded cloud's accounts: stacks and buckets, on disk in `DIR/registry` (LevelDB,
 * every write synced) and in memory for lookups. Accounts exist by being named.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClassicLevel } from 'classic-level';
import { roleArn } from './arn.ts';
import type { AnyLevel } from './backup/vault.ts';
import type { StackDocument } from './contract.ts';
import { AwsError, type BucketRegistry, type RegisteredBucket, type Registry } from './contract.ts';
import { randomName } from './credentials.ts';
import {
  arnsOf,
  buildCatalog,
  type Catalog,
  type RoleRecord,
  resolveTaskDefinition,
  type StoredStack,
} from './registry/catalog.ts';
import { numbered } from './registry/numbered.ts';
import { bucketName, readStack } from './registry/stack-schema.ts';

export interface CloudRegistry extends Registry, BucketRegistry {
  roleRecord(arn: string): RoleRecord | undefined;
  /**
   * Creates or replaces a stack; applying it twice changes nothing. Resources that left the document are
   * deleted, but buckets stay (the deployed stacks retain them). Throws ValidationError,
   * AlreadyExistsException (another stack has the resource, or a new version of a function would be the same as the
   * last) or BucketAlreadyExists (another account).
   */
  applyStack(input: unknown): Promise<StackDocument>;
  /** Deletes a stack's roles, functions, clusters, tasks and state machines; buckets and tables stay. */
  removeStack(name: string, accountId: string): Promise<void>;
  close(): Promise<void>;
}

const stackKey = (accountId: string, name: string) => `stack/${accountId}/${name}`;
type Change = { type: 'put'; key: string; value: unknown } | { type: 'del'; key: string };

const bucketKey = (name: string) => `bucket/${name}`;

const LOCK_POLL_MS = 50;

/**
 * Opens the registry. If another process holds it, waits for its end up to `lockWaitMs`, then throws:
 * a broker that is started again at once meets the embedded cloud of its predecessor still closing.
 */
export async function openRegistry(
  dir: string,
  lockWaitMs = 0,
  onOpen?: (level: AnyLevel) => void,
): Promise<CloudRegistry> {
  const db = new ClassicLevel<string, unknown>(join(dir, 'registry'), { valueEncoding: 'json' });
  for (let waited = 0; ; waited += LOCK_POLL_MS) {
    try {
      await db.open();
      break;
    } catch (error) {
      const { code } = ((error as Error).cause ?? {}) as { code?: string };
      if (code !== 'LEVEL_LOCKED') throw error;
      if (waited >= lockWaitMs) throw new Error(`Another embedded cloud is using ${dir}.`, { cause: error });
      await sleep(LOCK_POLL_MS);
    }
  }
  onOpen?.(db);
  const stacks = new Map<string, StoredStack>();
  const buckets = new Map<string, RegisteredBucket>();
  for await (const [key, value] of db.iterator()) {
    if (key.startsWith('stack/')) stacks.set(key, value as StoredStack);
    else buckets.set((value as RegisteredBucket).name, value as RegisteredBucket);
  }
  let catalog: Catalog = buildCatalog(stacks);

  // One change at a time: check and write must not interleave.
  let last: Promise<unknown> = Promise.resolve();
  const exclusive = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work, work);
    last = result.catch(() => undefined);
    return result;
  };
  const write = (changes: Change[]) => db.batch(changes, { sync: true });

  return {
    role: (arn) => catalog.roles.get(arn)?.role,
    roleRecord: (arn) => catalog.roles.get(arn),
    function: (arn) => catalog.functions.get(arn),
    taskDefinition: (text, accountId, region) =>
      catalog.taskDefinitions.get(resolveTaskDefinition(text, accountId, region)),
    cluster: (arn) => catalog.clusters.has(arn),
    stateMachine: (arn) => catalog.stateMachines.get(arn),
    bucketOwner: (name) => buckets.get(name)?.accountId,
    bucket: (name) => buckets.get(name),
    buckets: (accountId) => [...buckets.values()].filter((bucket) => bucket.accountId === accountId),

    applyStack: (input) =>
      exclusive(async () => {
        const given = readStack(input);
        const { accountId, region } = given;
        const key = stackKey(accountId, given.stackName);
        const before = stacks.get(key);
        const registered = numbered(given, before);
        const { document } = registered;
        checkFree(document, key, before, catalog);
        const made = document.buckets.map((bucket) => ({ ...bucket, accountId, region }));
        for (const bucket of made) checkBucket(bucket, buckets.get(bucket.name));
        const roleIds = Object.fromEntries(
          document.roles.map(({ name }) => [name, before?.roleIds[name] ?? `AROA${randomName(17)}`]),
        );
        const stored: StoredStack = { ...registered, roleIds };
        await write([
          { type: 'put', key, value: stored },
          ...made.map((bucket) => ({ type: 'put' as const, key: bucketKey(bucket.name), value: bucket })),
        ]);
        stacks.set(key, stored);
        for (const bucket of made) buckets.set(bucket.name, bucket);
        catalog = buildCatalog(stacks);
        return document;
      }),

    removeStack: (name, accountId) =>
      exclusive(async () => {
        const key = stackKey(accountId, name);
        await write([{ type: 'del', key }]);
        stacks.delete(key);
        catalog = buildCatalog(stacks);
      }),

    createBucket: (name, accountId, region) =>
      exclusive(async () => {
        if (!bucketName.safeParse(name).success) {
          throw new AwsError('InvalidBucketName', 'The specified bucket is not valid.');
        }
        const owner = buckets.get(name)?.accountId;
        if (owner === accountId) {
          throw new AwsError('BucketAlreadyOwnedByYou', `You own the bucket ${name} already.`, 409);
        }
        const bucket = { name, accountId, region };
        checkBucket(bucket, buckets.get(name));
        await write([{ type: 'put', key: bucketKey(name), value: bucket }]);
        buckets.set(name, bucket);
      }),

    deleteBucket: (name) =>
      exclusive(async () => {
        if (!buckets.has(name)) throw new AwsError('NoSuchBucket', `There is no bucket ${name}.`, 404);
        await write([{ type: 'del', key: bucketKey(name) }]);
        buckets.delete(name);
      }),

    close: () => exclusive(() => db.close()),
  };
}

/** Bucket names are global: the first account to take one keeps it, in the region where it took it. */
function checkBucket(wanted: RegisteredBucket, present: RegisteredBucket | undefined): void {
  if (present && present.accountId !== wanted.accountId) {
    throw new AwsError('BucketAlreadyExists', `Another account owns the bucket ${wanted.name}.`, 409);
  }
  if (present && present.region !== wanted.region) {
    throw new AwsError('BucketAlreadyOwnedByYou', `You own ${wanted.name} in ${present.region}.`, 409);
  }
}

function checkFree(
  document: StackDocument,
  key: string,
  before: StoredStack | undefined,
  catalog: Catalog,
): void {
  if (before && before.document.region !== document.region) {
    throw new AwsError('ValidationError', `${document.stackName} is deployed in ${before.document.region}.`);
  }
  const seen = new Set<string>();
  for (const arn of arnsOf(document)) {
    const holder = catalog.holders.get(arn);
    if (seen.has(arn) || (holder !== undefined && holder !== key)) {
      throw new AwsError('AlreadyExistsException', `${arn} exists already.`);
    }
    seen.add(arn);
  }
  const own = new Set(document.roles.map(({ name }) => name));
  const used = [
    ...document.functions.map(({ roleName }) => roleName),
    ...document.taskDefinitions.map(({ taskRoleName }) => taskRoleName),
    ...document.stateMachines.map(({ roleName }) => roleName),
  ];
  for (const name of used) {
    if (!own.has(name) && !catalog.roles.has(roleArn(document.accountId, name))) {
      throw new AwsError('ValidationError', `The role ${name} is in no stack of ${document.accountId}.`);
    }
  }
}
