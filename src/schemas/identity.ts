/** People, their tokens, their files and what was done in their name: stored forms. */
import { z } from 'zod';

export const role = z.enum(['user', 'developer', 'admin']);
export type Role = z.infer<typeof role>;

export const user = z.object({
  userId: z.string(),
  email: z.string(),
  username: z.string(),
  firstName: z.string().optional(),
  lastName: z.string().optional(),
  role,
  /** Registered accounts wait for an administrator. */
  status: z.enum(['waiting', 'active', 'disabled']),
  /** argon2id hash. */
  passwordHash: z.string(),
  createdAt: z.number(),
  updatedAt: z.number(),
  version: z.number().int(),
});
export type User = z.infer<typeof user>;

/** A secret known only by its hash: session, refresh token, external ID issued to a user. */
export const storedToken = z.object({
  /** SHA-256 of the secret, hex. */
  hash: z.string(),
  kind: z.enum(['refresh', 'external_id', 'reset', 'personal']),
  userId: z.string(),
  createdAt: z.number(),
  /** Epoch ms; also the TTL of the item. Undefined: no end. */
  expiresAt: z.number().optional(),
  attributes: z.record(z.string(), z.string()).default({}),
});
export type StoredToken = z.infer<typeof storedToken>;

/** An uploaded file: where it lies and in whose unit. */
export const dataRecord = z.object({
  dataId: z.string(),
  ownerId: z.string(),
  unitId: z.string(),
  filename: z.string(),
  bucket: z.string(),
  key: z.string(),
  sizeBytes: z.number().int().optional(),
  status: z.enum(['notavailable', 'available']),
  createdAt: z.number(),
  updatedAt: z.number(),
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
