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
    details: z
      .record(z.string(), z.string())
      .optional()
      .meta({
        description:
          'For `session.*`: `roleSessionName` and `accessKeyId` as CloudTrail shows them. For `session.*.uses`, one entry ' +
          'per session and ten minutes: `uses`, `operations`, and `for` which jobs and requests. Its outcome is `open` and ' +
          '`atMost` says how many uses it stands for until the counts are complete; one that is open long after `until` is ' +
          'of a broker that was killed, and CloudTrail has the rest',
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

export const exportQuery = z.object({
  format: z.enum(['jsonl', 'csv']).default('jsonl').meta({ description: 'JSON lines, or CSV (RFC 4180)' }),
});

export const AUDIT_COLUMNS = [
  'entryId',
  'at',
  'actor',
  'action',
  'subject',
  'outcome',
  'requestId',
  'details',
] as const;

/** An entry as cells, in the order of AUDIT_COLUMNS; the details are JSON. */
export function auditCells(entry: AuditEntry): string[] {
  const { details, ...view } = toAuditView(entry);
  return AUDIT_COLUMNS.map((name) =>
    name === 'details' ? (details ? JSON.stringify(details) : '') : (view[name] ?? ''),
  );
}

/**
 * A row of RFC 4180. A spreadsheet takes a cell that begins like a formula for one, and some of these words come from
 * outside: such a cell begins with an apostrophe.
 */
export function csvRow(cells: readonly string[]): string {
  const quoted = cells.map((cell) => `"${cell.replace(/^[=+\-@\t\r]/, "'$&").replaceAll('"', '""')}"`);
  return `${quoted.join(',')}\r\n`;
}
