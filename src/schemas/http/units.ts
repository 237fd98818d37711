/** Computing units on the wire, in every dialect that deploy scripts and pipelines speak. */
import { z } from 'zod';
import { accountId, bucketName, region, roleArn, stateMachineArn } from '../ids.ts';
import { checkActor, type Unit, unitStatus } from '../unit.ts';
import {
  appFields,
  appOf,
  blankable,
  given,
  iso,
  isoTime,
  modeWord,
  nextCursor,
  pageQuery,
  shortText,
  unitIdWord,
} from './common.ts';
import { EXAMPLE_PROOF, proof } from './proof.ts';
import { checkView, toCheckView, whoMustAct } from './unit-checks.ts';

/** Follows from the mode; only checked, so that a misspelt one does not pass silently. */
const PROVIDERS = ['cloudmrhub', 'aws', 'user', 'user-owned', 'self-hosted'];
/** In any case. Not a flag of the pattern: the OpenAPI document could not say it. */
const anyCase = (word: string): string =>
  word.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
const provider = blankable(
  z.string().regex(new RegExp(`^(?:${PROVIDERS.map(anyCase).join('|')})$`), 'must be cloudmrhub or user'),
).meta({ description: 'cloudmrhub or user, in any case; follows from the mode' });

const flag = blankable(z.union([z.boolean(), z.stringbool({ truthy: ['true'], falsy: ['false'] })]));

const registration = z.object({
  ...appFields,
  mode: modeWord,
  provider,
  alias: blankable(shortText(100)),
  awsAccountId: accountId,
  region,
  stateMachineArn,
  resultsBucket: bucketName,
  failedBucket: bucketName,
  dataBucket: bucketName,
  crossAccountRoleArn: blankable(roleArn),
  externalId: blankable(z.string().max(1224)),
  isDefault: flag,
  proof: proof.optional(),
});

function canonical(body: z.output<typeof registration>) {
  return {
    appId: appOf(body),
    mode: body.mode,
    alias: body.alias,
    awsAccountId: body.awsAccountId,
    region: body.region,
    stateMachineArn: body.stateMachineArn,
    resultsBucket: body.resultsBucket,
    failedBucket: body.failedBucket,
    dataBucket: body.dataBucket,
    crossAccountRoleArn: body.crossAccountRoleArn,
    externalId: body.externalId,
    isDefault: body.isDefault,
  };
}

const EXAMPLE = {
  appName: 'MR Optimum',
  mode: 'mode_2',
  provider: 'user',
  alias: 'Mode 2',
  awsAccountId: '123456789012',
  region: 'us-east-1',
  stateMachineArn: 'arn:aws:states:us-east-1:123456789012:stateMachine:mroptimum-mode2',
  resultsBucket: 'mroptimum-mode2-results-123456789012',
  failedBucket: 'mroptimum-mode2-failed-123456789012',
  dataBucket: 'mroptimum-mode2-data-123456789012',
  crossAccountRoleArn: 'arn:aws:iam::123456789012:role/mroptimum-mode2-broker',
  externalId: 'cloudmr-4rSLtcUoiNF1c5j6Zq8jVbYk2mX9wT3d',
  isDefault: false,
};

export const registerUnitBody = registration
  .transform((body) => ({ registration: canonical(body), signed: body.proof?.headers }))
  .meta({ examples: [EXAMPLE, { ...EXAMPLE, proof: EXAMPLE_PROOF }] });

/** The same from a stack: the code of a challenge stands for the person, and the proof is required. */
export const enrolUnitBody = registration
  .extend({ enrolmentCode: z.string().min(1).max(200), proof })
  .transform((body) => ({
    enrolmentCode: body.enrolmentCode,
    registration: canonical(body),
    signed: body.proof.headers,
  }))
  .meta({
    examples: [{ ...EXAMPLE, enrolmentCode: 'r1Xq5vN8s3Yk7Zc0Tb2Wm4Jd6Hf9Lg1P', proof: EXAMPLE_PROOF }],
  });

/** What is left out stays as it is. */
export const updateUnitBody = z
  .object({
    alias: shortText(100).optional(),
    stateMachineArn: stateMachineArn.optional(),
    resultsBucket: bucketName.optional(),
    failedBucket: bucketName.optional(),
    dataBucket: bucketName.optional(),
    crossAccountRoleArn: roleArn.optional(),
    externalId: z.string().max(1224).optional(),
    proof: proof.optional(),
  })
  .transform(({ proof: given, ...change }) => ({ change, signed: given?.headers }))
  .meta({ examples: [{ alias: 'Our scanner' }] });

export const unitView = z
  .object({
    computingUnitId: z.string(),
    appId: z.string(),
    appName: z.string(),
    alias: z.string(),
    mode: z.enum(['mode_1', 'mode_2']),
    provider: z.enum(['cloudmrhub', 'user']),
    status: unitStatus,
    missing: z.array(z.string()).meta({ description: 'What keeps a pending unit from running jobs' }),
    statusSince: isoTime,
    lastValidatedAt: isoTime.nullable().meta({ description: 'When everything was last in order' }),
    whoMustAct: z.array(checkActor).meta({ description: 'Until the unit is in order again' }),
    checks: z.array(checkView).optional().meta({ description: 'Shown to the owner only' }),
    paused: z
      .object({ since: isoTime, by: z.enum(['owner', 'administrator']) })
      .optional()
      .meta({ description: 'The use of the unit was stopped' }),
    isDefault: z.boolean(),
    isShared: z.boolean().meta({ description: 'With everybody' }),
    sharedWith: z.array(z.string()).optional().meta({ description: 'User ids; shown to the owner only' }),
    crossAccountRoleVerified: z.boolean(),
    awsAccountId: z.string(),
    region: z.string(),
    stateMachineArn: z.string(),
    resultsBucket: z.string(),
    failedBucket: z.string(),
    dataBucket: z.string(),
    crossAccountRoleArn: z.string().optional(),
    externalId: z.string().optional().meta({ description: 'Shown to the owner only' }),
    createdAt: isoTime,
    updatedAt: isoTime,
  })
  .meta({
    id: 'ComputingUnit',
    examples: [
      {
        computingUnitId: '01K9ZB2E4G6J8L0N2P4R6T8V0X',
        appId: 'mroptimum',
        appName: 'MR Optimum',
        alias: EXAMPLE.alias,
        mode: 'mode_2',
        provider: 'user',
        status: 'ready',
        missing: [],
        statusSince: '2026-11-22T09:30:00.000Z',
        lastValidatedAt: '2026-11-22T09:30:00.000Z',
        whoMustAct: [],
        isDefault: true,
        isShared: false,
        crossAccountRoleVerified: true,
        awsAccountId: EXAMPLE.awsAccountId,
        region: EXAMPLE.region,
        stateMachineArn: EXAMPLE.stateMachineArn,
        resultsBucket: EXAMPLE.resultsBucket,
        failedBucket: EXAMPLE.failedBucket,
        dataBucket: EXAMPLE.dataBucket,
        crossAccountRoleArn: EXAMPLE.crossAccountRoleArn,
        createdAt: '2026-11-22T09:20:00.000Z',
        updatedAt: '2026-11-22T09:30:00.000Z',
      },
    ],
  });

/** A unit as one of its users sees it. */
export function toUnitView(unit: Unit, viewerId: string): z.infer<typeof unitView> {
  const owns = unit.ownerId === viewerId;
  return {
    computingUnitId: unit.unitId,
    appId: unit.appId,
    appName: unit.appId === 'mroptimum' ? 'MR Optimum' : unit.appId,
    alias: unit.alias,
    mode: unit.mode,
    provider: unit.provider,
    status: unit.status,
    missing: unit.missing,
    statusSince: iso(unit.statusSince ?? unit.createdAt),
    lastValidatedAt: unit.lastValidatedAt === undefined ? null : iso(unit.lastValidatedAt),
    whoMustAct: whoMustAct(unit),
    checks: owns ? (unit.checks ?? []).map(toCheckView) : undefined,
    paused: unit.paused && { since: iso(unit.paused.at), by: unit.paused.by },
    isDefault: unit.isDefault,
    isShared: unit.isShared,
    sharedWith: owns ? (unit.sharedWith ?? []) : undefined,
    crossAccountRoleVerified: (unit.checks ?? []).some(
      ({ code, status }) => code === 'assume_role' && status === 'passed',
    ),
    awsAccountId: unit.awsAccountId,
    region: unit.region,
    stateMachineArn: unit.stateMachineArn,
    resultsBucket: unit.resultsBucket,
    failedBucket: unit.failedBucket,
    dataBucket: unit.dataBucket,
    crossAccountRoleArn: unit.crossAccountRoleArn,
    externalId: owns ? unit.externalId : undefined,
    createdAt: iso(unit.createdAt),
    updatedAt: iso(unit.updatedAt),
  };
}

export const registerUnitAnswer = z.object({
  success: z.literal(true),
  computingUnitId: z.string(),
  computingUnitID: z.string().meta({ deprecated: true, description: 'The same' }),
  data: z.object({ computingUnitId: z.string() }).meta({ deprecated: true, description: 'The same' }),
  action: z.enum(['created', 'updated']),
  alias: z.string().meta({ examples: [EXAMPLE.alias] }),
  status: unitStatus.meta({ examples: ['ready'] }),
  missing: z.array(z.string()),
  computingUnit: unitView,
});

export const unitQuery = z
  .object({
    ...appFields,
    mode: blankable(modeWord),
    limit: pageQuery.shape.limit.removeDefault().optional(),
    cursor: pageQuery.shape.cursor,
    own: flag.meta({ description: 'Your own alone, at most 50: the default one among them' }),
    search: z
      .string()
      .max(200)
      .optional()
      .meta({ description: 'A part of the alias or of the account number' }),
  })
  .transform(({ mode, limit, cursor, own, search, ...app }) => ({
    appId: appOf(app),
    mode,
    // Without any of these the list is whole, as the web client reads it.
    page: limit || cursor || own || search ? { limit: limit ?? 50, cursor, own, search } : undefined,
  }));
export const unitList = z.object({
  computingUnits: z.array(unitView),
  units: z.array(unitView).meta({ deprecated: true, description: 'The same list' }),
  count: z.number().int(),
  cursor: nextCursor
    .optional()
    .meta({ description: 'Of a page: pass as cursor for the next one; null on the last' }),
});

export const externalIdAnswer = z.object({
  externalId: z.string(),
  brokerRoleArn: z.string().meta({ description: 'The only principal the trust policy should name' }),
  expiresAt: isoTime,
});

/** By id under any of its names, or by app and state machine as stacks do when they are deleted. */
export const removeUnitBody = z
  .object({
    ...appFields,
    computingUnitId: unitIdWord,
    computing_unit_id: unitIdWord,
    id: unitIdWord,
    stateMachineArn: blankable(stateMachineArn),
  })
  .meta({
    anyOf: ['computingUnitId', 'computing_unit_id', 'id', 'stateMachineArn'].map((name) => given(name)),
  })
  .transform((body, context) => {
    const id = body.computingUnitId ?? body.computing_unit_id ?? body.id;
    if (id) return { unitId: id };
    if (body.stateMachineArn) return { appId: appOf(body), stateMachineArn: body.stateMachineArn };
    context.addIssue({ code: 'custom', path: ['computingUnitId'], message: 'is missing' });
    return z.NEVER;
  })
  .meta({
    examples: [
      { computingUnitId: '01K9ZB4T8N5W3V6Q2R7S0M1XYA' },
      { appName: 'MR Optimum', stateMachineArn: EXAMPLE.stateMachineArn },
    ],
  });
/** A stack that is being deleted takes along what it enrolled. */
export const withdrawUnitBody = z
  .object({ enrolmentCode: z.string().min(1).max(200), stateMachineArn })
  .meta({
    examples: [
      { enrolmentCode: 'r1Xq5vN8s3Yk7Zc0Tb2Wm4Jd6Hf9Lg1P', stateMachineArn: EXAMPLE.stateMachineArn },
    ],
  });

export const removedAnswer = z.object({
  success: z.literal(true),
  removed: z.boolean().meta({ description: 'False if there was nothing to remove' }),
});
