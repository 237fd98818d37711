/** Complete, valid nouns for tests; every field can be overridden. */
import { resourcesHash } from '../../services/units/proven-resources.ts';
import type { AuditEntry, DataRecord, StoredToken, User } from '../../src/schemas/identity.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { Unit } from '../../src/schemas/unit.ts';

/** 2026-01-02T03:04:05.678Z */
export const SAMPLE_TIME = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

export function sampleJob(over: Partial<Job> = {}): Job {
  const jobId = over.jobId ?? '01JGK0000000000000000JOB01';
  const ownerId = over.ownerId ?? 'owner-1';
  const prefix = `mroptimum/${ownerId}/${jobId}/0`;
  return {
    jobId,
    ownerId,
    appId: 'mroptimum',
    unitId: '01JGK000000000000000UNIT01',
    mode: 'mode_2',
    alias: 'a brain',
    state: 'queued',
    version: 1,
    attempt: 0,
    tries: 0,
    createdAt: SAMPLE_TIME,
    updatedAt: SAMPLE_TIME,
    dueAt: SAMPLE_TIME,
    deadlineAt: SAMPLE_TIME + 6 * 3_600_000,
    task: { version: 'v0', options: { reconstructor: { type: 'recon', name: 'rss', id: 0 } } },
    output: { coilsensitivity: false, gfactor: false, matlab: true },
    inputs: { signal: { bucket: 'researcher-data', key: `${prefix}/signal.h5`, filename: 'signal.h5' } },
    executionName: `job-${jobId}-0`,
    document: { bucket: 'researcher-data', key: `${prefix}/job.json` },
    result: { bucket: 'researcher-results', key: `${prefix}/result.zip` },
    failureBundle: { bucket: 'researcher-failed', key: `${prefix}/failure.zip` },
    tokenHash: 'a'.repeat(64),
    history: [{ state: 'queued', at: SAMPLE_TIME, by: 'user:owner-1' }],
    ...over,
  };
}

export function sampleUnit(over: Partial<Unit> = {}): Unit {
  const account = over.awsAccountId ?? '222222222222';
  const unit: Unit = {
    unitId: '01JGK000000000000000UNIT01',
    ownerId: 'owner-1',
    appId: 'mroptimum',
    mode: 'mode_2',
    provider: 'user',
    alias: 'my account',
    awsAccountId: account,
    region: 'us-east-1',
    stateMachineArn: `arn:aws:states:us-east-1:${account}:stateMachine:researcher-JobChooser`,
    resultsBucket: 'researcher-results',
    failedBucket: 'researcher-failed',
    dataBucket: 'researcher-data',
    crossAccountRoleArn: `arn:aws:iam::${account}:role/researcher-CloudMRCrossAccountRole`,
    externalId: 'cloudmr-7Wq3x0Jk',
    isDefault: false,
    isShared: false,
    status: 'ready',
    missing: [],
    createdAt: SAMPLE_TIME,
    updatedAt: SAMPLE_TIME,
    version: 1,
    ...over,
  };
  return 'proof' in over ? unit : withProof(unit);
}

/** The unit with a proof of what it names now. */
export function withProof(unit: Unit): Unit {
  const callerArn = `arn:aws:iam::${unit.awsAccountId}:root`;
  return {
    ...unit,
    proof: { callerArn, at: SAMPLE_TIME, resources: resourcesHash(unit), roleArn: unit.crossAccountRoleArn },
  };
}

export function sampleUser(over: Partial<User> = {}): User {
  return {
    userId: '01JGK000000000000000USER01',
    email: 'Ada@Example.org',
    username: 'ada',
    firstName: 'Ada',
    role: 'user',
    status: 'active',
    passwordHash: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA',
    createdAt: SAMPLE_TIME,
    updatedAt: SAMPLE_TIME,
    version: 1,
    ...over,
  };
}

export function sampleToken(over: Partial<StoredToken> = {}): StoredToken {
  return {
    hash: 'b'.repeat(64),
    kind: 'refresh',
    userId: '01JGK000000000000000USER01',
    createdAt: SAMPLE_TIME,
    expiresAt: SAMPLE_TIME + 3_600_000,
    attributes: { device: 'laptop' },
    ...over,
  };
}

export function sampleDataRecord(over: Partial<DataRecord> = {}): DataRecord {
  return {
    dataId: '01JGK000000000000000DATA01',
    ownerId: 'owner-1',
    unitId: '01JGK000000000000000UNIT01',
    filename: 'Hirnscan größer.h5',
    bucket: 'researcher-data',
    key: 'mroptimum/owner-1/uploads/01JGK000000000000000DATA01.h5',
    sizeBytes: 1_234,
    status: 'notavailable',
    createdAt: SAMPLE_TIME,
    updatedAt: SAMPLE_TIME,
    version: 1,
    ...over,
  };
}

export function sampleAuditEntry(over: Partial<AuditEntry> = {}): AuditEntry {
  return {
    entryId: '01JGK00000000000000AUDIT01',
    ownerId: 'owner-1',
    at: SAMPLE_TIME,
    actor: 'user:owner-1',
    action: 'unit.register',
    subject: '01JGK000000000000000UNIT01',
    outcome: 'ok',
    ...over,
  };
}
