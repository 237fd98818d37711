/** The audit trail of the caller. */
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Audit } from '../services/audit.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { auditList, toAuditView } from '../src/schemas/http/audit.ts';
import { pageQuery } from '../src/schemas/http/common.ts';

const tags = ['Audit'];

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
          summary: 'All of it as JSON lines',
          response: {
            200: {
              description: 'One entry per line',
              content: { 'application/x-ndjson': { schema: z.string() } },
            },
          },
        },
      },
      async (request, reply) => {
        sendLines(reply, linesOf(audit.all(principalOf(request))));
        return reply;
      },
    );
  };
}

/** One page at a time: the next is read when the client has taken the last. */
function sendLines(reply: FastifyReply, lines: AsyncGenerator<string>): void {
  reply
    .type('application/x-ndjson')
    .header('content-disposition', 'attachment; filename="cloudmr-audit.jsonl"')
    .header('cache-control', 'no-store')
    .send(Readable.from(lines));
}

async function* linesOf(entries: ReturnType<Audit['all']>): AsyncGenerator<string> {
  for await (const entry of entries) yield `${JSON.stringify(toAuditView(entry))}\n`;
}
