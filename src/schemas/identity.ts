/** People, their tokens, their files and what was done in their name: stored forms. */
import { z } from 'zod';
import { scope } from './scopes.ts';
import { unit } from './unit.ts';

export const role = z.enum(['user', 'developer', 'admin']);
export type Role = z.infer<typeof role>;

/** Registered accounts wait for an administrator. Of a deleted one only the id is left, so that it stays dead. */
export const userStatus = z.enum(['waiting', 'active', 'disabled', 'deleted']);
export type UserStatus = z.infer<typeof userStatus>;

export const user = z.object({
  userId: z.string(),
  email: z.string(),
  username: z.string(),
  firstName: z.string().optional(),
  lastName: z.string().optional(),
  institution: z.string().optional(),
  title: z.string().optional(),
  role,
  status: userStatus,
  /** argon2id hash; empty: there is no password, the person signs in elsewhere. */
  passwordHash: z.string(),
  /** Counts how often all sessions were ended; a session of an earlier count is dead. Absent: 0. */
  sessionGeneration: z.number().int().optional(),
  /** The same for personal access tokens. */
  tokenGeneration: z.number().int().optional(),
  /** When all sessions were ended last: tokens of a foreign issuer from before are dead. */
  sessionsEndedAt: z.number().optional(),
  /** Hash of the name that a foreign issuer has for this person. */
  foreignLink: z.string().optional(),
  /** The person asked for a reset code, which administrators issue. */
  resetRequestedAt: z.number().optional(),
  createdAt: z.number(),
  updatedAt: z.number(),
  version: z.number().int(),
});
export type User = z.infer<typeof user>;

/** A secret known only by its hash: session, refresh token, external ID issued to a user. */
export const storedToken = z.object({
  /** SHA-256 of the secret, hex. */
  hash: z.string(),
  kind: z.enum(['refresh', 'external_id', 'challenge', 'enrolled', 'reset', 'oidc']),
  userId: z.string(),
  createdAt: z.number(),
  /** Epoch ms; also the TTL of the item. Undefined: no end. */
  expiresAt: z.number().optional(),
  attributes: z.record(z.string(), z.string()).default({}),
  /** Of those that change: grows by one with every change, which is conditional on it. Absent: 0. */
  version: z.number().int().optional(),
});
export type StoredToken = z.infer<typeof storedToken>;

/** A personal access token, as its owner sees it; of the secret only the hash is known. */
export const accessToken = z.object({
  tokenId: z.string(),
  userId: z.string(),
  name: z.string(),
  scopes: z.array(scope),
  /** SHA-256 of the whole token, hex. */
  hash: z.string(),
  /** Its last characters, so that its owner recognises it. */
  hint: z.string(),
  createdAt: z.number(),
  expiresAt: z.number(),
  /** To the hour. */
  lastUsedAt: z.number().optional(),
  /** `tokenGeneration` of the person when it was made. */
  generation: z.number().int(),
  version: z.number().int(),
});
export type AccessToken = z.infer<typeof accessToken>;

/** An uploaded file: where it lies and in whose unit. */
/** The way to the bucket of a file as it was proven when the file was uploaded: its unit may have another role since. */
export const filePlace = unit.pick({
  region: true,
  crossAccountRoleArn: true,
  externalId: true,
  proof: true,
});

export const dataRecord = z.object({
  dataId: z.string(),
  ownerId: z.string(),
  unitId: z.string(),
  filename: z.string(),
  bucket: z.string(),
  key: z.string(),
  sizeBytes: z.number().int().optional(),
  status: z.enum(['notavailable', 'available']),
  /** Absent in records of earlier brokers. */
  place: filePlace.optional(),
  /** Nothing was there after its upload had ended: nobody looks for it any more. */
  absent: z.boolean().optional(),
  /** An upload in parts; kept when it has ended, so that its end can be told twice. */
  upload: z.object({ uploadId: z.string(), partBytes: z.number().int(), parts: z.number().int() }).optional(),
  createdAt: z.number(),
  updatedAt: z.number(),
  /** Grows by one with every change, which is conditional on it; 0 in records of earlier brokers. */
  version: z.number().int().default(0),
});
export type DataRecord = z.infer<typeof dataRecord>;

export const auditEntry = z.object({
  entryId: z.string(),
  ownerId: z.string(),
  at: z.number(),
  actor: z.string(),
  action: z.string(),
  subject: z.string(),
  requestId: z.string().optional(),
  outcome: z.string(),
  /** A few words more; never a secret. */
  details: z.record(z.string(), z.string()).optional(),
});
export type AuditEntry = z.infer<typeof auditEntry>;
