/** What existing callers do differently from what HTTP or this API says, put right at the door. */
import fp from 'fastify-plugin';

/** First path segments under /api. Documents and scripts of several generations leave the prefix out. */
const NOUNS = new Set([
  'admin',
  'audit',
  'auth',
  'cloudapp',
  'computing-unit',
  'costs',
  'data',
  'downloads',
  'job',
  'pipeline',
  'profile',
  'roi',
  'task',
  'unzip',
  'upload_finalize',
  'upload_initiate',
  'webhooks',
]);

/**
 * The path of a request with the prefix that callers leave out, and without the name of the API Gateway
 * stage that existing base URLs end with: `/Prod/api/x`, `/Prod/x` and `/x` are all `/api/x`.
 */
export function canonicalUrl(url: string): string {
  if (url.startsWith('/api/')) return url;
  const path = url.startsWith('/Prod/') ? url.slice('/Prod'.length) : url;
  const noun = /^\/([a-z_-]+)(?=[/?]|$)/.exec(path)?.[1];
  return noun && NOUNS.has(noun) ? `/api${path}` : path;
}

/** Browsers send a Blob without a type with an empty Content-Type header; that means none. */
export const emptyContentType = fp(async (app) => {
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.raw.headers['content-type'] === '') delete request.raw.headers['content-type'];
    done();
  });
});
