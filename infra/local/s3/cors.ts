/** Cross-origin rules of a bucket: which rule fits a request, and the headers it leads to. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CorsRule } from '../contract.ts';
import { s3Error } from './errors.ts';

const VARY = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method';

/** Whether a text fits a pattern with at most one `*`. */
function fits(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*');
  if (star < 0) return pattern === text;
  const head = pattern.slice(0, star);
  const tail = pattern.slice(star + 1);
  return text.length >= head.length + tail.length && text.startsWith(head) && text.endsWith(tail);
}

function requestedHeaders(request: IncomingMessage): string[] {
  const list = request.headers['access-control-request-headers'] ?? '';
  return list
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter(Boolean);
}

function findRule(
  rules: readonly CorsRule[],
  origin: string,
  method: string,
  headers: readonly string[],
): CorsRule | undefined {
  return rules.find(
    (rule) =>
      rule.AllowedOrigins.some((pattern) => fits(pattern, origin)) &&
      rule.AllowedMethods.includes(method) &&
      headers.every((name) => rule.AllowedHeaders?.some((pattern) => fits(pattern.toLowerCase(), name))),
  );
}

function headersOf(rule: CorsRule, origin: string): Record<string, string> {
  const anyone = rule.AllowedOrigins.includes('*');
  const headers: Record<string, string> = {
    'access-control-allow-origin': anyone ? '*' : origin,
    'access-control-allow-methods': rule.AllowedMethods.join(', '),
    vary: VARY,
  };
  if (!anyone) headers['access-control-allow-credentials'] = 'true';
  if (rule.ExposeHeaders?.length) headers['access-control-expose-headers'] = rule.ExposeHeaders.join(', ');
  if (rule.MaxAgeSeconds !== undefined) headers['access-control-max-age'] = String(rule.MaxAgeSeconds);
  return headers;
}

/** The cross-origin headers for the answer to a request; none without an origin that a rule allows. */
export function corsHeaders(rules: readonly CorsRule[], request: IncomingMessage): Record<string, string> {
  const { origin } = request.headers;
  const rule = origin ? findRule(rules, origin, request.method ?? '', []) : undefined;
  return origin && rule ? headersOf(rule, origin) : {};
}

/** Answers a preflight request. Throws BadRequest without an origin, AccessForbidden when no rule fits. */
export function answerPreflight(
  rules: readonly CorsRule[],
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { origin } = request.headers;
  const method = request.headers['access-control-request-method'];
  if (!origin) throw s3Error('BadRequest', 'Insufficient information. Origin request header needed.');
  if (!method) throw s3Error('BadRequest', 'Invalid Access-Control-Request-Method: null');
  if (!rules.length) {
    throw s3Error('AccessForbidden', 'CORSResponse: CORS is not enabled for this bucket.');
  }
  const headers = requestedHeaders(request);
  const rule = findRule(rules, origin, method, headers);
  if (!rule) throw s3Error('AccessForbidden');
  const allowed = headers.length ? { 'access-control-allow-headers': headers.join(', ') } : {};
  response.writeHead(200, { ...headersOf(rule, origin), ...allowed, 'content-length': 0 });
  response.end();
}
