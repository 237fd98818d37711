/** The audit trail on the wire. */
import { z } from 'zod';
import type { AuditEntry } from '../identity.ts';
import { iso, isoTime, nextCursor } from './common.ts';

export const auditView = z
  .object({
    entryId: z.string(),
    at: isoTime,
    actor: z.string().meta({ description: '`user:<id>`, or `broker` for what it does by itself' }),
    action: z.string().meta({ examples: ['unit.register', 'session.start'] }),
    subject: z.string().meta({ description: 'Id of the job, unit or account it was done to' }),
    outcome: z.string(),
    requestId: z.string().optional().meta({ description: 'x-request-id of the request' }),
    details: z.record(z.string(), z.string()).optional().meta({
      description: 'For `session.*`: `roleSessionName` and `accessKeyId` as CloudTrail shows them',
    }),
  })
  .meta({ id: 'AuditEntry' });

export const auditList = z.object({
  entries: z.array(auditView),
  count: z.number().int(),
  cursor: nextCursor,
});

/** An entry as its owner sees it. */
export function toAuditView({ ownerId: _owner, at, ...entry }: AuditEntry): z.infer<typeof auditView> {
  return { ...entry, at: iso(at) };
}
