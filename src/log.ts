/** The log of the broker: pino, with everything that could be a secret taken out of every line. */
import { type DestinationStream, destination, type Logger, pino } from 'pino';

/** Wherever these names turn up in the fields of a line. */
const SECRET_FIELDS = [
  'authorization',
  'cookie',
  'password',
  'passwordHash',
  'token',
  'tokenSecret',
  'id_token',
  'access_token',
  'refresh_token',
  'secretAccessKey',
  'sessionToken',
  'externalId',
  'url',
];
const REDACTED = '[redacted]';

/** Secrets that reach a line inside a text, for example in the message of an error. */
const SECRET_TEXTS: [RegExp, string][] = [
  // The query of a presigned URL.
  [/\?[^\s"\\]*X-Amz-[^\s"\\]*/gi, `?${REDACTED}`],
  [/\bBearer +[\w.~+/=-]+/gi, `Bearer ${REDACTED}`],
  // A JWT, wherever it stands.
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, REDACTED],
];

/** Creates the log. Lines go to stderr by default: stdout is for words to the person who started the broker. */
export function createLog(level: string, stream: DestinationStream = destination(2)): Logger {
  return pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: REDACTED,
      },
      serializers: {
        req: (request: { method?: string }) => ({ method: request.method }),
        res: (response: { statusCode?: number }) => ({ status: response.statusCode }),
        err: plainError,
      },
      hooks: {
        streamWrite: (line) =>
          SECRET_TEXTS.reduce((text, [pattern, instead]) => text.replace(pattern, instead), line),
      },
    },
    stream,
  );
}

/** Errors of clients carry whole requests; only what names the problem is logged. */
function plainError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  const code = (error as { code?: unknown }).code;
  return { name, code, message, stack, cause: cause === undefined ? undefined : plainError(cause) };
}
