/** The log of the broker: pino, with everything that could be a secret taken out of every line. */
import { type DestinationStream, destination, type Logger, pino } from 'pino';

const REDACTED = '[redacted]';

/** Names of fields that hold secrets. */
const SECRET_FIELDS =
  'authorization|cookie|set-cookie|x-api-key|password|passwordHash|token|tokenSecret|tokenHash|id_token|access_token|refresh_token|secretAccessKey|sessionToken|externalId|url';

/**
 * What is taken out of every line, at any depth. It works on the finished line: pino's own redaction by
 * paths knows a fixed depth only, and with wildcards costs some 30 microseconds a line, this two.
 */
const SECRETS: [RegExp, string][] = [
  [new RegExp(`"(${SECRET_FIELDS})":"(?:[^"\\\\]|\\\\.)*"`, 'gi'), `"$1":"${REDACTED}"`],
  // The same field inside a text that is itself JSON: its quotes are escaped once, those of its value twice.
  [
    new RegExp(
      `\\\\"(${SECRET_FIELDS})\\\\":\\s*\\\\"(?:[^"\\\\]|\\\\\\\\(?:\\\\.|[^\\\\])|\\\\[^"\\\\])*\\\\"`,
      'gi',
    ),
    `\\"$1\\":\\"${REDACTED}\\"`,
  ],
  // The query of a presigned URL.
  [/\?[^\s"\\]{0,2000}X-Amz-[^\s"\\]*/gi, `?${REDACTED}`],
  [/\bBearer +[\w.~+/=-]+/gi, `Bearer ${REDACTED}`],
  // A JWT, a personal access token or the secret of a webhook, wherever it stands.
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, REDACTED],
  [/\bcmrpat_\w+_[\w-]+/g, REDACTED],
  [/\bwhsec_[\w+/=-]+/g, REDACTED],
];

/** Creates the log. Lines go to stderr by default: stdout is for words to the person who started the broker. */
export function createLog(level: string, stream: DestinationStream = destination(2)): Logger {
  return pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: {
        req: (request: { method?: string }) => ({ method: request.method }),
        res: (response: { statusCode?: number }) => ({ status: response.statusCode }),
        err: plainError,
      },
      hooks: {
        streamWrite: (line) =>
          SECRETS.reduce((text, [pattern, instead]) => text.replace(pattern, instead), line),
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
