/**
 * ETags made of versions and their times: the same are the same bytes, so nothing is rendered to find out. They are
 * strong. A version alone is not enough: after a restore to a point in time a job may reach it again, in another way. A caller that has them already gets 304 without a body.
 */
import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Job } from '../schemas/job.ts';

/** Part of every ETag: changed when the same job is shown in another way. */
const FORM = 3;

/** The answer of a route that uses `unchanged`. */
export const notModified = z.undefined().meta({ description: 'Nothing has changed since that ETag' });

type Versioned = Pick<Job, 'jobId' | 'version' | 'updatedAt'>;

/** The ETag of things with versions, in this order; `more` is what else the answer holds. */
export function etagOf(things: readonly Versioned[], more = ''): string {
  const [one] = things;
  // A hash would take longer than all the rest of the answer.
  if (one && things.length === 1 && more === '')
    return `"${FORM}-${one.jobId}-${one.version}-${one.updatedAt.toString(36)}"`;
  const hash = createHash('sha256').update(`${FORM}\n${more}\n`);
  for (const { jobId, version, updatedAt } of things) hash.update(`${jobId} ${version} ${updatedAt}\n`);
  return `"${hash.digest('base64url').slice(0, 27)}"`;
}

/** Says the ETag; true if the caller holds that very answer (RFC 9110, 13.1.2). */
export function unchanged(request: FastifyRequest, reply: FastifyReply, etag: string): boolean {
  reply.header('etag', etag).header('cache-control', 'private, no-cache');
  const held = request.headers['if-none-match'];
  if (held === undefined) return false;
  return held.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}
