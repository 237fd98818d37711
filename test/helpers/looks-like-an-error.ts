/** The one shape of every refusal. */
import type { Test } from 'tap';
import { ERRORS, type ErrorCode } from '../../src/errors.ts';
import type { Answer } from './http.ts';

/** Status, code, words and request id of an answer, and nothing of the code inside. */
export function looksLikeAnError(t: Test, answer: Answer, code: ErrorCode): void {
  t.equal(answer.statusCode, ERRORS[code].status, code);
  t.match(answer.headers['content-type'], 'application/json');
  const { message, ...body } = answer.json();
  t.match(body, { code, remedy: /\w+/, requestId: answer.headers['x-request-id'], error: message });
  t.ok(message.length > 0);
  t.notMatch(answer.body, /\bat .*\.ts:\d+|node_modules|"stack"/);
}
