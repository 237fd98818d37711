/** The web console: one page and its files, with a content security policy of their own. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../src/errors.ts';
import type { Api } from '../src/plugins/zod.ts';

export interface ConsoleFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly br: Buffer;
  readonly gzip: Buffer;
}

export interface ConsoleFiles {
  /** By its name below /console; undefined if there is none. */
  find(name: string): Promise<ConsoleFile | undefined>;
}

export interface ConsoleDeps {
  consoleFiles: ConsoleFiles;
  /** Where browsers send and fetch bytes by presigned URL: origins as a content security policy names them. */
  bucketOrigins: readonly string[];
  /** Asked when a page needs it: the address of a free port is only known after listening. */
  consoleSettings: () => ConsoleSettings;
}

/** What the pages say about this broker. */
export interface ConsoleSettings {
  /** Base URL of the broker, for stacks. */
  readonly apiUrl: string;
  readonly region: string;
  /** Where CloudFormation finds the Mode 2 template; null: the person uploads it. */
  readonly templateUrl: string | null;
}

/** Names that change with the content may be kept for good. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/** GET /console and everything below it. */
export function consoleRoutes({ consoleFiles, bucketOrigins, consoleSettings }: ConsoleDeps) {
  const policy = policyOf(bucketOrigins);

  return async (app: Api): Promise<void> => {
    const config = { access: 'public' } as const;
    const schema = { hide: true };

    async function page(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
      reply.header('content-security-policy', policy).header('cache-control', 'no-cache');
      return send(request, reply, await consoleFiles.find('index.html'));
    }

    app.get('/console/settings.json', { config, schema }, async () => consoleSettings());
    app.get('/console', { config, schema }, page);
    app.get('/console/*', { config, schema }, async (request, reply) => {
      const name = (request.params as { '*': string })['*'];
      // Pages have no ending: the console itself knows its pages.
      if (!/\.\w+$/.test(name)) return page(request, reply);
      reply.header('cache-control', name.startsWith('assets/') ? FOR_EVER : 'public, max-age=3600');
      return send(request, reply, await consoleFiles.find(name));
    });
  };
}

function send(request: FastifyRequest, reply: FastifyReply, file: ConsoleFile | undefined): FastifyReply {
  if (!file) {
    reply.header('cache-control', 'no-store');
    throw new AppError('not_found', 'The console has no such file.', {
      remedy: 'Load the page again: the console was updated meanwhile.',
    });
  }
  const accepted = String(request.headers['accept-encoding'] ?? '');
  const coding = (['br', 'gzip'] as const).find((name) => new RegExp(`\\b${name}\\b`).test(accepted));
  reply.type(file.type).header('vary', 'accept-encoding');
  if (coding) reply.header('content-encoding', coding);
  return reply.send(coding ? file[coding] : file.plain);
}

/**
 * No inline script or style, nothing of other hosts but the buckets. `blob:` pictures are those that the viewer makes
 * of a result; `data:` are the fonts within the viewer.
 */
function policyOf(bucketOrigins: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    `connect-src 'self' data: blob: ${bucketOrigins.join(' ')}`,
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}
