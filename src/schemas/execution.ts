/**
 * What travels between the broker, the state machine and the worker.
 *
 *   broker --(ExecutionInput: a pointer)--> Step Functions --(same pointer)--> Lambda or Fargate
 *   broker --(JobDocument, in S3)---------> worker
 *   worker --(RunResult | thrown failure)-> Step Functions --> callback Lambda --> broker
 *
 * The input is a pointer because ECS container overrides end at 8,192 characters, and because the
 * execution history is readable by many: it never holds a token, an option or a file name.
 * Shared bridge: besides failures.ts this is the only schema `compute/` may import.
 */
import { z } from 'zod';

/** Input of the state machine: where the job document lies. */
export const executionInput = z.object({
  jobId: z.string().min(1).max(64),
  attempt: z.number().int().min(0),
  /** Data bucket of the computing unit. */
  bucket: z.string().min(3).max(63),
  /** Key of the job document. */
  key: z.string().min(1).max(1024),
});
export type ExecutionInput = z.infer<typeof executionInput>;

export const objectLocation = z.object({ bucket: z.string(), key: z.string() });
export type ObjectLocation = z.infer<typeof objectLocation>;

/** An input file as the worker sees it; `sizeBytes` lets the platform selector decide without a HEAD. */
export const jobInput = objectLocation.extend({
  filename: z.string(),
  sizeBytes: z.number().int().nonnegative().optional(),
  sha256: z.string().optional(),
});
export type JobInput = z.infer<typeof jobInput>;

export const outputFlags = z.object({
  coilsensitivity: z.boolean().default(false),
  gfactor: z.boolean().default(false),
  matlab: z.boolean().default(false),
});
export type OutputFlags = z.infer<typeof outputFlags>;

/** The job document: everything a run needs, written to S3 by the broker before the execution starts. */
export const jobDocument = z.object({
  schema: z.literal('cloudmr/job/1'),
  jobId: z.string(),
  attempt: z.number().int().min(0),
  userId: z.string(),
  appId: z.string(),
  alias: z.string(),
  mode: z.enum(['mode_1', 'mode_2']),
  /** The SNR task as the GUI writes it (version v0); validated in depth by the worker. */
  task: z.record(z.string(), z.unknown()),
  output: outputFlags,
  /** Input files by role; only objects of the computing unit's own data bucket. */
  inputs: z.record(z.string(), jobInput),
  /** Named by the broker before the run: where the result zip and the failure bundle go. */
  result: objectLocation,
  failure: objectLocation,
  /** Base URL of the broker and the token of this job and attempt (stored by the broker as a hash only). */
  callback: z.object({ url: z.string(), token: z.string() }).optional(),
  /** Seed of every random number of the run; default derived from the job id. */
  seed: z.number().int().nonnegative().optional(),
});
export type JobDocument = z.infer<typeof jobDocument>;

export const platformName = z.enum(['lambda', 'fargate']);
export type PlatformName = z.infer<typeof platformName>;

/** As registries name an image for good. */
export const imageDigest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

/** Which worker has run, and what its platform gave it: nobody else in the account may be asked for that. */
export const workerFacts = z.object({
  version: z.string().max(40),
  platform: platformName,
  cpus: z.number().int().positive(),
  memoryMb: z.number().int().positive(),
  /** Of a function: until when it would have been stopped. */
  limitSeconds: z.number().int().nonnegative().optional(),
  /** As Lambda numbers the versions of a function. */
  functionVersion: z.string().max(40).optional(),
  /** Of the image, where its stack names it by digest. */
  imageDigest: imageDigest.optional(),
});
export type WorkerFacts = z.infer<typeof workerFacts>;

/** The worker stores larger files in parts of this size: S3's checksum of an object depends on its parts. */
export const UPLOAD_PART_BYTES = 16 * 2 ** 20;

/** What a successful run returns: enough for the broker to verify the object by a HEAD. */
export const runResult = z.object({
  bucket: z.string(),
  key: z.string(),
  sizeBytes: z.number().int().nonnegative(),
  sha256: z.string(),
  /**
   * What S3 itself must have computed of the object (x-amz-checksum-sha256): base64, and `-N` if it came in N parts.
   * Absent in results of workers of earlier releases.
   */
  checksumSHA256: z.string().max(100).optional(),
  seconds: z.number(),
  /** Headline numbers for lists; the maps are in the zip. */
  summary: z.object({
    medianSnr: z.number().nullable(),
    maxSnr: z.number().nullable(),
    slices: z.number().int(),
    matrix: z.array(z.number().int()),
    coils: z.number().int(),
    warnings: z.number().int(),
  }),
  /** For the checks of the unit; workers of earlier releases say nothing, and a result does not depend on it. */
  worker: workerFacts.optional().catch(undefined),
});
export type RunResult = z.infer<typeof runResult>;

/** A failure as it travels: code from failures.ts, never a stack. */
export const runFailure = z.object({
  code: z.string(),
  message: z.string(),
  remedy: z.string(),
});
export type RunFailure = z.infer<typeof runFailure>;

/** Progress of a run in steps a person understands. */
export const progressReport = z
  .object({
    attempt: z.number().int().min(0),
    step: z.enum(['start', 'read', 'noise', 'reconstruct', 'write', 'upload']),
    /** 0..1 over the whole run. */
    fraction: z.number().min(0).max(1),
    message: z.string().max(200),
    platform: platformName.optional(),
  })
  .meta({ examples: [{ attempt: 0, step: 'reconstruct', fraction: 0.6, message: 'slice 12 of 20' }] });
export type ProgressReport = z.infer<typeof progressReport>;
