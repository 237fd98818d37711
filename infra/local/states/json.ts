/** JSON values as they travel through a state machine, and the limits Step Functions puts on them. */
import { StateError } from './errors.ts';

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

/** Largest input or output of a state, in bytes of UTF-8 JSON (Step Functions quota). */
export const MAX_PAYLOAD_BYTES = 262_144;
/** Deeper documents are refused: every walk over a payload is recursive. */
const MAX_DEPTH = 256;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Parses JSON text. Throws SyntaxError for text that is no JSON or that nests deeper than 256 levels. */
export function parseJson(text: string): Json {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (quoted) {
      if (c === 0x5c) i++;
      else if (c === 0x22) quoted = false;
    } else if (c === 0x22) quoted = true;
    else if (c === 0x5b || c === 0x7b) {
      if (++depth > MAX_DEPTH) throw new SyntaxError(`JSON nests deeper than ${MAX_DEPTH} levels`);
    } else if (c === 0x5d || c === 0x7d) depth--;
  }
  return JSON.parse(text) as Json;
}

/** JSON text of a payload. Throws States.DataLimitExceeded (`what` names the culprit) above 262,144 bytes. */
export function toPayload(value: Json, what: string): string {
  const text = JSON.stringify(value);
  if (Buffer.byteLength(text) > MAX_PAYLOAD_BYTES) {
    throw new StateError(
      'States.DataLimitExceeded',
      `The state/task '${what}' returned a result with a size exceeding the maximum number of bytes service limit.`,
    );
  }
  return text;
}
