/** The audit trail of the caller. */
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Audit } from '../services/audit/audit.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import {
  AUDIT_COLUMNS,
  auditCells,
  auditList,
  csvRow,
  exportQuery,
  toAuditView,
} from '../src/schemas/http/audit.ts';
import { pageQuery } from '../src/schemas/http/common.ts';

const tags = ['Audit'];
const EXAMPLE_LINES =
  '{"entryId":"01K9ZB6E4H8J2D5F7G9K0P3RST","at":"2026-11-22T09:30:00.000Z","actor":"user:01K9ZB1C3D5F7H9K1M3P5R7T9V",' +
  '"action":"job.cancel","subject":"01K9ZB4T8N5W3V6Q2R7S0M1XYA","outcome":"canceling"}\n';

const EXAMPLE_ROWS =
  csvRow(AUDIT_COLUMNS) + csvRow([...Object.values<string>(JSON.parse(EXAMPLE_LINES)), '', '']);

/** GET /api/audit and its export. */
export function auditRoutes({ audit }: { audit: Pick<Audit, 'list' | 'all'> }) {
  return async (app: Api): Promise<void> => {
    app.get(
      '/audit',
      {
        config: { access: 'user' },
        schema: {
          tags,
          operationId: 'listAudit',
          summary: 'What was done in your name and with the role of your account, newest first',
          description:
            'Newest first. Entries are never changed; only refused sign-ins are counted in one entry per hour.',
          querystring: pageQuery,
          response: { 200: answer('One page', auditList) },
        },
      },
      async (request) => {
        const { items, cursor } = await audit.list(principalOf(request), request.query);
        return { entries: items.map(toAuditView), count: items.length, cursor: cursor ?? null };
      },
    );

    app.get(
      '/audit/export',
      {
        config: { access: 'user' },
        schema: {
          tags,
          operationId: 'exportAudit',
          summary: 'All of it, as JSON lines or as a table',
          description: 'Newest first: one JSON document per line, or one row of CSV (RFC 4180) per entry.',
          querystring: exportQuery,
          response: {
            200: {
              description: 'One entry per line',
              content: {
                'application/x-ndjson': { schema: z.string().meta({ examples: [EXAMPLE_LINES] }) },
                'text/csv': { schema: z.string().meta({ examples: [EXAMPLE_ROWS] }) },
              },
            },
          },
        },
      },
      async (request, reply) => {
        const entries = audit.all(principalOf(request));
        if (request.query.format === 'csv')
          sendLines(reply, 'csv', 'text/csv; charset=utf-8', rowsOf(entries));
        else sendLines(reply, 'jsonl', 'application/x-ndjson', linesOf(entries));
        return reply;
      },
    );
  };
}

/** One page at a time: the next is read when the client has taken the last. */
function sendLines(
  reply: FastifyReply,
  extension: string,
  type: string,
  lines: AsyncGenerator<string>,
): void {
  reply
    .type(type)
    .header('content-disposition', `attachment; filename="cloudmr-audit.${extension}"`)
    .header('cache-control', 'no-store')
    .send(Readable.from(lines));
}

async function* linesOf(entries: ReturnType<Audit['all']>): AsyncGenerator<string> {
  for await (const entry of entries) yield `${JSON.stringify(toAuditView(entry))}\n`;
}

async function* rowsOf(entries: ReturnType<Audit['all']>): AsyncGenerator<string> {
  yield csvRow(AUDIT_COLUMNS);
  for await (const entry of entries) yield csvRow(auditCells(entry));
}
